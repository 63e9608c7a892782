import type { Door } from './door.ts';
import * as ledger from './ledger.ts';
import type { HoldModel, Model, PaymentModel } from './model.ts';
import type { RefundDoor } from './refund-door.ts';
import type { Step, Told } from './steps.ts';
import * as visit from './visit.ts';

/** Steps of bookings that move, and of money that is paid at the desk or goes back. */
export const money_kinds = {
  reschedule: 14,
  pay_desk: 10,
  undo: 8,
  end_grace: 3,
  dispatch: 3,
  begin: 1,
  ask_refund: 7,
  decide_refund: 4,
  complete_refund: 4,
  retry_refund: 4,
  bank_news: 5,
  dashboard: 4,
  dispute: 2,
  recount: 3,
} as const;

export type MoneyContext = {
  readonly model: Model;
  readonly door: Door;
  readonly refunds: RefundDoor;
  /** The number of the step: unique in its walk. */
  readonly at: number;
  readonly some: (n: number, wanted: (hold: HoldModel) => boolean) => HoldModel | undefined;
};

const of = <T>(things: readonly T[], n: number): T | undefined => things[n % things.length];
const hasBooking = ({ booking }: HoldModel) => booking !== null;

async function reschedule({ model, door, at, some }: MoneyContext, { a, b, c }: Step) {
  const hold = some(a, ({ booking }) => booking?.status === 'confirmed') ?? some(a, hasBooking);
  const siblings = model.slots.filter(({ service_id }) => service_id === hold?.slot.service_id);
  // Now and then a slot of anything.
  const to = of(c % 11 === 0 ? model.slots : siblings, c);
  if (!hold || !to) return null;
  const version = c % 7 === 0 ? 1 : null;
  const by = b % 3 === 0 ? 'clinic' : 'owner';
  const wish = { by, quote: b % 5 === 0, version, to } as const;
  const allowed = visit.reschedule(model, hold, { ...wish, at }, door.level);
  return { allowed, said: await door.reschedule(hold, wish) };
}

async function payDesk({ door, at, some }: MoneyContext, { a, b, c }: Step) {
  const hold = some(a, hasBooking);
  if (!hold?.booking) return null;
  const rest = hold.booking.amount - ledger.paidOf(hold);
  // All of it, a part, a part of one's own hundredths (so that no two are alike), or too much.
  const part = Math.floor(rest / 3) + at;
  const amount = of([null, part, part, rest + at, 0], b) ?? null;
  const version = c % 5 === 0 ? null : hold.booking.version;
  const wish = { amount, version };
  const said = await door.payDesk(hold, wish);
  return { allowed: [visit.payDesk(hold, wish, at)], said };
}

async function undo({ model, door, some }: MoneyContext, { a, b }: Step) {
  const wanted = b % 4 === 0 ? hasBooking : ({ booking }: HoldModel) => Boolean(booking?.last);
  const hold = some(a, wanted);
  if (!hold) return null;
  return { allowed: [visit.undo(model, hold)], said: await door.undo(hold) };
}

async function askRefund({ refunds, at, some }: MoneyContext, { a, b, c }: Step) {
  const hold = some(a, (one) => hasBooking(one) && ledger.receivedOf(one).length > 0);
  if (!hold) return null;
  const left = ledger.refundableOf(hold);
  const paid = ledger.receivedOf(hold);
  const most_first = paid.toSorted((one, two) => ledger.leftOf(two) - ledger.leftOf(one));
  const rests = paid.map((payment) => ledger.leftOf(payment));
  // Which of two payments with as much left comes first is the engine's to choose.
  const is_tied = new Set(rests).size < rests.length;
  const amount =
    b % 3 === 0 || is_tied ? null : (of([Math.ceil(left / 3), left, left + 1], b) ?? null);
  const needs_decision = c % 3 === 0;
  const said = await refunds.ask(hold, amount, needs_decision);
  const wanted = amount ?? left;
  if (wanted <= 0 || wanted > left) return { allowed: ['policy_refused'], said };
  const decision = needs_decision ? 'awaiting' : 'granted';
  ledger.giveOff(most_first, wanted, { decision, born: at });
  return { allowed: ['ok'], said };
}

/** A refund that the step can say something about, its hold, and its place among the hold's. */
function someRefund(
  { some }: MoneyContext,
  { a, c }: Step,
  wanted: (refund: ledger.Owed) => boolean,
) {
  const hold = some(a, (one) => ledger.refundsOf(one).some(wanted));
  if (!hold) return null;
  const all = ledger.refundsOf(hold);
  const owed = of(all.filter(wanted), c);
  return owed ? { hold, n: all.indexOf(owed), ...owed } : null;
}

