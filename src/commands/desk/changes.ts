import { change, type Desk, type PrintedRow } from './desk.ts';
import { onPrinted, tellConflict } from './failure.ts';
import { type Command, flagText } from './parse.ts';
import { refuse } from './refuse.ts';
import { bookingOf, firstRow, keepRow, timeText, whoOf } from './rows.ts';
import { chooseTime, slotByWhen } from './times.ts';

/** `ca`, `mv` and `pa`: the server says first what it would do, then there is a question. */

function byOf(desk: Desk, command: Command): 'owner' | 'clinic' {
  const by = flagText(command.flags, 'by') ?? 'owner';
  if (by === 'owner' || by === 'clinic') return by;
  throw refuse('invalid_input', desk.words.owner_or_clinic);
}

function reasonField(command: Command): { readonly reason?: string } {
  const reason = flagText(command.flags, 'reason');
  return reason === null ? {} : { reason };
}

const whatOf = (desk: Desk, { row }: PrintedRow) =>
  `${timeText(desk, row.starts_at)} ${whoOf(row, desk.words)}, ${row.service_name}`;

/** A hold is given back, a booking is cancelled. */
async function giveBack(desk: Desk, target: PrintedRow, command: Command): Promise<void> {
  const { words, talk } = desk;
  const reservation_id = target.row.reservation_id ?? '';
  const effect = words.release_effect(whatOf(desk, target));
  await talk.confirm(effect, command.flags['yes'] === true);
  await change(desk, 'cancel_reservation', { reservation_id, ...reasonField(command) });
  talk.say(words.released(whatOf(desk, target)));
}

export async function cancel(desk: Desk, command: Command): Promise<void> {
  const { words, talk, look } = desk;
  const { target } = await firstRow(desk, command.words);
  if (target.row.kind === 'hold') return await giveBack(desk, target, command);
  const { booking_id, expected_version } = bookingOf(desk, target);
  const by = byOf(desk, command);
  const request = { booking_id, by, ...reasonField(command) };
  const quote = await desk.session.client.call('cancel_booking', { ...request, quote: true });
  if (quote.version !== expected_version) throw await tellConflict(desk, target);
  const money = look.money(quote.refund_amount, quote.currency);
  const effect = words.cancel_effect(whatOf(desk, target), money, quote.refund_percent, by);
  await talk.confirm(effect, command.flags['yes'] === true);
  const done = await onPrinted(desk, target, () =>
    change(desk, 'cancel_booking', { ...request, expected_version }),
  );
  keepRow(desk, { ...target.row, status: done.status, version: done.version });
  const refund = look.money(done.refund_amount, done.currency);
  const until = done.undo_until == null ? null : timeText(desk, done.undo_until);
  talk.say(words.cancelled(whatOf(desk, target), refund, until));
}

export async function reschedule(desk: Desk, command: Command): Promise<void> {
  const { words, talk, look, clinic, session } = desk;
  const { target, rest } = await firstRow(desk, command.words);
  const { booking_id, expected_version } = bookingOf(desk, target);
  const service = clinic.services.find((one) => one.service_id === target.row.service_id);
  if (service === undefined) throw refuse('not_found', words.service_gone);
  const when = flagText(command.flags, 'to') ?? (rest.length === 0 ? null : rest.join(' '));
  const vet = flagText(command.flags, 'vet');
  const slot =
    (await slotByWhen(desk, service, when, vet)) ??
    (await chooseTime(desk, service, { when, vet, flag: '--to "fri 11:15"' }));
  const by = byOf(desk, command);
  const request = { booking_id, slot_id: slot.slot_id, by, ...reasonField(command) };
  const quote = await session.client.call('reschedule_booking', { ...request, quote: true });
  if (quote.version !== expected_version) throw await tellConflict(desk, target);
  const money = (amount: string) => look.money(amount, quote.currency);
  const effect = words.move_effect({
    what: whatOf(desk, target),
    to: look.moment(quote.starts_at),
    vet: slot.staff_name,
    price: money(quote.amount),
    back: Number(quote.refund_amount) > 0 ? money(quote.refund_amount) : null,
    due: Number(quote.due_amount) > 0 ? money(quote.due_amount) : null,
  });
  await talk.confirm(effect, command.flags['yes'] === true);
  const done = await onPrinted(desk, target, () =>
    change(desk, 'reschedule_booking', { ...request, expected_version }),
  );
  // The row is of another time now; a number must not reach it by its old one.
  keepRow(desk, { ...target.row, version: done.version });
  talk.say(words.moved_to(whoOf(target.row, words), look.moment(done.starts_at)));
}

