/**
 * How long after the commit of a booking its mail is in the hands of the mail server: bookings by
 * the API at an even pace, each with its calendar file, through relay and dispatcher of the demo.
 *
 *     node bench/mail.ts [--mails 200] [--per-second 5]
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
    mails: { type: 'string', default: '200' },
    'per-second': { type: 'string', default: '5' },
  },
});
const mails = Number(flags.mails);
const per_second = Number(flags['per-second']);
const PATIENCE_MS = 60_000;
const REQUEST_MS = 15_000;

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

type Arrived = { readonly subject: string; readonly received_at: string };

using tree = checkOut(null);
using demo = startDemo(tree.root);
const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });
try {
  const fixture = await makeFixture(demo, mails);
  await sql`update users set email = 'bench@petpro.localhost' where full_name like 'Bench %'`;
  const bookOne = async (n: number): Promise<void> => {
    const body = {
      service_id: fixture.service_id,
      slot_id: fixture.slots[n],
      ...fixture.owners[n],
      payment_method: 'cash',
    };
    const response = await fetch(`${demo.url}/v1/bookings`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${demo.tokens.ci}`,
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  };
  const started = performance.now();
  for (let n = 0; n < mails; n += 1) {
    await bookOne(n);
    const next = started + ((n + 1) * 1_000) / per_second;
    await sleep(Math.max(0, next - performance.now()));
  }
  const committed = await sql<{ reference_code: string; at_ms: number }[]>`
    select o.payload ->> 'reference_code' as reference_code,
      (extract(epoch from o.created_at) * 1000)::float8 as at_ms
    from booking_events_outbox o
    join bookings b on b.id = o.aggregate_id
    join services s on s.id = b.service_id
    where o.event_type = 'booking.confirmed' and s.name = 'Bench'`;
  const outbox = `${Reflect.get(demo, 'smtp_outbox_url')}/messages?to=bench@`;
  let arrived: readonly Arrived[] = [];
  const end = performance.now() + PATIENCE_MS;
  while (arrived.length < mails && performance.now() < end) {
    const answer = await fetch(outbox, { signal: AbortSignal.timeout(REQUEST_MS) });
    const page: { items: readonly Arrived[] } = JSON.parse(await answer.text());
    arrived = page.items;
    await sleep(100);
  }
  const waits = committed.flatMap(({ reference_code, at_ms }) => {
    const mail = arrived.find(({ subject }) => subject.includes(reference_code));
    return mail ? [Date.parse(mail.received_at) - at_ms] : [];
  });
  const figure = (what: string, value: number): Figure => ({
    what,
    value: rounded(value, 0),
    unit: 'ms',
  });
  const figures: readonly Figure[] = [
    { what: 'mails that arrived', value: waits.length, unit: '', goal: { at_least: mails } },
    figure('commit to mail server, median', quantile(waits, 0.5)),
    figure('commit to mail server, p95', quantile(waits, 0.95)),
    figure('commit to mail server, longest', Math.max(...waits)),
  ];
  console.log(table(figures));
  keep({ name: 'mail', figures, details: { mails, per_second, load: os.loadavg() } });
} finally {
  await sql.end({ timeout: 5 });
}
