/**
 * What kept answers about free times are worth, and what their versions cost those who hold: two daemons
 * on one database, with and without, in turns; then holds with the versions of 0062, without, and with a
 * row per clinic instead (docs/adr/0009-availability-by-version.md).
 *
 *   node bench/availability.ts [--rounds 3] [--seconds 3]
 */
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { type Program, startDaemon } from './lib/children.ts';
import { cpuOf, cpuWithChildren } from './lib/cpu.ts';
import { checkOut, startDemo } from './lib/demo.ts';
import { type Figure, keep, median, ratioOf, rounded, table } from './lib/figures.ts';
import { holdScript, makeFixture } from './lib/fixture.ts';
import { runLoad } from './lib/http-load.ts';
import { runPgbench } from './lib/pgbench.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
});
const rounds = Number(flags.rounds);
const seconds = Number(flags.seconds);
const READERS = 16;
/** Holds in one turn of pgbench, at most. */
const HOLDS_MAX = 12_000;
/** Changes of the clinic in a second, for a desk on a busy day. */
const CHANGES_PER_S = [0, 5, 50] as const;

using tree = checkOut(null);
using demo = startDemo(tree.root);
const sql = postgres(demo.database_url, { max: 2, onnotice: () => {} });

type Read = { readonly per_second: number; readonly p95_ms: number; readonly cpu_us: number };

/** A week of slots, read by a crowd while the clinic changes so often. */
async function read(daemon: Program, path: string, tag: string | null, changes: number) {
  let is_over = false;
  const writer = async () => {
    while (!is_over && changes > 0) {
      await sql`update slots set price = 1000 + random() * 1000 where id = (
        select slot_id from bench_slots where n = 1)`;
      await new Promise((resolve) => setTimeout(resolve, 1000 / changes));
    }
  };
  const writing = writer();
  const at = () => cpuOf(daemon.pid) + cpuWithChildren(demo.pids.postgres);
  const from = at();
  const done = await runLoad({
    url: daemon.url,
    method: 'GET',
    path,
    headers: {
      authorization: `Bearer ${demo.tokens.ci}`,
      ...(tag === null ? {} : { 'if-none-match': tag }),
    },
    body: () => '',
    connections: READERS,
    duration_ms: seconds * 1000,
  });
  const cpu_us = rounded(((at() - from) * 1000) / Math.max(1, done.requests), 1);
  is_over = true;
  await writing;
  return { per_second: done.per_second, p95_ms: done.p95_ms, cpu_us };
}

const triggers = {
  versions: async (is_on: boolean) => {
    const word = is_on ? 'enable' : 'disable';
    await sql.unsafe(`alter table slot_claims ${word} trigger slot_claims_change_availability`);
  },
  row: async (is_on: boolean) => {
    const word = is_on ? 'enable' : 'disable';
    await sql.unsafe(`alter table slot_claims ${word} trigger bench_row`);
  },
};

async function holds(): Promise<number> {
  const slot = `(select nextval('bench_next') % ${HOLDS_MAX * rounds * 3} + 1)`;
  const done = await runPgbench(demo.database_url, holdScript(slot), seconds);
  return done?.per_second ?? Number.NaN;
}

const quick = { versions: [] as number[], none: [] as number[], row: [] as number[] };
const reads = new Map<string, { kept: Read[]; plain: Read[] }>();
let spared: Read | null = null;