async function ofRefund(context: MoneyContext, step: Step): Promise<Told | null> {
  const { kind, b } = step;
  const { refunds, at } = context;
  const wishes: Readonly<Record<string, (owed: ledger.Owed) => boolean>> = {
    decide_refund: ({ refund }) => refund.decision === 'awaiting' || b % 5 === 0,
    complete_refund: ({ refund }) => refund.status === 'failed' || b % 5 === 0,
    retry_refund: ({ refund }) => refund.status === 'failed' || b % 7 === 0,
    bank_news: ({ refund }) =>
      refund.reference !== null && refund.origin === 'ours' && refund.status !== 'failed',
  };
  const found = someRefund(context, step, wishes[kind] ?? (() => true));
  if (!found) return null;
  const { hold, payment, refund, n } = found;
  if (kind === 'decide_refund') {
    const said = await refunds.decide(hold, n, b % 2 === 0);
    return { allowed: [ledger.decide(refund, b % 2 === 0)], said };
  }
  if (kind === 'complete_refund') {
    const said = await refunds.complete(hold, n);
    return { allowed: [ledger.complete(payment, refund)], said };
  }
  if (kind === 'retry_refund') {
    const said = await refunds.retry(hold, n);
    return { allowed: [ledger.retry(payment, refund)], said };
  }
  const status = b % 2 === 0 ? 'completed' : 'failed';
  const said = await refunds.bankSays(hold, n, { event_id: `bank_${at}`, status });
  return { allowed: [ledger.bankSays(payment, refund, status)], said };
}

/** The provider gave money back without being asked by us. */
async function gone(context: MoneyContext, { kind, a, b, c }: Step): Promise<Told | null> {
  const { refunds, at, some } = context;
  const isPaid = (payment: PaymentModel) =>
    !payment.is_desk && ledger.isReceived(payment) && payment.amount > 0;
  const hold = some(a, ({ payments }) => payments.some(isPaid));
  const payment = of(hold?.payments.filter(isPaid) ?? [], c);
  if (!payment) return null;
  const amount = b % 3 === 0 ? payment.amount : Math.ceil(payment.amount / (2 + (b % 3)));
  const origin = kind === 'dispute' ? 'dispute' : 'dashboard';
  const status = origin === 'dashboard' && b % 2 === 0 ? 'processing' : 'completed';
  const reference = `${origin}_${at}`;
  const news = { event_id: `evt_${reference}`, reference, amount, status } as const;
  const said = await refunds.gone(payment, origin, news);
  const fits = ledger.goneElsewhere(payment, amount, { origin, reference }, status);
  const recorded = origin === 'dispute' ? 'dispute_recorded' : 'refund_recorded';
  return { allowed: [fits ? recorded : 'unknown_money'], said };
}

async function recount({ model, refunds }: MoneyContext, { a, b }: Step): Promise<Told | null> {
  const slot = of(model.slots, a);
  if (!slot) return null;
  const booked = model.holds
    .filter((hold) => hold.slot === slot && hold.booking && hold.booking.status !== 'cancelled')
    .reduce((sum, { quantity }) => sum + quantity, 0);
  const wrong = booked === 0 ? 1 : -1;
  const by = b % 2 === 0 ? wrong : 0;
  return { allowed: [by === 0 ? 'already_done' : 'ok'], said: await refunds.recount(slot, by) };
}

/** The appointment's time comes, where no vet and no room have to come along. */
async function begin({ model, refunds }: MoneyContext, { a }: Step): Promise<null> {
  const open = model.slots.filter((one) => one.staff === null && one.room === null && one.from > 0);
  const slot = of(open, a);
  if (!slot) return null;
  // Each at a time of its own, an hour and more ago.
  const minutes_ago = 90 + model.slots.indexOf(slot) * 60;
  await refunds.begin(slot, minutes_ago);
  slot.to += -minutes_ago - slot.from;
  slot.from = -minutes_ago;
  return null;
}

/** Undefined when the step is none of these. */
export async function moneyStep(
  context: MoneyContext,
  step: Step,
): Promise<Told | null | undefined> {
  const { model, refunds, some } = context;
  switch (step.kind) {
    case 'reschedule':
      return await reschedule(context, step);
    case 'pay_desk':
      return await payDesk(context, step);
    case 'undo':
      return await undo(context, step);
    case 'ask_refund':
      return await askRefund(context, step);
    case 'decide_refund':
    case 'complete_refund':
    case 'retry_refund':
    case 'bank_news':
      return await ofRefund(context, step);
    case 'dashboard':
    case 'dispute':
      return await gone(context, step);
    case 'recount':
      return await recount(context, step);
    case 'begin':
      return await begin(context, step);
    case 'end_grace': {
      const hold = some(step.a, ({ booking }) => Boolean(booking?.last));
      if (!hold) return null;
      await refunds.endGrace(hold);
      visit.endGrace(hold);
      return null;
    }
    case 'dispatch':
      await refunds.dispatch();
      visit.dispatch(model);
      return null;
    default:
      return undefined;
  }
}
