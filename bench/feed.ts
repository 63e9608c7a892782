/**
 * The live feed with many followers: memory of the daemon, time from commit to frame while holds
 * are made, CPU per frame, and what compression would cost.
 *
 *   node bench/feed.ts [--clients 500] [--holds 200] [--frames 200] [--burst 500] [--no-deflate]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { type Program, startDaemon, startFeedServer } from './lib/children.ts';
import { cpuOf, residentMb } from './lib/cpu.ts';
import { checkOut, type Demo, startDemo } from './lib/demo.ts';
import { followAll } from './lib/feed-clients.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';
import { holdBody, makeFixture } from './lib/fixture.ts';

const { values: flags } = parseArgs({
  options: {
    clients: { type: 'string', default: '500' },
    holds: { type: 'string', default: '200' },
    frames: { type: 'string', default: '200' },
    burst: { type: 'string', default: '500' },
    'no-deflate': { type: 'boolean', default: false },
  },
});
const CLIENTS = Number(flags.clients);
const HOLDS = Number(flags.holds);
const FRAMES = Number(flags.frames);
const BURST = Number(flags.burst);
/** As fast as a very busy house: so many holds a second. */
const HOLDS_PER_S = 20;
const SETTLE_MS = 5_000;
const PATIENCE_MS = 60_000;

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function until(what: string, done: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await sleep(20);
  }
}

type Crowd = Awaited<ReturnType<typeof followAll>>;

