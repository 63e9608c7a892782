import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosStrike } from './report-types.ts';
import type { LoadFile } from './setup.ts';

/** Parts killed in the middle of a run, and how long it takes until people are served again. */

export const chaos_parts = ['redis', 'daemon', 'postgres'] as const;
export type ChaosPart = (typeof chaos_parts)[number];

/** Issue 3: reads and holds work again within this. */
export const BACK_WITHIN_MS = 5_000;
/** Beyond this a part counts as not coming back. */
const GIVE_UP_MS = 30_000;
const PROBE_EVERY_MS = 50;
/** One answer may take this long; then the probe asks anew. */
const PROBE_MS = 2_000;

export type Chaos = {
  readonly parts: readonly ChaosPart[];
  /** Ends the part at once, without a chance to tidy up. Throws when it cannot be found. */
  readonly kill: (part: ChaosPart) => Promise<void>;
  /** As the balancer saw it; k6 repeats some requests by itself and never tells. */
  readonly cut_requests: () => number;
};

/** Asks until the answer is a success; ms since `from`, null when it took too long. */
async function backAfter(from: number, ask: () => Promise<Response>): Promise<number | null> {
  while (performance.now() - from < GIVE_UP_MS) {
    try {
      const response = await ask();
      await response.arrayBuffer();
      if (response.ok) return Math.round(performance.now() - from);
    } catch {
      // Refused, reset or too slow: that is what is measured.
    }
    await sleep(PROBE_EVERY_MS);
  }
  return null;
}

/** A read, then a hold on a seat that nobody else wants, as a customer at the balancer would see it. */
async function probe(load: LoadFile, nth: number, part: ChaosPart, at: number, at_s: number) {
  const { head, spares, tokens } = load;
  const spare = spares?.[nth];
  if (spare === undefined) throw new Error('the load file holds no spare seats');
  const headers = {
    authorization: `Bearer ${tokens[nth] ?? ''}`,
    'content-type': 'application/json',
  };
  const { slot, owner } = spare;
  const { slot_id, service_id } = slot;
  const body = JSON.stringify({ slot_id, service_id, quantity: 1, ...owner });
  const signal = () => AbortSignal.timeout(PROBE_MS);
  const [read_after_ms, hold_after_ms] = await Promise.all([
    backAfter(at, async () => {
      const url = `${head.url}/v1/clinics/${head.clinic_id}`;
      return await fetch(url, { headers, signal: signal() });
    }),
    backAfter(at, async () => {
      // One key for all tries: a hold whose answer was lost is found again.
      const key = `${head.run_id}:spare:${part}`;
      return await fetch(`${head.url}/v1/reservations`, {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': key },
        body,
        signal: signal(),
      });
    }),
  ]);
  const is_back = read_after_ms !== null && hold_after_ms !== null;
  const back_after_ms = is_back ? Math.max(read_after_ms, hold_after_ms) : null;
  return { what: part, at_s, read_after_ms, hold_after_ms, back_after_ms };
}

/** Kills all parts in one instant and waits, up to half a minute, until people are served again. */
export async function strike(
  { parts, kill }: Chaos,
  load: LoadFile,
  elapsed_ms: number,
): Promise<readonly ChaosStrike[]> {
  const at = performance.now();
  const at_s = Math.round(elapsed_ms / 100) / 10;
  await Promise.all(parts.map(kill));
  return await Promise.all(parts.map((part, nth) => probe(load, nth, part, at, at_s)));
}
