/**
 * Holds per second over HTTP against the same SQL in pgbench, losers per second against the bare
 * HTTP server, and fights of a thousand for one slot. Both sides of each ratio take turns within
 * the same run (docs/performance.md).
 *
 *   node bench/holds.ts [--rounds 5] [--seconds 2] [--connections 64] [--compare REF]
 */
import { parseArgs } from 'node:util';
import { type Program, startBareServer, startDaemon } from './lib/children.ts';
import { cpuOf, cpuWithChildren } from './lib/cpu.ts';
import { checkOut, type Demo, startDemo } from './lib/demo.ts';
import { type Figure, keep, median, ratioOf, rounded, table } from './lib/figures.ts';
import { type Fixture, holdBody, holdScript, makeFixture } from './lib/fixture.ts';
import { type LoadResult, runLoad } from './lib/http-load.ts';
import { type PgbenchResult, runPgbench } from './lib/pgbench.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '64' },
    compare: { type: 'string' },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const connections = Number(flags.connections);
/** Holds in one run: no machine that we know makes more. */
const slots_max = 20_000 + Math.round(2 * rounds * seconds * 12_000);
const FIGHTERS = 1_000;

type Candidate = {
  readonly name: 'now' | 'before';
  readonly demo: Demo;
  readonly fixture: Fixture;
  readonly without_redis: Program;
  /** Next slot that nobody holds; pgbench takes its own from the far end. */
  next_slot: number;
};

/** CPU microseconds per answer. */
type Cost = { readonly daemon: number; readonly postgres: number; readonly client: number };

type Timed = LoadResult & { readonly cost: Cost };

type Round = {
  readonly hold: Timed;
  readonly hold_pgbench: PgbenchTimed | null;
  readonly loser: Timed;
  readonly loser_without_redis: Timed;
};

type PgbenchTimed = PgbenchResult & { readonly postgres_us: number };

/** Runs a load and charges its CPU time to the parties. */
async function timed(
  pids: { readonly daemon: number; readonly postgres: number },
  work: () => Promise<LoadResult>,
): Promise<Timed> {
  const at = () => ({
    daemon: cpuOf(pids.daemon),
    postgres: cpuWithChildren(pids.postgres),
    client: cpuOf(process.pid),
  });
  const from = at();
  const result = await work();
  const to = at();
  const each = (name: keyof Cost) =>
    rounded(((to[name] - from[name]) * 1000) / Math.max(1, result.requests), 1);
  const cost = { daemon: each('daemon'), postgres: each('postgres'), client: each('client') };
  return { ...result, cost };
}

