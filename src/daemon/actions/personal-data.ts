import { seesPersonalData } from '../../domain/roles.ts';
import type { Actor } from '../app-types.ts';

const MASK = '***';

/** Hides a value from those who keep machines running and need no names. `null` stays `null`. */
export function masker(actor: Actor): <T extends string | null>(value: T) => T | typeof MASK {
  if (seesPersonalData(actor.role)) return (value) => value;
  return (value) => (value === null ? value : MASK);
}