/** Many events at once for everybody, and how long somebody else waits for an answer meanwhile. */
async function burst(demo: Demo, daemon: Program, crowd: Crowd): Promise<readonly Figure[]> {
  const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });
  const wanted = crowd.frames() + BURST * CLIENTS;
  const cpu_before = cpuOf(daemon.pid);
  const answers: number[] = [];
  const started = performance.now();
  let is_over = false;
  const ask = async (): Promise<void> => {
    while (!is_over) {
      const asked = performance.now();
      const response = await fetch(`${daemon.url}/healthz`);
      await response.arrayBuffer();
      answers.push(performance.now() - asked);
      await sleep(5);
    }
  };
  const asking = ask();
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
    )
    select 'reservation', gen_random_uuid(), 'reservation.extended', ${demo.clinic_id}, 'bench',
      jsonb_build_object('filling', repeat('x', 400))
    from generate_series(1, ${BURST}::integer)`;
  await until('the burst is told', () => crowd.frames() >= wanted);
  const ms = performance.now() - started;
  is_over = true;
  await asking;
  await sql.end({ timeout: 5 });
  const cpu_us = ((cpuOf(daemon.pid) - cpu_before) * 1000) / (BURST * CLIENTS);
  return [
    { what: `${BURST} events at once to ${CLIENTS}`, value: rounded(ms, 0), unit: 'ms' },
    { what: 'of the burst, CPU per frame', value: rounded(cpu_us, 1), unit: 'us' },
    {
      what: 'another request meanwhile, p95',
      value: rounded(quantile(answers, 0.95), 0),
      unit: 'ms',
    },
    { what: 'another request, worst', value: rounded(quantile(answers, 1), 0), unit: 'ms' },
    { what: 'after the burst', value: rounded(residentMb(daemon.pid), 0), unit: 'MB' },
  ];
}

async function followers(): Promise<readonly Figure[]> {
  using tree = checkOut(null);
  using demo = startDemo(tree.root);
  const fixture = await makeFixture(demo, HOLDS + 1);
  await using daemon = await startDaemon(demo, {
    REDIS_URL: demo.redis_url ?? '',
    STRIPE_SECRET_KEY: 'sk_test_bench',
    STRIPE_WEBHOOK_SECRET: 'whsec_bench',
    STRIPE_API_BASE: demo.stripe_url,
    SMTP_URL: 'smtp://127.0.0.1:9',
    PETPRO_FEED_CLIENTS_PER_TOKEN: String(CLIENTS),
  });
  await fetch(`${daemon.url}/readyz`);
  await sleep(SETTLE_MS);
  const idle_mb = residentMb(daemon.pid);
  const connecting = performance.now();
  const feed_url = `${daemon.url.replace('http', 'ws')}/events?clinic_id=${demo.clinic_id}`;
  const crowd = await followAll(feed_url, demo.tokens.admin, CLIENTS);
  const connect_ms = performance.now() - connecting;
  await sleep(SETTLE_MS);
  const followed_mb = residentMb(daemon.pid);
  const cpu_before = cpuOf(daemon.pid);
  const answers: number[] = [];
  for (let hold = 0; hold < HOLDS; hold += 1) {
    const due = sleep(1_000 / HOLDS_PER_S);
    const started = performance.now();
    const response = await fetch(`${daemon.url}/v1/reservations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${demo.tokens.ci}`,
        'content-type': 'application/json',
      },
      body: holdBody(fixture, hold, hold) ?? '',
    });
    if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    answers.push(performance.now() - started);
    await due;
  }
  await until('every follower has every event', () => crowd.frames() >= CLIENTS * HOLDS);
  const cpu_us = ((cpuOf(daemon.pid) - cpu_before) * 1000) / crowd.frames();
  const told_mb = residentMb(daemon.pid);
  const frames = crowd.frames();
  const bytes = Math.round(crowd.bytes() / crowd.frames());
  const delays_ms = [...crowd.delays_ms];
  const burst_figures = await burst(demo, daemon, crowd);
  const byes = crowd.byes();
  crowd.close();
  return [
    { what: 'daemon, idle', value: rounded(idle_mb, 0), unit: 'MB' },
    { what: `with ${CLIENTS} followers`, value: rounded(followed_mb, 0), unit: 'MB' },
    { what: `after ${frames} frames`, value: rounded(told_mb, 0), unit: 'MB' },
    { what: `${CLIENTS} connect`, value: rounded(connect_ms, 0), unit: 'ms' },
    { what: 'commit to frame, p50', value: quantile(delays_ms, 0.5), unit: 'ms' },
    {
      what: 'commit to frame, p95',
      value: quantile(delays_ms, 0.95),
      unit: 'ms',
      goal: { at_most: 150 },
    },
    { what: 'commit to frame, worst', value: quantile(delays_ms, 1), unit: 'ms' },
    { what: 'holds meanwhile, p95', value: rounded(quantile(answers, 0.95), 1), unit: 'ms' },
    { what: 'CPU of the daemon per frame, holds included', value: rounded(cpu_us, 1), unit: 'us' },
    { what: 'a frame', value: bytes, unit: 'bytes' },
    ...burst_figures,
    { what: 'followers let go', value: byes, unit: '', goal: { at_most: 0 } },
  ];
}

async function compression(kind: 'plain' | 'deflate'): Promise<readonly Figure[]> {
  await using server = await startFeedServer(kind);
  const url = `${server.url.replace('http', 'ws')}/events`;
  const crowd = await followAll(url, '', CLIENTS);
  const tell = async (count: number) => {
    const asked = await fetch(`${server.url}/tell?count=${count}`, { method: 'POST' });
    await asked.arrayBuffer();
  };
  // Code is warm, and each connection has what it keeps for compressing.
  await tell(20);
  const before = cpuOf(server.pid);
  await tell(FRAMES);
  const cpu_us = ((cpuOf(server.pid) - before) * 1000) / (FRAMES * CLIENTS);
  const mb = residentMb(server.pid);
  await until('every frame is there', () => crowd.frames() >= CLIENTS * (FRAMES + 20));
  crowd.close();
  return [
    { what: `${kind}: CPU per frame`, value: rounded(cpu_us, 1), unit: 'us' },
    { what: `${kind}: server with ${CLIENTS} followers`, value: rounded(mb, 0), unit: 'MB' },
  ];
}

const figures = [...(await followers())];
if (!flags['no-deflate']) {
  figures.push(...(await compression('plain')), ...(await compression('deflate')));
}
keep({ name: 'feed', figures, details: { clients: CLIENTS, holds: HOLDS, frames: FRAMES } });
console.log(table(figures));