const load = (
  target: { readonly url: string; readonly token: string },
  body: (n: number) => string | null,
  options: { readonly path?: string; readonly connections?: number; readonly ms?: number } = {},
) =>
  runLoad({
    url: target.url,
    method: 'POST',
    path: options.path ?? '/v1/reservations',
    headers: { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' },
    body,
    connections: options.connections ?? connections,
    duration_ms: options.ms ?? seconds * 1000,
  });

async function candidate(stack: AsyncDisposableStack, ref: string | null): Promise<Candidate> {
  const demo = stack.use(startDemo(stack.use(checkOut(ref)).root));
  const fixture = await makeFixture(demo, slots_max);
  const without_redis = stack.use(
    await startDaemon(demo, { REDIS_URL: '', PETPRO_ONLY: 'api', PETPRO_LOG_LEVEL: 'info' }),
  );
  const name = ref === null ? 'now' : 'before';
  const made: Candidate = { name, demo, fixture, without_redis, next_slot: 0 };
  await holdSome(made, 1_000);
  return made;
}

async function holdSome(target: Candidate, ms: number): Promise<LoadResult> {
  const { demo, fixture } = target;
  const half = fixture.slots.length / 2;
  const body = () => {
    target.next_slot += 1;
    return target.next_slot < half ? holdBody(fixture, target.next_slot, target.next_slot) : null;
  };
  return await load({ url: demo.url, token: demo.tokens.ci }, body, { ms });
}

async function oneRound(target: Candidate): Promise<Round> {
  const { demo, fixture, without_redis } = target;
  const token = demo.tokens.ci;
  const hot = fixture.slots.length - 1;
  const loser_body = (n: number) => holdBody(fixture, hot, n);
  const far = fixture.slots.length / 2;
  const script = holdScript(`(select ${far} + nextval('bench_next')::int)`);
  const { postgres } = demo.pids;
  const hold = await timed(demo.pids, () => holdSome(target, seconds * 1000));
  const before_ms = cpuWithChildren(postgres);
  const alone = await runPgbench(demo.database_url, script, seconds);
  const used_ms = cpuWithChildren(postgres) - before_ms;
  return {
    hold,
    hold_pgbench: alone && {
      ...alone,
      postgres_us: rounded((used_ms * 1000) / Math.max(1, alone.done), 1),
    },
    loser: await timed(demo.pids, () => load({ url: demo.url, token }, loser_body)),
    loser_without_redis: await timed({ daemon: without_redis.pid, postgres }, () =>
      load({ url: without_redis.url, token }, loser_body),
    ),
  };
}

/** One request each from a thousand people, all sent at once. */
async function fight(target: Candidate, path: string, slot: number): Promise<LoadResult> {
  const { demo, fixture } = target;
  return await load(
    { url: demo.url, token: demo.tokens.ci },
    (n) => (n < FIGHTERS ? holdBody(fixture, slot, n) : null),
    { path, connections: FIGHTERS, ms: 60_000 },
  );
}

function assertOneWinner(name: string, { statuses }: LoadResult): void {
  const { '201': won = 0, '409': lost = 0 } = statuses;
  if (won === 1 && lost === FIGHTERS - 1) return;
  throw new Error(
    `${name}: ${JSON.stringify(statuses)}, not 1 winner and ${FIGHTERS - 1} clean losers`,
  );
}

type Measured = { readonly rounds: readonly Round[]; readonly bare: readonly Timed[] };

function ratios({ rounds: all, bare }: Measured) {
  const per_second = (name: 'hold' | 'loser' | 'loser_without_redis') =>
    all.map((round) => round[name].per_second);
  const bare_rates = bare.map((one) => one.per_second);
  const pgbench = all.map((round) => round.hold_pgbench?.per_second ?? null);
  const known = pgbench.filter((rate) => rate !== null);
  return {
    hold: median(per_second('hold')),
    hold_pgbench: known.length > 0 ? median(known) : null,
    hold_ratio: ratioOf(per_second('hold'), pgbench),
    hold_p95_ms: median(all.map((round) => round.hold.p95_ms)),
    loser: median(per_second('loser')),
    bare: median(bare_rates),
    loser_ratio: ratioOf(per_second('loser'), bare_rates),
    loser_p95_ms: median(all.map((round) => round.loser.p95_ms)),
    loser_without_redis: median(per_second('loser_without_redis')),
    hold_daemon_us: median(all.map((round) => round.hold.cost.daemon)),
    hold_postgres_us: median(all.map((round) => round.hold.cost.postgres)),
    pgbench_postgres_us: median(all.map((round) => round.hold_pgbench?.postgres_us ?? 0)),
    loser_daemon_us: median(all.map((round) => round.loser.cost.daemon)),
    bare_daemon_us: median(bare.map((one) => one.cost.daemon)),
    doorman_gain: ratioOf(per_second('loser'), per_second('loser_without_redis')),
  };
}

await using stack = new AsyncDisposableStack();
const candidates = [await candidate(stack, null)];
if (flags.compare) candidates.push(await candidate(stack, flags.compare));
const bare_server = stack.use(await startBareServer());
const measured = new Map(
  candidates.map((one) => [
    one,
    { rounds: [], bare: [] } as {
      rounds: Round[];
      bare: Timed[];
    },
  ]),
);
for (let round = 0; round < rounds; round += 1) {
  for (const [target, into] of measured) {
    into.rounds.push(await oneRound(target));
    const { fixture, demo } = target;
    const body = (n: number) => holdBody(fixture, 0, n);
    const pids = { daemon: bare_server.pid, postgres: 0 };
    into.bare.push(
      await timed(pids, () => load({ url: bare_server.url, token: demo.tokens.ci }, body)),
    );
  }
}

const [target, before] = [...measured].map(([one, into]) => ({ one, into, sums: ratios(into) }));
if (!target) throw new Error('nothing was measured');
const hold_fight = await fight(target.one, '/v1/reservations', 0.5 * slots_max - 2);
assertOneWinner('POST /v1/reservations', hold_fight);
const booking_fight = await fight(target.one, '/v1/bookings', 0.5 * slots_max - 3);
assertOneWinner('POST /v1/bookings', booking_fight);
const crowd = await load(
  { url: target.one.demo.url, token: target.one.demo.tokens.ci },
  (n) => holdBody(target.one.fixture, 0.5 * slots_max - 2, n),
  { connections: FIGHTERS },
);

const figure = (
  what: string,
  key: keyof ReturnType<typeof ratios>,
  unit: string,
  goal?: Figure['goal'],
): Figure => ({
  what,
  value: target.sums[key],
  unit,
  ...(goal ? { goal } : {}),
  ...(before ? { baseline: before.sums[key] } : {}),
});
const figures: readonly Figure[] = [
  figure('holds over HTTP, many slots', 'hold', '/s'),
  figure('the same SQL in pgbench', 'hold_pgbench', '/s'),
  figure('hold ratio', 'hold_ratio', '', { at_least: 0.5 }),
  figure('hold p95', 'hold_p95_ms', 'ms'),
  figure('CPU per hold: daemon', 'hold_daemon_us', 'us'),
  figure('CPU per hold: PostgreSQL', 'hold_postgres_us', 'us'),
  figure('CPU per hold in pgbench: PostgreSQL', 'pgbench_postgres_us', 'us'),
  figure('losers over HTTP, one slot', 'loser', '/s'),
  figure('bare HTTP server', 'bare', '/s'),
  figure('loser ratio', 'loser_ratio', '', { at_least: 0.7 }),
  figure('loser p95', 'loser_p95_ms', 'ms'),
  figure('CPU per loser: daemon', 'loser_daemon_us', 'us'),
  figure('CPU per bare answer: server', 'bare_daemon_us', 'us'),
  figure('losers without Redis', 'loser_without_redis', '/s'),
  figure('gain by the doorman', 'doorman_gain', 'x'),
  { what: '1000 at once, POST /v1/reservations, p95', value: hold_fight.p95_ms, unit: 'ms' },
  { what: '1000 at once, POST /v1/bookings, p95', value: booking_fight.p95_ms, unit: 'ms' },
  {
    what: '1000 that never pause on one slot, p95',
    value: crowd.p95_ms,
    unit: 'ms',
    goal: { at_most: 100 },
  },
];
keep({
  name: 'holds',
  figures,
  details: {
    seconds,
    connections,
    rounds: target.into,
    before: before?.into ?? null,
    fights: { hold_fight, booking_fight, crowd },
  },
});
console.log(table(figures));
