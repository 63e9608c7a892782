import { event_types } from './events.ts';

/** Rules of outbound webhooks that need no database. docs/integrations.md */

export const webhook_statuses = ['enabled', 'disabled'] as const;
export const delivery_statuses = ['pending', 'sending', 'delivered', 'dead'] as const;

/** Waits before the tries after the first, about three days in all; each is spread by a fifth. */
const waits_ms = [5, 60, 300, 1_800, 7_200, 18_000, 36_000, 43_200, 72_000, 79_200].map(
  (seconds) => seconds * 1_000,
);
const wait_max_ms = 79_200_000;
const spread = 0.2;

/**
 * How long to wait after that many attempts. `chance` from 0 to 1 spreads what failed together;
 * `asked_ms` is what the receiver wished for in Retry-After.
 */
export function webhookWaitMs(attempts: number, chance: number, asked_ms: number | null): number {
  const wait_ms = waits_ms[Math.max(attempts, 1) - 1] ?? wait_max_ms;
  const spread_ms = wait_ms * (1 - spread / 2 + chance * spread);
  return Math.round(Math.max(spread_ms, Math.min(asked_ms ?? 0, wait_max_ms)));
}

/** True for the name of an event, the beginning of some as `booking.*`, and `*`. */
export function isEventFilter(text: string): boolean {
  if (text === '*') return true;
  if (text.endsWith('.*')) return event_types.some((type) => type.startsWith(text.slice(0, -1)));
  return event_types.some((type) => type === text);
}
