/**
 * Reminders that are due in one minute: how long until all of them are in the hands of the mail server,
 * how the API answers meanwhile, and how long a booking made in the middle waits for its mail.
 *
 *     node bench/reminders.ts [--reminders 10000] [--of REF] [--patience 240]
 */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { checkOut, startDemo } from './lib/demo.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';
import { makeFixture } from './lib/fixture.ts';

const { values: flags } = parseArgs({
  options: {
    reminders: { type: 'string', default: '10000' },
    of: { type: 'string' },
    patience: { type: 'string', default: '240' },
  },
});
const reminders = Number(flags.reminders);
const patience_ms = Number(flags.patience) * 1_000;
/** Bookings made while reminders go out, to see what their owners wait. */
const PROBES = 10;
const PROBE_EVERY_MS = 1_000;
const READ_EVERY_MS = 100;
const REQUEST_MS = 15_000;

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

using tree = checkOut(flags.of ?? null);
using demo = startDemo(tree.root);
const sql = postgres(demo.database_url, { max: 2, onnotice: () => {} });

/** Bookings by the product's own functions, quiet about their making. */
async function bookAll(count: number): Promise<void> {
  await sql.unsafe(`
    set statement_timeout = '10min';
    update users set email = 'bench@petpro.localhost' where full_name like 'Bench %';
    create unlogged table bench_booked as
    with held as materialized (
      select h.reservation_id
      from bench_slots s
      join bench_owners o on o.n = s.n
      cross join lateral hold_slot(
        gen_random_uuid(), s.slot_id, o.user_id, o.pet_id, 1, null, gen_random_uuid()::text, null,
        '{"kind":"operator","source":"api","request_id":"bench"}'
      ) h
      where s.n <= ${count} and h.outcome = 'ok'
    )
    select c.booking_id
    from held
    cross join lateral confirm_reservation(
      held.reservation_id, 'at_clinic', null, null,
      '{"kind":"operator","source":"api","request_id":"bench"}'
    ) c;
    -- Their confirmations are not what is measured here.
    update booking_events_outbox
    set payload = payload - 'user_id' where correlation_id = 'bench';
  `);
  const [made] = await sql<{ ok: number }[]>`
    select count(booking_id)::integer as ok from bench_booked`;
  if (made?.ok !== count) throw new Error(`${made?.ok} of ${count} visits are booked`);
  await sql.unsafe('vacuum analyze');
}

async function request(method: string, path: string, body?: unknown): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${demo.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${demo.tokens.ci}`,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return performance.now() - started;
}

/** Reads of open slots at an even pace until told to stop; their times. */
async function readUntil(service_id: string, stop: AbortSignal): Promise<readonly number[]> {
  const times: number[] = [];
  while (!stop.aborted) {
    times.push(await request('GET', `/v1/services/${service_id}/slots`));
    await sleep(READ_EVERY_MS);
  }
  return times;
}

try {
  const fixture = await makeFixture(demo, reminders + PROBES);
  await bookAll(reminders);
  const quiet = new AbortController();
  const before = readUntil(fixture.service_id, quiet.signal);
  await sleep(5_000);
  quiet.abort();
  const idle = await before;

  const busy = new AbortController();
  const during = readUntil(fixture.service_id, busy.signal);
  const started = performance.now();
  await sql`
    update booking_reminders set scheduled_time = now()
    where booking_id in (select booking_id from bench_booked) and offset_minutes = 1440`;
  const probes: number[] = [];
  const left = async () => {
    const [row] = await sql<{ done: number }[]>`
      select count(*)::integer as done from deliveries
      where type = 'reminder_upcoming' and status = 'sent'`;
    return reminders - (row?.done ?? 0);
  };
  let drained_ms = Number.NaN;
  for (let n = 0; performance.now() - started < patience_ms; n += 1) {
    if (n < PROBES) {
      const slot_id = fixture.slots[reminders + n];
      const owner = fixture.owners[reminders + n];
      const { service_id } = fixture;
      const wish = { service_id, slot_id, ...owner, payment_method: 'at_clinic' };
      probes.push(await request('POST', '/v1/bookings', wish));
    }
    await sleep(PROBE_EVERY_MS);
    if ((await left()) === 0) {
      drained_ms = performance.now() - started;
      break;
    }
  }
  busy.abort();
  const loaded = await during;
  const rest = await left();
  const waits = await sql<{ wait_ms: number }[]>`
    select (extract(epoch from d.sent_at - o.created_at) * 1000)::float8 as wait_ms
    from booking_events_outbox o
    join deliveries d on d.event_id = o.id and d.status = 'sent'
    where o.event_type = 'booking.confirmed' and o.payload ->> 'service_id' = ${fixture.service_id}`;
  const mails = waits.map(({ wait_ms }) => wait_ms);
  const ms = (what: string, value: number): Figure => ({ what, value: rounded(value), unit: 'ms' });
  const figures: readonly Figure[] = [
    { what: 'reminders due at once', value: reminders, unit: '' },
    { what: 'sent once', value: reminders - rest, unit: '', goal: { at_least: reminders } },
    {
      what: 'all handed to the mail server after',
      value: rounded(drained_ms / 1_000, 1),
      unit: 's',
    },
    { what: 'a second', value: rounded((reminders * 1_000) / drained_ms, 0), unit: '' },
    ms('open slots, p95, before', quantile(idle, 0.95)),
    ms('open slots, p95, meanwhile', quantile(loaded, 0.95)),
    {
      // Of the same machine in the same run: others may be at work on it.
      what: 'meanwhile : before',
      value: rounded(quantile(loaded, 0.95) / quantile(idle, 0.95)),
      unit: '',
      goal: { at_most: 1.5 },
    },
    ms('a booking meanwhile, p95', quantile(probes, 0.95)),
    { ...ms('its mail after, p95', quantile(mails, 0.95)), goal: { at_most: 2_000 } },
  ];
  console.log(table(figures));
  const details = { reminders, probes: probes.length, mails: mails.length, load: os.loadavg() };
  keep({ name: 'reminders', figures, details });
} finally {
  await sql.end({ timeout: 5 });
}