const methods = ['cash', 'card_terminal', 'transfer'] as const;
type Method = (typeof methods)[number];

/** `cash`, `card`, or in full as the command line has them. */
function methodOf(desk: Desk, text: string): Method {
  const found = methods.find((one) => one.startsWith(text.toLowerCase()));
  if (found !== undefined && text !== '') return found;
  throw refuse('invalid_input', desk.words.no_method(text, methods.join(', ')));
}

async function askMethod(desk: Desk, head: string): Promise<Method> {
  const { talk, words } = desk;
  const textOf = (one: Method) => words.methods[one];
  // Nothing is taken by a mere Enter: money that nobody counted is the worst kind.
  const choice = await talk.choose({
    head,
    items: methods,
    textOf,
    fallback: null,
    flag: '--method cash',
  });
  return choice.kind === 'item' ? choice.item : methodOf(desk, choice.text);
}

/** `pa 6`, `pa 6 cash`, `pa 6 cash 100000`. A hold is paid whole and becomes a booking. */
export async function pay(desk: Desk, command: Command): Promise<void> {
  const { words, talk, look, session } = desk;
  const { target, rest } = await firstRow(desk, command.words);
  const [typed_method, typed_amount] = rest;
  const said = flagText(command.flags, 'method') ?? typed_method ?? null;
  const amount = flagText(command.flags, 'amount') ?? typed_amount ?? null;
  const given = said === null ? null : methodOf(desk, said);
  const { row } = target;
  if (row.kind === 'hold' && row.reservation_id !== null) {
    if (amount !== null) throw refuse('policy_refused', words.hold_paid_whole);
    const whole = look.money(row.amount, row.currency);
    const payment_method =
      given ?? (await askMethod(desk, words.pay_head(whatOf(desk, target), whole)));
    const { reservation_id } = row;
    const done = await change(desk, 'confirm_reservation', { reservation_id, payment_method });
    talk.say(
      words.booked(done.reference_code, whatOf(desk, target), words.methods[payment_method]),
    );
    return;
  }
  const { booking_id, expected_version } = bookingOf(desk, target);
  const booking = await session.client.call('get_booking', { booking_id });
  if (booking.version !== expected_version) throw await tellConflict(desk, target);
  const rest_amount = booking.money?.amount_rest ?? booking.amount;
  if (Number(rest_amount) <= 0) throw refuse('policy_refused', words.nothing_due);
  const to_take = amount === null ? rest_amount : plainAmount(desk, amount);
  const head = words.pay_head(whatOf(desk, target), look.money(to_take, booking.currency));
  const payment_method = given ?? (await askMethod(desk, head));
  const paid = await onPrinted(desk, target, () =>
    change(desk, 'pay_booking', {
      booking_id,
      payment_method,
      expected_version,
      ...(amount === null ? {} : { amount: to_take }),
    }),
  );
  const is_paid = Number(paid.amount_rest) <= 0;
  const payment_state = is_paid ? ('paid' as const) : row.payment_state;
  keepRow(desk, { ...row, version: paid.version, payment_state });
  if (paid.already_paid) return talk.say(words.paid_before);
  const taken = look.money(paid.amount, paid.currency);
  const left = is_paid ? null : look.money(paid.amount_rest, paid.currency);
  talk.say(words.paid(whoOf(row, words), taken, words.methods[payment_method], left));
}

/** `100.000` and `100,000` are thousands at a desk; more than that is the API's to judge. */
function plainAmount(desk: Desk, text: string): string {
  const plain = text.replace(/[.,](?=\d{3}(\D|$))/g, '');
  if (/^\d{1,12}([.]\d{1,3})?$/.test(plain) && Number(plain) > 0) return plain;
  throw refuse('invalid_input', desk.words.no_amount(text));
}
