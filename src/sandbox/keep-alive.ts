import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const WINDOW_MS = 60_000;
/** A part that keeps dying gets this many restarts a minute; more would only heat the machine. */
export const MAX_RESTARTS_PER_WINDOW = 10;

/** How long to wait before the next restart, given when the last ones were (same clock, ms). */
export function restartDelay(restarts: readonly number[], now: number): number {
  const recent = restarts.filter((at) => at > now - WINDOW_MS);
  const oldest = recent[0];
  if (recent.length >= MAX_RESTARTS_PER_WINDOW && oldest !== undefined) {
    return oldest + WINDOW_MS - now;
  }
  return Math.min(FIRST_DELAY_MS * 2 ** recent.length, LONGEST_DELAY_MS);
}

/**
 * Starts a part again whenever it ends, until the signal aborts. `start` resolves when the part is
 * up; `gone` of what it returns settles when the part has ended.
 */
export async function keepAlive(
  name: string,
  first: { readonly gone: Promise<void> },
  start: () => Promise<{ readonly gone: Promise<void> }>,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  const restarts: number[] = [];
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  let part: { readonly gone: Promise<void> } | null = first;
  while (!signal.aborted) {
    if (part) await Promise.race([part.gone, aborted]);
    if (signal.aborted) return;
    const delay_ms = restartDelay(restarts, performance.now());
    log.warn('demo.part_ended', { part: name, restart_in_ms: Math.round(delay_ms) });
    try {
      await sleep(delay_ms, undefined, { signal });
    } catch {
      return;
    }
    restarts.push(performance.now());
    // Ten in a window is the most that counts.
    if (restarts.length > MAX_RESTARTS_PER_WINDOW) restarts.shift();
    part = await start().catch((err: unknown) => {
      log.error('demo.part_failed', { part: name, err });
      return null;
    });
    if (part) log.info('demo.part_restarted', { part: name });
  }
}
