/**
 * Resident memory of the built daemon, idle with everything connected, and after some load. Goal:
 * 160 MB idle (design, goals).   node bench/memory.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startDaemon } from './lib/children.ts';
import { residentMb } from './lib/cpu.ts';
import { checkOut, startDemo } from './lib/demo.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';
import { holdBody, makeFixture } from './lib/fixture.ts';
import { runLoad } from './lib/http-load.ts';

const SETTLE_MS = 8_000;
const HOLDS = 3_000;

using tree = checkOut(null);
using demo = startDemo(tree.root);
const fixture = await makeFixture(demo, HOLDS + 1);
await using daemon = await startDaemon(demo, {
  REDIS_URL: demo.redis_url ?? '',
  STRIPE_SECRET_KEY: 'sk_test_bench',
  STRIPE_WEBHOOK_SECRET: 'whsec_bench',
  STRIPE_API_BASE: demo.stripe_url,
  SMTP_URL: 'smtp://127.0.0.1:9',
});
await fetch(`${daemon.url}/readyz`);
await sleep(SETTLE_MS);
const idle_mb = residentMb(daemon.pid);
const load = await runLoad({
  url: daemon.url,
  method: 'POST',
  path: '/v1/reservations',
  headers: { authorization: `Bearer ${demo.tokens.ci}`, 'content-type': 'application/json' },
  body: (n) => (n < HOLDS ? holdBody(fixture, n, n) : null),
  connections: 64,
  duration_ms: 60_000,
});
await sleep(SETTLE_MS);
const loaded_mb = residentMb(daemon.pid);
const figures: readonly Figure[] = [
  { what: 'daemon idle, resident', value: rounded(idle_mb, 0), unit: 'MB', goal: { at_most: 160 } },
  { what: `after ${load.requests} holds, resident`, value: rounded(loaded_mb, 0), unit: 'MB' },
];
keep({ name: 'memory', figures, details: { load } });
console.log(table(figures));
