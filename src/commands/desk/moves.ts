import { allowedMoves, type DeskMove } from '../../domain/booking.ts';
import { AppError } from '../../domain/errors.ts';
import { change, type Desk, type PrintedRow } from './desk.ts';
import { onPrinted, tellOf } from './failure.ts';
import { type Command, expandTargets, flagText } from './parse.ts';
import { refuse } from './refuse.ts';
import {
  bookingOf,
  keepRow,
  rowLine,
  rowOf,
  rowOfBooking,
  serverNow,
  stateOf,
  timeText,
  whoOf,
} from './rows.ts';

/** `ci`, `in`, `co`, `ns` and `un`: done at once, because they can be taken back. */

const status_of = {
  'check-in': 'arrived',
  start: 'in-progress',
  complete: 'completed',
  'no-show': 'no-show',
} as const satisfies Readonly<Record<string, DeskMove>>;
export type MoveVerb = keyof typeof status_of;

/** From here on the count is typed. ux §2, danger tiers. */
const TYPED_FROM = 21;
const SAMPLE = 3;

/** Rows differ only by number where a reference is all that is known. */
const nameOf = (desk: Desk, { number, row }: PrintedRow) =>
  number === null ? whoOf(row, desk.words) : `${number} ${whoOf(row, desk.words)}`;

/** What the printed row does not allow is refused with what it does. */
function refuseIllegal(desk: Desk, verb: MoveVerb, target: PrintedRow, before: string): void {
  const { status, arrived_at } = target.row;
  if (status === null) return;
  const moves = allowedMoves(status).filter((one) => one !== 'arrived' || arrived_at === null);
  if (moves.includes(status_of[verb])) return;
  const text = desk.words.not_possible(nameOf(desk, target), before);
  throw new AppError('policy_refused', text, { is_own: true, allowed: [...moves] });
}

async function moveOne(desk: Desk, verb: MoveVerb, target: PrintedRow): Promise<void> {
  const { words, talk } = desk;
  const { booking_id, expected_version } = bookingOf(desk, target);
  const before = words.states[stateOf(target.row, serverNow(desk).epochMilliseconds)];
  refuseIllegal(desk, verb, target, before);
  const request = { booking_id, status: status_of[verb], expected_version };
  const booking = await onPrinted(desk, target, () => change(desk, 'set_booking_status', request));
  const row = rowOfBooking(booking, target.row);
  keepRow(desk, row);
  const state = words.moved[status_of[verb]];
  talk.say(words.done_move(nameOf(desk, { ...target, row }), state, before));
  // What the desk must not forget while the person still stands there.
  if (verb === 'complete' && booking.payment_state === 'due') {
    talk.say(words.still_due(desk.look.money(booking.amount, booking.currency)));
  }
}

/** Many rows: what is meant is counted and shown first; each has its own sentence. */
async function moveMany(
  desk: Desk,
  verb: MoveVerb,
  targets: readonly PrintedRow[],
  command: Command,
): Promise<void> {
  const { words, talk } = desk;
  const count = targets.length;
  for (const target of targets.slice(0, SAMPLE)) talk.remark(rowLine(desk, target));
  if (count > SAMPLE) talk.remark(words.and_more(count - SAMPLE));
  const effect = words.bulk(count, words.moved[status_of[verb]]);
  if (count < TYPED_FROM) await talk.confirm(effect, command.flags['yes'] === true);
  else await talk.confirmWord(effect, String(count), flagText(command.flags, 'confirm'));
  let failed = 0;
  for (const target of targets) {
    try {
      await moveOne(desk, verb, target);
    } catch (error) {
      if (error instanceof AppError && error.code === 'unavailable') throw error;
      failed += 1;
      talk.remark(`${nameOf(desk, target)}: ${tellOf(desk, error).sentence}`);
    }
  }
  if (failed === 0) return;
  const text = words.bulk_partial(count - failed, failed);
  throw new AppError(failed === count ? 'policy_refused' : 'partial', text, { is_own: true });
}

/** A ticket of a venue is admitted by what its code says. */
async function admit(desk: Desk, code: string): Promise<void> {
  const { words, talk, clinic } = desk;
  const booking = await change(desk, 'check_in', { code, clinic_id: clinic.clinic_id });
  const seats = (booking.seat_names ?? booking.seats).join(', ');
  talk.say(words.admitted(whoOf(booking, words), seats, booking.seats_left));
}

export async function move(desk: Desk, command: Command): Promise<void> {
  const { words } = desk;
  const [first] = command.words;
  const verb = Object.keys(status_of).find((name): name is MoveVerb => name === command.verb);
  if (verb === undefined) return;
  if (first === undefined) throw refuse('invalid_input', words.which_row);
  if (verb === 'check-in' && /^PT\d+\./.test(first)) return await admit(desk, first);
  const names = expandTargets(command.words);
  if (names === null) throw refuse('invalid_input', words.no_row_word(command.words.join(' ')));
  const targets: PrintedRow[] = [];
  for (const name of names) targets.push(await rowOf(desk, name));
  const [only] = targets;
  if (only !== undefined && targets.length === 1) await moveOne(desk, verb, only);
  else await moveMany(desk, verb, targets, command);
}

/** `un`: the last act of this person, or that of a row. */
export async function undo(desk: Desk, command: Command): Promise<void> {
  const { words, talk, session } = desk;
  const [first] = command.words;
  let target: { readonly booking_id: string; readonly expected_version: number };
  if (first === undefined) {
    const { items } = await session.client.call('list_undoable', {});
    const [newest] = items;
    if (newest === undefined) throw refuse('not_found', words.nothing_to_undo);
    target = { booking_id: newest.booking_id, expected_version: newest.version };
  } else {
    const [name] = expandTargets([first]) ?? [];
    if (name === undefined) throw refuse('invalid_input', words.no_row_word(first));
    target = bookingOf(desk, await rowOf(desk, name));
  }
  const booking = await change(desk, 'undo_booking', target);
  const row = rowOfBooking(booking, null);
  keepRow(desk, row);
  const time = timeText(desk, booking.starts_at);
  const state = words.states[stateOf(row, serverNow(desk).epochMilliseconds)];
  talk.say(words.undone(words.undo_words[booking.undone], time, whoOf(booking, words), state));
}
