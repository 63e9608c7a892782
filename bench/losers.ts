/**
 * Only the loser path: CPU time of the daemon per refused hold, beside the bare HTTP server, in turns. Quick enough to
 * run after each small change.
 *
 *   node bench/losers.ts [--rounds 5] [--seconds 1] [--connections 64] [--path /v1/reservations] [--seats 1]
 *     [--profile DIR]
 */
import { parseArgs } from 'node:util';
import { startBareServer, startDaemon } from './lib/children.ts';
import { cpuOf } from './lib/cpu.ts';
import { checkOut, startDemo } from './lib/demo.ts';
import { median, ratioOf, rounded } from './lib/figures.ts';
import { fillSlot, holdBody, makeFixture, OWNERS } from './lib/fixture.ts';
import { type LoadResult, runLoad } from './lib/http-load.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64' },
    path: { type: 'string', default: '/v1/reservations' },
    /** Seats of the slot that is lost; all are held before. */
    seats: { type: 'string', default: '1' },
    /** Writes a CPU profile of the daemon there. */
    profile: { type: 'string' },
  },
});
const SLOTS = 100;

await using stack = new AsyncDisposableStack();
const demo = stack.use(startDemo(stack.use(checkOut(null)).root));
const fixture = await makeFixture(demo, SLOTS);
const SLOT = SLOTS / 2;
const seats = Number(flags.seats);
if (seats > 1) await fillSlot(demo, fixture, SLOT, seats);
const daemon = flags.profile
  ? stack.use(
      await startDaemon(demo, {
        REDIS_URL: demo.redis_url ?? '',
        PETPRO_ONLY: 'api',
        PETPRO_LOG_LEVEL: 'info',
        NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${flags.profile}`,
      }),
    )
  : { url: demo.url, pid: demo.pids.daemon };
const bare = stack.use(await startBareServer());

/** How many losers were answered from memory so far; 0 for a commit that has none. */
async function fromMemory(): Promise<number> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text();
  return Number(/petpro_refusals_from_memory_total (\d+)/.exec(text)?.[1] ?? 0);
}

async function measure(target: { readonly url: string; readonly pid: number }) {
  const before = cpuOf(target.pid);
  const result: LoadResult = await runLoad({
    url: target.url,
    method: 'POST',
    path: flags.path,
    headers: { authorization: `Bearer ${demo.tokens.ci}`, 'content-type': 'application/json' },
    body: (n) => holdBody(fixture, SLOT, OWNERS / 2 + n),
    connections: Number(flags.connections),
    duration_ms: Number(flags.seconds) * 1000,
  });
  const us = rounded(((cpuOf(target.pid) - before) * 1000) / Math.max(1, result.requests), 1);
  return { ...result, us };
}

const rounds = [];
// The first round warms both up.
for (let round = 0; round <= Number(flags.rounds); round += 1) {
  const before = await fromMemory();
  const ours = await measure(daemon);
  const quick = rounded((await fromMemory()) - before) / Math.max(1, ours.requests);
  const theirs = await measure({ ...bare, url: bare.url });
  if (round > 0) rounds.push({ ours, theirs });
  const statuses = JSON.stringify(ours.statuses);
  console.log(
    `${ours.us} us  ${ours.per_second}/s  p95 ${ours.p95_ms} ms  ${statuses} memory ${rounded(quick)}` +
      `   bare ${theirs.us} us  ${theirs.per_second}/s`,
  );
}
const ours = rounds.map((round) => round.ours);
const theirs = rounds.map((round) => round.theirs);
const rate = ratioOf(
  ours.map(({ per_second }) => per_second),
  theirs.map(({ per_second }) => per_second),
);
const us = (all: readonly { readonly us: number }[]) => median(all.map((one) => one.us));
console.log(
  `CPU per loser ${us(ours)} us, bare ${us(theirs)} us (${rounded(us(theirs) / us(ours))}); ` +
    `rate ratio ${rate}`,
);
