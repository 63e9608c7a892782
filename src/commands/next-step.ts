import type { Json, ProblemCode } from '../domain/errors.ts';
import type { Rule } from '../domain/refusal.ts';

/** What to do after a failure when the failure itself names nothing better: always a command. */

type Failed = {
  readonly code: ProblemCode;
  readonly facts: Readonly<Record<string, Json>>;
};

/** The command that helps with a rule that refused; REF stands for the reference in question. */
const by_rule: { readonly [rule in Rule]?: string } = {
  booking_final: 'petpro bookings history REF',
  visit_under_way: 'petpro complete REF',
  visit_not_started: 'petpro start REF',
  visit_started: 'petpro no-show REF, or petpro cancel REF --by clinic',
  check_in_too_early: 'petpro bookings show REF',
  no_show_too_early: 'petpro bookings show REF',
  already_told: 'petpro bookings history REF',
  nothing_to_undo: 'petpro bookings history REF',
  undo_too_late: 'petpro bookings history REF',
  undo_not_yours: 'petpro bookings history REF',
  refund_under_way: 'petpro bookings show REF',
  slot_gone: 'petpro slots list',
  same_slot: 'petpro bookings show REF',
  extended_before: 'petpro hold show REF',
  other_lock: 'petpro hold show REF',
  hold_booked: 'petpro bookings show REF',
  hold_given_back: 'petpro slots list',
  quantity_over_capacity: 'petpro slots list',
};

/** Where the things that a command speaks of are listed, by its first word. */
const lists: Readonly<Record<string, string>> = {
  book: 'petpro slots list',
  confirm: 'petpro hold list',
  auth: 'petpro auth switch',
  config: 'petpro config list',
  profile: 'petpro profile list',
  find: 'petpro today',
  deliveries: 'petpro deliveries list',
  hold: 'petpro hold list',
  load: 'petpro load list',
  locks: 'petpro locks list',
  owners: 'petpro find NAME',
  payments: 'petpro payments list',
  prices: 'petpro prices list',
  reconcile: 'petpro reconcile run',
  refunds: 'petpro refunds list',
  retention: 'petpro retention list',
  reviews: 'petpro reviews list',
  seats: 'petpro seats plan show SERVICE',
  settlements: 'petpro settlements list',
  slots: 'petpro slots list',
};

/** `again` is the line that failed, `help` its help, `list` where to look for what it is about. */
type Way = { readonly again: string; readonly help: string; readonly list: string };

const by_code: { readonly [code in ProblemCode]?: (way: Way) => string } = {
  slot_taken: () => 'petpro slots list',
  slot_locked: ({ again }) => `petpro slots list, or in a moment: ${again}`,
  reservation_expired: () => 'petpro slots list, then petpro book',
  invalid_slot: () => 'petpro slots list',
  service_unavailable: () => 'petpro slots list',
  payment_failed: () => 'petpro payments list',
  payment_timeout: () => 'petpro slots list, then petpro book',
  unauthorized: () => 'petpro auth login, or set PETPRO_TOKEN, or PETPRO_TOKEN_FILE',
  forbidden: () => 'petpro auth status',
  not_found: ({ list }) => list,
  conflict: ({ list }) => list,
  policy_refused: ({ list }) => list,
  method_not_allowed: () => 'petpro doctor --only daemon',
  unsupported_media_type: () => 'petpro doctor --only daemon',
  headers_too_large: () => 'petpro auth status',
  request_timeout: ({ again }) => `${again} --timeout 60s`,
  rate_limited: ({ again }) => `wait a moment, then: ${again}`,
  internal: ({ again }) => `${again} --debug`,
  unavailable: () => 'petpro doctor',
  pending: ({ again }) => `in a moment: ${again}`,
  unhealthy: () => 'petpro doctor',
  invariant_broken: () => 'petpro reconcile run',
  threshold_missed: () => 'petpro load report last',
  partial: ({ again }) => `for what is left: ${again}`,
  cancelled: ({ again }) => `to try it after all: ${again}`,
};

function textFact(failed: Failed, name: string): string | null {
  const value = failed.facts[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What stands in the way is a booking or a hold. */
function nextOfRule(failed: Failed): string | null {
  const rule = textFact(failed, 'rule');
  const reference = textFact(failed, 'reference_code');
  const known = Object.entries(by_rule).find(([name]) => name === rule)?.[1];
  if (reference === null) return known?.includes('REF') === false ? known : null;
  const noun = failed.facts['is_booked'] === true ? 'bookings' : 'hold';
  if (rule === 'owner_busy' && 'is_booked' in failed.facts)
    return `petpro ${noun} show ${reference}`;
  return known?.replaceAll('REF', reference) ?? null;
}

/** A command line that failed: as it was typed, and its words alone (`petpro bookings show`). */
export type Typed = { readonly line: string; readonly command: string };

/** The next command after a failure. */
export function nextStep(failed: Failed, { line, command }: Typed): string {
  const own = textFact(failed, 'next') ?? nextOfRule(failed);
  if (own !== null) return own;
  const noun = command.split(' ')[1] ?? '';
  const reference = textFact(failed, 'reference_code');
  const list =
    reference === null
      ? (lists[noun] ?? 'petpro bookings list')
      : `petpro bookings show ${reference}`;
  const way = { again: line, help: `${command} --help`, list };
  return by_code[failed.code]?.(way) ?? way.help;
}
