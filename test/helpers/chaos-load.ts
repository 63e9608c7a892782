import type { Sql } from 'postgres';
import { addClinic, addOwners, addService, type OwnerIds } from './database.ts';

/** Far above every timeout of the daemon: whoever waits longer hangs. */
const HUNG_MS = 20_000;

export type Crowd = {
  readonly service_id: string;
  readonly slot_ids: readonly string[];
  readonly owners: readonly OwnerIds[];
};

/** As many slots at one hour as owners who want one each. */
export async function makeCrowd(sql: Sql, count: number): Promise<Crowd> {
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const rows = await sql<{ id: string }[]>`
    insert into slots (
      clinic_id, service_id, starts_at, ends_at, slot_date, slot_start_time, slot_end_time, capacity
    )
    select ${clinic.id}, ${service_id}, t.s, t.s + interval '30 minutes', t.s::date, t.s::time,
      (t.s + interval '30 minutes')::time, 1
    from (select date_trunc('hour', now()) + interval '3 days' as s) as t,
      generate_series(1, ${count}::integer)
    returning id`;
  return { service_id, slot_ids: rows.map(({ id }) => id), owners: await addOwners(sql, count) };
}

export type Tally = {
  /** Answers by HTTP status; 0 = no answer at all. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly slowest_ms: number;
  /** Holds that somebody was promised. */
  readonly promised: readonly string[];
};

type Target = { readonly url: string; readonly token: string };

/** One request to hold: mostly the owner's own slot, now and then a rival's. */
async function holdOnce({ url, token }: Target, crowd: Crowd, n: number) {
  const at = n % crowd.slot_ids.length;
  const owner = crowd.owners[n % 3 === 2 ? (at + 1) % crowd.owners.length : at];
  const body = { service_id: crowd.service_id, slot_id: crowd.slot_ids[at], ...owner };
  const started = performance.now();
  try {
    const response = await fetch(`${url}/v1/reservations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(HUNG_MS),
    });
    const text = await response.text();
    const promised = response.status === 201 ? String(JSON.parse(text).reservation_id) : null;
    return { status: response.status, ms: performance.now() - started, promised };
  } catch {
    return { status: 0, ms: performance.now() - started, promised: null };
  }
}

let turn = 0;

/** Holds without pause for that long, some at a time; every request is answered before it returns. */
export async function hammer(
  target: Target,
  crowd: Crowd,
  options: { readonly for_ms: number; readonly parallel?: number },
): Promise<Tally> {
  const statuses: Record<number, number> = {};
  const promised: string[] = [];
  let slowest_ms = 0;
  const end = performance.now() + options.for_ms;
  const worker = async () => {
    while (performance.now() < end) {
      turn += 1;
      const answer = await holdOnce(target, crowd, turn);
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      slowest_ms = Math.max(slowest_ms, answer.ms);
      if (answer.promised !== null) promised.push(answer.promised);
    }
  };
  await Promise.all(Array.from({ length: options.parallel ?? 16 }, worker));
  return { statuses, slowest_ms, promised };
}

/** Milliseconds until a hold is answered by the engine again, and not by its absence. */
export async function recoveryMs(target: Target, crowd: Crowd, limit_ms: number): Promise<number> {
  const started = performance.now();
  while (performance.now() - started < limit_ms) {
    turn += 1;
    const { status } = await holdOnce(target, crowd, turn);
    if (status !== 503 && status !== 0) break;
  }
  return performance.now() - started;
}

/** Promised holds that the database does not know. */
export async function lostHolds(sql: Sql, promised: readonly string[]): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from reservations where id = any (${[...promised]}::uuid[])`;
  const known = new Set(rows.map(({ id }) => id));
  return promised.filter((id) => !known.has(id));
}
