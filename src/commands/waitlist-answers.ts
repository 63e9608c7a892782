import { callOptions, slotFields, withNearestSlot } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, serviceOf } from './lookup.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { entryIdOf, printEntry } from './waitlist.ts';

/** `petpro waitlist offer`, `accept`, `decline` and `remove`. */

const methods = ['cash', 'card_terminal', 'transfer', 'at_clinic'] as const;

async function entryOf(context: Context, args: Args) {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  return { session, clinic, look, entry_id: await entryIdOf(session, clinic, args) };
}

function reasonField(args: Args): { readonly reason?: string } {
  const reason = textOption(args, 'reason');
  return reason === null ? {} : { reason };
}

/** `petpro waitlist offer` */
export async function offerSlot(context: Context, args: Args): Promise<undefined> {
  const { session, clinic, look, entry_id } = await entryOf(context, args);
  const names_slot = textOption(args, 'slot') !== null || textOption(args, 'at') !== null;
  const wish = { entry_id };
  let slot = {};
  if (names_slot) {
    const { service_id } = await session.client.call('get_waitlist_entry', wish);
    slot = await slotFields(session, clinic, serviceOf(clinic, service_id), args);
  }
  const entry = await session.client
    .call('offer_waitlist_slot', { ...wish, ...slot }, callOptions(args))
    .catch((error: unknown) => {
      throw withNearestSlot(error, `waitlist offer ${entry_id} --at`);
    });
  printEntry(context, look, 'Offered', entry);
}

/** `petpro waitlist accept` */
export async function acceptOffer(context: Context, args: Args): Promise<undefined> {
  const { session, look, entry_id } = await entryOf(context, args);
  const pay = textOption(args, 'pay') ?? 'link';
  const payment_method = methods.find((method) => method === pay) ?? 'checkout';
  const wish = { entry_id, payment_method } as const;
  const started = await session.client.call('accept_offer', wish, callOptions(args));
  const booked = started.booking_id !== null;
  printOne(context, {
    kind: 'BookingStarted',
    item: started,
    csv: ['reference_code', 'reservation_id', 'booking_id', 'expires_at', 'payment_url'],
    name: started.reference_code,
    as_of: look.now(),
    lines: [
      [booked ? 'Booked' : 'Held', started.reference_code],
      ['amount', look.money(started.amount, started.currency)],
      ['pay at', started.payment_url ?? ''],
      ['until', booked ? '' : look.moment(started.expires_at)],
    ],
  });
}

/** `petpro waitlist decline` */
export async function declineOffer(context: Context, args: Args): Promise<undefined> {
  const { session, look, entry_id } = await entryOf(context, args);
  const leave = flagOption(args, 'leave');
  const wish = { entry_id, leave, ...reasonField(args) };
  const entry = await session.client.call('decline_offer', wish, callOptions(args));
  printEntry(context, look, 'Declined', entry);
  if (!leave)
    say(context, `It waits on; petpro waitlist remove ${entry_id} takes it off the list.`);
}

/** `petpro waitlist remove` */
export async function removeEntry(context: Context, args: Args): Promise<undefined> {
  const { session, look, entry_id } = await entryOf(context, args);
  const wish = { entry_id, ...reasonField(args) };
  const entry = await session.client.call('leave_waitlist', wish, callOptions(args));
  printEntry(context, look, 'Removed', entry);
}
