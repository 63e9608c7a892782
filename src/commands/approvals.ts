import type { Output } from '../domain/shapes.ts';
import { bookingRef, callOptions } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, type Run, textOption } from './spec.ts';

type Approval = Output<'decide_approval'>;

const EXIT_PENDING = 8;

const csv = [
  'reference_code',
  'status',
  'approval',
  'authorisation',
  'owner_name',
  'pet_name',
  'service_name',
  'staff_name',
  'starts_at',
  'quantity',
  'amount',
  'currency',
  'asked_at',
  'expires_at',
  'booking_id',
  'error',
  'reservation_id',
];

/** What somebody who looks at the list has to do about a row; nothing while it is being done. */
function stateOf({ approval, authorisation, error }: Approval): string {
  if (approval === 'awaiting') return 'waits';
  if (authorisation === 'capturing') return error === null ? 'fetching money' : 'trying again';
  return approval;
}

/** `petpro approvals list` */
export async function listApprovals(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_approvals', {
    clinic_id: clinic.clinic_id,
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'ApprovalList',
    items: page.items,
    columns: [
      { head: 'ANSWER BY', text: (one) => look.moment(one.expires_at), whole: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
      { head: 'VISIT', text: (one) => look.moment(one.starts_at), whole: true },
      { head: 'FOR', text: (one) => `${one.pet_name}, ${one.owner_name}` },
      { head: 'SERVICE', text: (one) => one.service_name },
      { head: 'VET', text: (one) => one.staff_name ?? '' },
      { head: 'AMOUNT', text: (one) => look.money(one.amount, one.currency), right: true },
      { head: 'STATE', text: stateOf },
      { head: 'ERROR', text: (one) => one.error ?? '', wide: true },
    ],
    csv,
    name: (one) => one.reference_code,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'No request waits.',
  });
}

/** One answer; exit 8 while the money is still to be fetched. */
function answer(decision: 'approved' | 'rejected', verb: string): Run {
  return async (context, args) => {
    const session = openSession(context);
    const reason = textOption(args, 'reason');
    const wish = {
      reservation_id: bookingRef(args),
      decision,
      ...(reason === null ? {} : { reason }),
    };
    const done = await session.client.call('decide_approval', wish, callOptions(args));
    const clinic = await session.client.call('get_clinic', { clinic_id: done.clinic_id });
    const look = lookOf(context, clinic);
    const is_pending = decision === 'approved' && done.booking_id === null;
    const card =
      done.authorisation === null
        ? ''
        : decision === 'rejected'
          ? 'let go; nothing was charged'
          : `${look.money(done.amount, done.currency)} ${is_pending ? 'to be fetched' : 'paid'}`;
    printOne(context, {
      kind: 'Approval',
      item: done,
      csv,
      name: done.reference_code,
      as_of: look.now(),
      lines: [
        [is_pending ? 'Granted' : verb, done.reference_code],
        ['for', `${done.pet_name}, ${done.owner_name}: ${done.service_name}`],
        ['visit', look.moment(done.starts_at)],
        ['card', card],
        ['error', done.error ?? ''],
      ],
    });
    if (!is_pending) return 0;
    say(context, 'The place is kept. The booking is made as soon as the provider answers.');
    return EXIT_PENDING;
  };
}

export const approve = answer('approved', 'Booked');
export const reject = answer('rejected', 'Rejected');