try {
  await sql`set statement_timeout = '5min'`;
  const fixture = await makeFixture(demo, HOLDS_MAX * rounds * 3);
  await using stack = new AsyncDisposableStack();
  const settings = { REDIS_URL: '', PETPRO_ONLY: 'api', PETPRO_LOG_LEVEL: 'info' };
  const kept = stack.use(await startDaemon(demo, settings));
  const plain = stack.use(
    await startDaemon(demo, { ...settings, PETPRO_AVAILABILITY_CACHE_S: '0' }),
  );
  const first = Temporal.Now.plainDateISO().add({ days: 42 });
  const path = `/v1/services/${fixture.service_id}/slots?from=${first}&to=${first.add({ days: 6 })}&limit=200`;
  const headers = { authorization: `Bearer ${demo.tokens.ci}` };
  const warm = await fetch(`${kept.url}${path}`, { headers });
  await warm.text();
  const tag = warm.headers.get('etag');
  for (let round = 0; round < rounds; round += 1) {
    for (const changes of CHANGES_PER_S) {
      const name = `${changes} changes/s`;
      const figures = reads.get(name) ?? { kept: [], plain: [] };
      reads.set(name, figures);
      figures.kept.push(await read(kept, path, null, changes));
      figures.plain.push(await read(plain, path, null, changes));
    }
  }
  const again = await fetch(`${kept.url}${path}`, { headers });
  await again.text();
  spared = await read(kept, path, again.headers.get('etag') ?? tag, 0);

  await sql.unsafe(`
    create table bench_versions (clinic_id uuid primary key, version bigint not null);
    insert into bench_versions select id, 0 from clinics;
    create function bench_row() returns trigger language plpgsql as $$
    begin
      update bench_versions v set version = v.version + 1
      from slots sl where sl.id = new.slot_id and v.clinic_id = sl.clinic_id;
      return null;
    end $$;
    create trigger bench_row after insert or update on slot_claims
    for each row execute function bench_row();
    alter table slot_claims disable trigger bench_row`);
  await holds();
  const turns = {
    versions: async () => quick.versions.push(await holds()),
    none: async () => {
      await triggers.versions(false);
      quick.none.push(await holds());
      await triggers.versions(true);
    },
    row: async () => {
      await triggers.versions(false);
      await triggers.row(true);
      quick.row.push(await holds());
      await triggers.row(false);
      await triggers.versions(true);
    },
  };
  for (let round = 0; round < rounds; round += 1) {
    // The news of the holds of one turn is still being told in the next: each goes first in its turn.
    const order =
      round % 2 === 0 ? (['versions', 'none'] as const) : (['none', 'versions'] as const);
    for (const name of order) await turns[name]();
    await turns.row();
  }

  const figures: Figure[] = [];
  for (const [name, { kept: with_it, plain: without }] of reads) {
    const per_second = (all: readonly Read[]) => all.map((one) => one.per_second);
    const cpu = (all: readonly Read[]) => all.map((one) => one.cpu_us);
    figures.push(
      { what: `a week's slots, ${name}, kept`, value: median(per_second(with_it)), unit: '/s' },
      { what: `a week's slots, ${name}, read`, value: median(per_second(without)), unit: '/s' },
      {
        what: `kept : read, ${name}`,
        value: ratioOf(per_second(with_it), per_second(without)),
        unit: 'x',
      },
      { what: `CPU of a kept one, ${name}`, value: median(cpu(with_it)), unit: 'us' },
      { what: `CPU of a read one, ${name}`, value: median(cpu(without)), unit: 'us' },
      {
        what: `p95 kept, ${name}`,
        value: median(with_it.map((one) => one.p95_ms)),
        unit: 'ms',
      },
      { what: `p95 read, ${name}`, value: median(without.map((one) => one.p95_ms)), unit: 'ms' },
    );
  }
  figures.push(
    { what: 'answered 304', value: spared?.per_second ?? null, unit: '/s' },
    { what: 'CPU of a 304', value: spared?.cpu_us ?? null, unit: 'us' },
    { what: 'holds in pgbench, no version', value: median(quick.none), unit: '/s' },
    { what: 'with the versions : without', value: ratioOf(quick.versions, quick.none), unit: 'x' },
    { what: 'with a row per clinic : without', value: ratioOf(quick.row, quick.none), unit: 'x' },
  );
  keep({ name: 'availability', figures, details: { quick, reads: Object.fromEntries(reads) } });
  console.log(table(figures));
} finally {
  await sql.end({ timeout: 5 });
}
