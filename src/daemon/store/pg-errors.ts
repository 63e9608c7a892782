import { AppError, type ProblemCode } from '../../domain/errors.ts';

/** Worth one more try when the unit may run twice: serialization, deadlock, a connection lost. */
const transient_codes: ReadonlySet<string> = new Set([
  '40001',
  '40P01',
  '57P01',
  '57P02',
  '57P03',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNRESET',
]);

/** Codes that mean "the database does not answer now", as opposed to "it said no". */
const unavailable_code =
  /^(57P0[1-5]|08\w{3}|53\w{3}|57014|55P03|40001|40P01|25P0[23]|CONNECTION_\w+|CONNECT_TIMEOUT|E(CONNREFUSED|CONNRESET|PIPE|HOSTUNREACH|NOTFOUND|TIMEDOUT)|EAI_AGAIN)$/;

/** By constraint NAME, never by message text. Unlisted ones are bugs and stay what they are. */
const constraint_codes: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  slot_claims_pkey: ['slot_taken', 'The seat is taken.'],
  staff_claims_no_overlap: ['slot_taken', 'The staff member is busy at that time.'],
  room_claims_no_overlap: ['slot_taken', 'The room is in use at that time.'],
  reservations_pkey: ['conflict', 'This reservation exists already.'],
  reservations_idempotency: ['conflict', 'This request is being answered already.'],
  payments_session_unique: ['conflict', 'This payment session is known already.'],
  payments_one_success: ['conflict', 'This reservation is paid already.'],
  payments_refund_ceiling: ['policy_refused', 'A refund cannot exceed the payment.'],
  bookings_reservation_unique: ['conflict', 'This reservation is booked already.'],
  reviews_booking_unique: ['conflict', 'This booking has a review already.'],
  clinics_code_unique: ['conflict', 'Another clinic has this code.'],
  api_keys_prefix_unique: ['conflict', 'A key with this prefix exists.'],
  slots_booked_count_range: ['conflict', 'More seats are booked than the slot would have.'],
  audit_log_append_only: ['policy_refused', 'The audit log cannot be changed.'],
};

function field(error: unknown, name: 'code' | 'constraint_name'): string | null {
  if (typeof error !== 'object' || error === null || !(name in error)) return null;
  const value = Reflect.get(error, name);
  return typeof value === 'string' ? value : null;
}

/** True when another try of an idempotent unit may succeed. */
export function isTransient(error: unknown): boolean {
  const code = field(error, 'code') ?? field(error instanceof Error ? error.cause : null, 'code');
  return code !== null && transient_codes.has(code);
}

/** What the driver or the database reported, as an AppError where it has a meaning for callers. */
export function toAppError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const code = field(error, 'code');
  const known = constraint_codes[field(error, 'constraint_name') ?? ''];
  if (known) return new AppError(known[0], known[1], {}, { cause: error });
  if (code === '2200H') {
    // hold_numbers is the one sequence that ends: 10^8 codes of 8 digits.
    const detail = 'All reference codes are given out: no hold can be made.';
    return new AppError('unavailable', detail, { sqlstate: code }, { cause: error });
  }
  if (code === '22P02' || code === '22003') {
    return new AppError('invalid_input', 'A value has the wrong form.', {}, { cause: error });
  }
  if (code !== null && unavailable_code.test(code)) {
    const facts = { retry_after_ms: 1_000, sqlstate: code };
    return new AppError('unavailable', 'The database does not answer.', facts, { cause: error });
  }
  return error;
}

/** What the database says against a row itself (its form, or a constraint); null for everything else. */
export function badDataOf(error: unknown): string | null {
  const cause = error instanceof AppError ? error.cause : error;
  const code = field(cause, 'code');
  if (code === null || !/^2[23]/.test(code) || !(cause instanceof Error)) return null;
  return cause.message;
}

/** What keeps a program from using the database at all, with its address; never with its password. */
export function toReachError(error: unknown, database_url: string): unknown {
  const { host, pathname } = new URL(database_url);
  const known = error instanceof AppError ? error.facts['sqlstate'] : null;
  const code = field(error, 'code');
  const said = (detail: string, next: string) =>
    new AppError('unavailable', detail, { next }, { cause: error });
  if (typeof known === 'string') {
    const detail = `PostgreSQL at ${host} does not answer (${known}).`;
    return said(detail, 'petpro doctor --only postgres');
  }
  if (code === '28P01' || code === '28000') {
    const detail = `PostgreSQL at ${host} refuses the user or password of DATABASE_URL.`;
    return said(detail, 'petpro config get database_url');
  }
  if (code === '3D000') {
    const name = decodeURIComponent(pathname.slice(1));
    return said(`PostgreSQL at ${host} has no database "${name}".`, `createdb ${name}`);
  }
  return error;
}
