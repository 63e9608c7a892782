/**
 * Holds per second over HTTP against the same SQL in pgbench, losers per second against the bare HTTP server, and one
 * 1000-way fight, all in one run on one machine (method and results: docs/performance.md).
 *
 *   node bench/holds.ts [--seconds 10] [--connections 64] [--out bench/results/holds.json]
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import fastify from 'fastify';
import postgres from 'postgres';
import { type LoadResult, runLoad } from './lib/http-load.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    connections: { type: 'string', default: '64' },
    out: { type: 'string', default: 'bench/results/holds.json' },
  },
});
const seconds = Number(flags.seconds);
const connections = Number(flags.connections);
/** More slots than any run of a minute can take. */
const SLOTS = 400_000;
const OWNERS = 20_000;
const FIGHTERS = 1_000;

type Demo = { url: string; database_url: string; clinic_id: string; tokens: { ci: string } };

function petpro(...args: string[]): string {
  return execFileSync(process.execPath, ['bin/petpro.js', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Slots of one vet each 30 minutes apart, so that holds meet neither each other nor an owner's other visit. */
async function makeSlots(sql: postgres.Sql, clinic_id: string) {
  await sql.unsafe(
    `
    set statement_timeout = '5min';
    drop table if exists bench_slots, bench_owners;
    create unlogged table bench_slots (n int primary key, slot_id uuid not null);
    create unlogged table bench_owners (n int primary key, user_id uuid not null, pet_id uuid not null);
    create sequence if not exists bench_next;
    with made as (
      insert into services (clinic_id, name, price, currency, duration_minutes)
      values ('${clinic_id}', 'Bench', 250000, 'IDR', 30) returning id
    ), slotted as (
      insert into slots (service_id, clinic_id, slot_date, slot_start_time, slot_end_time, starts_at, ends_at)
      select made.id, '${clinic_id}', (t at time zone 'Asia/Jakarta')::date,
        (t at time zone 'Asia/Jakarta')::time, ((t + interval '29 min') at time zone 'Asia/Jakarta')::time, t,
        t + interval '29 min'
      from made, generate_series(0, ${SLOTS - 1}) n,
        lateral (select date_trunc('hour', now()) + interval '40 days' + n * interval '30 min' as t) x
      returning id
    )
    insert into bench_slots select row_number() over (), id from slotted;
    with people as (
      insert into users (full_name) select 'Bench ' || n from generate_series(1, ${OWNERS}) n returning id
    ), pets as (
      insert into pets (user_id, name) select id, 'Bench' from people returning id, user_id
    )
    insert into bench_owners select row_number() over (), user_id, id from pets;
    vacuum analyze;
  `.replace('vacuum analyze;', ''),
  );
  await sql.unsafe('vacuum analyze');
}

function findPgbench(): string | null {
  const dirs = (process.env['PATH'] ?? '').split(path.delimiter);
  for (const version of ['18', '17', '16', '15']) dirs.push(`/usr/lib/postgresql/${version}/bin`);
  return dirs.map((dir) => path.join(dir, 'pgbench')).find((file) => fs.existsSync(file)) ?? null;
}

/** The same SQL alone: what PostgreSQL itself can do on this machine now. */
function runPgbench(database_url: string, statement: string): number | null {
  const pgbench = findPgbench();
  if (!pgbench) return null;
  const script = path.join(os.tmpdir(), `petpro-bench-${process.pid}.sql`);
  fs.writeFileSync(script, statement);
  const args = ['-n', '-M', 'prepared', '-c', '32', '-j', '1', '-T', String(seconds), '-f', script];
  const run = spawnSync(pgbench, [...args, database_url], { encoding: 'utf8' });
  fs.rmSync(script);
  if (run.status !== 0) throw new Error(`pgbench: ${run.stderr}`);
  return Math.round(Number(/tps = ([\d.]+)/.exec(run.stdout)?.[1]));
}

/** The hold of one random owner; `slot` is SQL for the slot's number, asked once (a sub-select). */
const hold_statement = (slot: string) => `
\\set owner random(1, ${OWNERS})
select h.outcome
from bench_slots s, bench_owners o, hold_slot(gen_random_uuid(), s.slot_id, o.user_id, o.pet_id, 1, null,
  gen_random_uuid()::text, null, '{"kind":"operator","source":"api","request_id":"bench"}') h
where s.n = ${slot} and o.n = :owner;
`;

/** What the HTTP framework does with nothing behind it: the ceiling for the loser path. */
async function bareServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const app = fastify({ logger: false });
  app.post('/v1/reservations', async (_request, reply) =>
    reply.code(409).send({ type: '/problems/slot-locked', code: 'slot_locked', status: 409 }),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, close: () => app.close() };
}

/** One request each from a thousand people at once, through ordinary keep-alive sockets. */
async function fight(url: string, token: string, bodies: readonly string[]) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
  const started = performance.now();
  const statuses: Record<string, number> = {};
  await Promise.all(
    bodies.map(
      (body) =>
        new Promise<void>((resolve, reject) => {
          const request = http.request(
            `${url}/v1/reservations`,
            { method: 'POST', agent },
            (answer) => {
              const status = String(answer.statusCode);
              statuses[status] = (statuses[status] ?? 0) + 1;
              answer.resume().on('end', resolve);
            },
          );
          request.on('error', reject);
          request.setHeader('authorization', `Bearer ${token}`);
          request.setHeader('content-type', 'application/json');
          request.end(body);
        }),
    ),
  );
  agent.destroy();
  return { ms: Math.round(performance.now() - started), statuses };
}

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-bench-'));
const demo: Demo = JSON.parse(petpro('demo', 'up', '--detach', '--json', '--home', home));
const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });
try {
  await makeSlots(sql, demo.clinic_id);
  const [service] = await sql<{ id: string }[]>`select id from services where name = 'Bench'`;
  const slots = await sql<{ slot_id: string }[]>`select slot_id from bench_slots order by n`;
  const owners = await sql<
    { user_id: string; pet_id: string }[]
  >`select user_id, pet_id from bench_owners`;
  const bodyFor = (slot_index: number, owner_index: number) => {
    const slot_id = slots[slot_index]?.slot_id;
    const owner = owners[owner_index % OWNERS];
    return slot_id && owner ? JSON.stringify({ service_id: service?.id, slot_id, ...owner }) : null;
  };
  const load = (url: string, body: (n: number) => string | null): Promise<LoadResult> =>
    runLoad({
      url,
      method: 'POST',
      path: '/v1/reservations',
      headers: { authorization: `Bearer ${demo.tokens.ci}`, 'content-type': 'application/json' },
      body,
      connections,
      duration_ms: seconds * 1000,
    });

  // Slots 1..200k belong to HTTP, the rest to pgbench; both start from an equally warm server.
  await load(demo.url, (n) => (n < 2_000 ? bodyFor(n, n) : null));
  const http_spread = await load(demo.url, (n) => bodyFor(2_000 + n, n));
  await sql`select setval('bench_next', 200000)`;
  const pg_spread = runPgbench(
    demo.database_url,
    hold_statement("(select nextval('bench_next')::int)"),
  );
  const hot = SLOTS - 1;
  const http_losers = await load(demo.url, (n) => bodyFor(hot, n));
  const pg_losers = runPgbench(demo.database_url, hold_statement(String(hot + 1)));
  const bare = await bareServer();
  const bare_losers = await load(bare.url, (n) => bodyFor(hot, n));
  await bare.close();
  const bodies = Array.from({ length: FIGHTERS }, (_, i) => bodyFor(SLOTS - 2, i) ?? '');
  const one_fight = await fight(demo.url, demo.tokens.ci, bodies);

  const ratio = (a: number, b: number | null) => (b ? Math.round((a / b) * 100) / 100 : null);
  const report = {
    machine: { cpus: os.cpus().length, node: process.version },
    seconds,
    connections,
    hold: {
      http: http_spread,
      pgbench_per_second: pg_spread,
      ratio: ratio(http_spread.per_second, pg_spread),
    },
    loser: {
      http: http_losers,
      bare_http_per_second: bare_losers.per_second,
      pgbench_per_second: pg_losers,
      ratio_to_bare: ratio(http_losers.per_second, bare_losers.per_second),
    },
    fight: one_fight,
  };
  fs.mkdirSync(path.dirname(flags.out), { recursive: true });
  fs.writeFileSync(flags.out, `${JSON.stringify(report, null, 2)}\n`);
  console.log(JSON.stringify(report, null, 2));
} finally {
  await sql.end({ timeout: 5 });
  petpro('demo', 'down', '--home', home);
  fs.rmSync(home, { recursive: true, force: true });
}
