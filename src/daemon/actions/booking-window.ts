import { failure } from './outcome.ts';

/** Owners book neither at the last minute nor long ahead; hold_slot and reschedule_booking judge it. */

export type WindowRule = 'too_soon' | 'too_far';

const details: Readonly<Record<WindowRule, string>> = {
  too_soon: 'This is too soon: the clinic wants to know of visits earlier; call it.',
  too_far: 'This is too far ahead: the clinic does not take bookings for then yet.',
};

export const isWindowRule = (rule: string | null | undefined): rule is WindowRule =>
  rule === 'too_soon' || rule === 'too_far';

/** The failure for an owner who is too early or too late for a slot. */
export function windowFailure(rule: WindowRule): Error {
  return failure('policy_refused', { rule }, details[rule]);
}
