import { AppError, type Json, type ProblemCode, problems } from '../domain/errors.ts';
import { plainLine } from '../domain/width.ts';
import { nextStep, type Typed } from './next-step.ts';
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

/** The lines for stderr: `error[CODE]: Title. detail`, what to do next, the trace to ask about. */
export function failureText(
  failure: Failure,
  look: {
    readonly debug: boolean;
    readonly paint: (text: string) => string;
    readonly typed: Typed;
  },
): string {
  const { title } = problems[failure.code];
  const { detail } = failure;
  const repeats = detail.toLowerCase().startsWith(title.toLowerCase());
  const alone = detail !== '' && (repeats || speaks_for_itself.has(failure.code));
  const sentence = alone ? detail : [title, detail].filter((part) => part !== '').join('. ');
  const lines = [`${look.paint(labelOf(failure.code))}: ${plainLine(sentence)}`];
  lines.push(...issueLines(failure).map(plainLine), ...allowedLines(failure).map(plainLine));
  lines.push(`next: ${plainLine(nextStep(failure, look.typed))}`);
  const trace = textFact(failure, 'request_id');
  if (trace !== null) lines.push(`trace ${plainLine(trace)}`);
  if (look.debug && failure.stack !== '') lines.push(failure.stack);
  return `${lines.join('\n')}\n`;
}

/** The same as a document; stdout in json mode carries exactly one, also on failure. */
export function failureDocument(failure: Failure, typed: Typed): string {
  const { code, detail, exit } = failure;
  const facts = { ...failure.facts, next: nextStep(failure, typed) };
  const { title, status } = problems[code];
  const error = { ...facts, code, title, status, exit, detail };
  return `${JSON.stringify({ ...envelope('Error', []), error })}\n`;
}
