import { AppError, isProblemCode } from '../domain/errors.ts';
import { firstWord, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { printOne } from './output.ts';
import { openSession, readDemo, type Session } from './session.ts';
import { type Args, textOption } from './spec.ts';
import { durationOf, wait } from './watch.ts';

const WAIT_DEFAULT = '10s';
const POLL_MS = 150;
const EXIT_PENDING = 8;

type Fields = Readonly<Record<string, unknown>>;

async function playCustomer(context: Context, stripe_url: string, body: Fields): Promise<Fields> {
  const signal = AbortSignal.any([AbortSignal.timeout(context.config.timeout_ms), context.signal]);
  const response = await fetch(`${stripe_url}/sandbox/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  }).catch((error: unknown) => {
    const detail = `The payment sandbox at ${stripe_url} does not answer.`;
    throw new AppError('unavailable', detail, { next: 'petpro demo status' }, { cause: error });
  });
  const answer: unknown = await response.json();
  const fields: Fields = typeof answer === 'object' && answer !== null ? { ...answer } : {};
  if (response.ok) return fields;
  const nested = fields['error'];
  const problem: Fields = typeof nested === 'object' && nested !== null ? { ...nested } : fields;
  const code = String(problem['code'] ?? '');
  const said = problem['detail'] ?? problem['message'] ?? response.status;
  const known = isProblemCode(code)
    ? code
    : response.status === 404
      ? 'not_found'
      : 'policy_refused';
  throw new AppError(known, String(said));
}

/** Asks until the booking is there or the time is over; false when it never came. */
async function isBooked(context: Context, session: Session, ref: string, wait_ms: number) {
  const ends_at = performance.now() + wait_ms;
  do {
    try {
      await session.client.call('get_booking', { booking_id: ref });
      return true;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    }
    await wait(POLL_MS, context.signal);
  } while (performance.now() < ends_at && !context.signal.aborted);
  return false;
}

/** `petpro demo pay`: presses a button of the payment page, then waits for what the webhook brings about. */
export async function payDemo(context: Context, args: Args): Promise<number> {
  const demo = readDemo(context.config);
  if (demo?.stripe_url == null) {
    throw new AppError('unavailable', 'No demo with a payment sandbox runs here.', {
      next: 'petpro demo up',
    });
  }
  const reference_code = referenceOf(firstWord(args));
  const outcome = textOption(args, 'outcome') ?? 'success';
  const delay = textOption(args, 'delay');
  const wait_ms = durationOf('--wait', textOption(args, 'wait') ?? WAIT_DEFAULT);
  const paid = await playCustomer(context, demo.stripe_url, {
    ref: reference_code,
    outcome,
    ...(delay === null ? {} : { delay_ms: durationOf('--delay', delay) }),
  });
  const is_reference = /^BP\d{8}$/.test(reference_code);
  const waits = wait_ms > 0 && is_reference && outcome !== 'decline';
  if (waits) say(context, `${outcome}: waiting for the booking`);
  const confirmed =
    waits && (await isBooked(context, openSession(context), reference_code, wait_ms));
  printOne(context, {
    kind: 'DemoPayment',
    item: { reference_code, ...paid, confirmed },
    csv: ['reference_code', 'outcome', 'payment_status', 'session_id', 'confirmed', 'settles_at'],
    name: reference_code,
    lines: [
      ['Payment', `${reference_code} ${outcome}`],
      ['session', `${String(paid['session_id'] ?? '')} ${String(paid['payment_status'] ?? '')}`],
      ['settles', typeof paid['settles_at'] === 'string' ? paid['settles_at'] : ''],
      ['booking', confirmed ? 'confirmed' : waits ? `not confirmed within ${wait_ms} ms` : ''],
    ],
  });
  return waits && !confirmed ? EXIT_PENDING : 0;
}
