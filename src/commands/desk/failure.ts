import { type DeskVerb, desk_words } from '../../domain/desk-words.ts';
import { AppError, problems } from '../../domain/errors.ts';
import { readFailure } from '../failure.ts';
import type { Desk, PrintedRow } from './desk.ts';
import { bookingOf, keepRow, rowLine, rowOfBooking, serverNow, stateOf, timeText } from './rows.ts';

/** What went wrong, in one sentence, and what can be typed next. Facts become words of the desk here. */

export type Told = {
  readonly code: string;
  readonly exit: number;
  readonly sentence: string;
  readonly next: string | null;
};

/** The desk's word for what the server says is possible instead. */
const verb_of_move: Readonly<Record<string, DeskVerb>> = {
  arrived: 'check-in',
  'in-progress': 'start',
  completed: 'complete',
  'no-show': 'no-show',
  cancelled: 'cancel',
};

function possible(desk: Desk, error: AppError): string | null {
  const { allowed } = error.facts;
  if (!Array.isArray(allowed) || allowed.length === 0) return null;
  const verbs = allowed.flatMap((move) => verb_of_move[String(move)] ?? []);
  if (verbs.length === 0) return null;
  return desk.words.possible(
    verbs.map((verb) => `${desk_words[verb].short[0]} ${verb}`).join(', '),
  );
}

/** English detail comes from the server; other languages have the rule or the code in their own words. */
function sentenceOf(desk: Desk, error: AppError): string {
  const { words, lang } = desk;
  const { code, detail, facts } = error;
  if (code === 'cancelled' || code === 'input_needed') return detail;
  if (code === 'unavailable') {
    const since = timeText(desk, serverNow(desk));
    return facts['is_unsure'] === true ? words.unsure(since) : words.no_answer(since);
  }
  const rule = typeof facts['rule'] === 'string' ? words.rules[facts['rule']] : undefined;
  const from = facts['check_in_from'] ?? facts['no_show_from'];
  if (lang !== 'en' && rule !== undefined) {
    const time = typeof from === 'string' ? momentText(desk, from) : '';
    return rule(String(facts['reference_code'] ?? ''), time);
  }
  // Sentences of this mode itself are in the right language already.
  if (lang === 'en' || facts['is_own'] === true)
    return detail === '' ? problems[code].title : detail;
  const { candidates } = facts;
  const names = Array.isArray(candidates) ? words.candidates(candidates.join(', ')) : null;
  return [words.problems[code] ?? detail, names].filter((part) => part !== null).join(' ');
}

/** RFC 3339 becomes the clinic's clock; other texts of the server stay as they are. */
function momentText(desk: Desk, text: string): string {
  try {
    return desk.look.moment(text);
  } catch (error) {
    if (error instanceof RangeError) return text;
    throw error;
  }
}

function nextOf(desk: Desk, error: AppError): string | null {
  const { words } = desk;
  switch (error.code) {
    case 'cancelled':
    case 'input_needed':
      return null;
    case 'unavailable':
      return words.next_unavailable;
    case 'conflict':
    case 'slot_taken':
    case 'slot_locked':
      return words.next_conflict;
    case 'unauthorized':
      return words.next_login;
    case 'forbidden':
      return words.next_forbidden(desk.role);
    case 'reservation_expired':
      return words.next_expired;
    case 'policy_refused':
      return possible(desk, error);
    case 'internal':
      return words.next_internal(String(error.facts['request_id'] ?? '-'));
    default:
      return error.facts['is_own'] === true ? null : words.next_help;
  }
}

/** A failure in the words of the desk. */
export function tellOf(desk: Desk, error: unknown): Told {
  const { code, exit, detail } = readFailure(error);
  if (!(error instanceof AppError)) return { code, exit, sentence: detail, next: null };
  return { code, exit, sentence: sentenceOf(desk, error), next: nextOf(desk, error) };
}

/** Seconds, minutes or the time of day since somebody changed something. */
function agoText(desk: Desk, at: string): string {
  const seconds = Math.max(
    0,
    Math.round(Temporal.Instant.from(at).until(serverNow(desk)).total('seconds')),
  );
  return seconds < 120 ? desk.words.seconds_ago(seconds) : desk.words.at_time(timeText(desk, at));
}

/**
 * Somebody was faster: says who did what, shows the row as it is now and keeps it, so that the same line once more
 * acts on what has been read.
 */
export async function tellConflict(desk: Desk, printed: PrintedRow): Promise<AppError> {
  const { words, talk } = desk;
  const { booking_id } = bookingOf(desk, printed);
  const booking = await desk.session.client.call('get_booking', { booking_id });
  const newest = booking.history.toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  const row = rowOfBooking(booking, printed.row);
  keepRow(desk, row);
  const state = words.states[stateOf(row, serverNow(desk).epochMilliseconds)];
  const who = newest?.performed_by_name ?? newest?.source ?? words.somebody;
  const ago = newest === undefined ? '' : agoText(desk, newest.at);
  talk.remark(rowLine(desk, { ...printed, row }));
  const text = words.changed_by(who, state, ago);
  return new AppError('conflict', text, { is_own: true, booking_id });
}

/** Does it on the version that was printed; when that has moved, says who moved it. */
export async function onPrinted<T>(
  desk: Desk,
  printed: PrintedRow,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error;
    throw await tellConflict(desk, printed);
  }
}
