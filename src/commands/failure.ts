import { AppError, type Json, type ProblemCode, problems } from '../domain/errors.ts';
import type { Rule } from '../domain/refusal.ts';
import { plainLine } from '../domain/width.ts';
import { envelope } from './output.ts';

/** How a failure is told: a sentence and the next command on stderr, a document on stdout in json mode. */

export type Failure = {
  readonly code: ProblemCode;
  readonly exit: number;
  readonly detail: string;
  readonly facts: Readonly<Record<string, Json>>;
  readonly stack: string;
};

/** Reads any thrown thing. What is not an AppError is a bug of ours: `internal`. */
export function readFailure(error: unknown): Failure {
  if (error instanceof AppError) {
    const { code, detail, facts } = error;
    return { code, exit: problems[code].exit, detail, facts, stack: error.stack ?? '' };
  }
  const detail = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return { code: 'internal', exit: problems.internal.exit, detail, facts: {}, stack };
}

function textFact(failure: Failure, name: string): string | null {
  const value = failure.facts[name];
  return typeof value === 'string' ? value : null;
}

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `errors: [{path, message}]` of a refused input, one line each. */
function issueLines(failure: Failure): readonly string[] {
  const { errors } = failure.facts;
  if (!Array.isArray(errors)) return [];
  const lines = errors
    .filter(isRecord)
    .map((issue) => `${String(issue['path'] ?? '')}: ${String(issue['message'] ?? '')}`);
  // The sentence has told the first one already.
  const is_told = lines.length === 1 && failure.detail.startsWith(lines[0] ?? '');
  return is_told ? [] : lines.map((line) => `  ${line}`);
}

/** The desk's words for what the state allows; other states are said as they are. */
const move_words: Readonly<Record<string, string>> = {
  arrived: 'check-in',
  'in-progress': 'start',
  completed: 'complete',
  confirmed: 'confirm',
  cancelled: 'cancel',
};

/** `allowed`: what can be done with this booking or hold instead. */
function allowedLines(failure: Failure): readonly string[] {
  const { allowed } = failure.facts;
  if (!Array.isArray(allowed)) return [];
  const words = allowed.map((move) => move_words[String(move)] ?? String(move));
  return [`allowed: ${words.length === 0 ? 'nothing, this is its end' : words.join(', ')}`];
}

/** Exit 130 says it all: after Ctrl-C or a "no" nothing is in error. */
const labelOf = (code: ProblemCode) =>
  code === 'cancelled' ? 'cancelled' : `error[${code.toUpperCase()}]`;

/** Their titles only repeat what the code says already. */
const speaks_for_itself: ReadonlySet<ProblemCode> = new Set([
  'invalid_input',
  'input_needed',
  'not_found',
  'unavailable',
  'cancelled',
  // They come with the rule that refused, or with what happened instead.
  'policy_refused',
  'conflict',
]);

/** What helps when the server names nothing better. */
const usual_next: { readonly [code in ProblemCode]?: string } = {
  unauthorized: 'set PETPRO_TOKEN, or PETPRO_TOKEN_FILE',
  rate_limited: 'wait a moment, then run it again',
  internal: 'run it again with --debug',
};

/** The command that helps with a rule that refused; REF stands for the reference in question. */
const next_by_rule: { readonly [rule in Rule]?: string } = {
  booking_final: 'petpro bookings history REF',
  visit_under_way: 'petpro complete REF',
  visit_not_started: 'petpro start REF',
  visit_started: 'petpro no-show REF, or petpro cancel REF --by clinic',
  already_told: 'petpro bookings history REF',
  nothing_to_undo: 'petpro bookings history REF',
  refund_under_way: 'petpro bookings show REF',
  same_slot: 'petpro bookings show REF',
  extended_before: 'petpro hold show REF',
  hold_booked: 'petpro bookings show REF',
};

/** What the owner has then instead is a booking or a hold. */
function nextOfRule(failure: Failure): string | null {
  const rule = textFact(failure, 'rule');
  const reference = textFact(failure, 'reference_code');
  if (rule === null || reference === null) return null;
  const noun = failure.facts['is_booked'] === true ? 'bookings' : 'hold';
  if (rule === 'owner_busy') return `petpro ${noun} show ${reference}`;
  const command = Object.entries(next_by_rule).find(([name]) => name === rule)?.[1];
  return command?.replaceAll('REF', reference) ?? null;
}

/** The lines for stderr: `error[CODE]: Title. detail`, what to do next, the trace to ask about. */
export function failureText(
  failure: Failure,
  look: { readonly debug: boolean; readonly paint: (text: string) => string },
): string {
  const { title } = problems[failure.code];
  const { detail } = failure;
  const repeats = detail.toLowerCase().startsWith(title.toLowerCase());
  const alone = detail !== '' && (repeats || speaks_for_itself.has(failure.code));
  const sentence = alone ? detail : [title, detail].filter((part) => part !== '').join('. ');
  const lines = [`${look.paint(labelOf(failure.code))}: ${plainLine(sentence)}`];
  lines.push(...issueLines(failure).map(plainLine), ...allowedLines(failure).map(plainLine));
  const next = textFact(failure, 'next') ?? nextOfRule(failure) ?? usual_next[failure.code] ?? null;
  if (next !== null) lines.push(`next: ${plainLine(next)}`);
  const trace = textFact(failure, 'request_id');
  if (trace !== null) lines.push(`trace ${plainLine(trace)}`);
  if (look.debug && failure.stack !== '') lines.push(failure.stack);
  return `${lines.join('\n')}\n`;
}

/** The same as a document; stdout in json mode carries exactly one, also on failure. */
export function failureDocument(failure: Failure): string {
  const { code, detail, facts, exit } = failure;
  const { title, status } = problems[code];
  const error = { ...facts, code, title, status, exit, detail };
  return `${JSON.stringify({ ...envelope('Error', []), error })}\n`;
}
