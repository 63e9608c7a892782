import { setTimeout as sleep } from 'node:timers/promises';

const DEADLINE_MS = 10_000;
const EVERY_MS = 20;

/** Polls until the answer is truthy; fails, naming what it waited for, when the time is over. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  deadline_ms = DEADLINE_MS,
): Promise<NonNullable<T>> {
  const end = performance.now() + deadline_ms;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`after ${deadline_ms} ms still not: ${what}`);
    await sleep(EVERY_MS);
  }
}
