/**
 * One service's week of availability while the slots table grows to two million rows: time in the
 * database, and over HTTP. Goal: p95 <= 5 ms in the database, flat as history grows (design, goals).
 *
 *   node bench/reads.ts [--slots 2000000] [--samples 60]
 */
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { checkOut, startDemo } from './lib/demo.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';
import { runLoad } from './lib/http-load.ts';

const { values: flags } = parseArgs({
  options: {
    slots: { type: 'string', default: '2000000' },
    samples: { type: 'string', default: '60' },
  },
});
const slots_max = Number(flags.slots);
const samples = Number(flags.samples);
const SERVICES = 100;
const INSERTED_AT_ONCE = 100_000;

type Explained = {
  readonly 'Execution Time': number;
  readonly 'Planning Time': number;
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number };
};

using tree = checkOut(null);
using demo = startDemo(tree.root);
const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });

/** History: half-hours of many services, going back from now, so that the week asked for stays. */
async function addHistory(from: number, to: number): Promise<void> {
  for (let start = from; start < to; start += INSERTED_AT_ONCE) {
    const end = Math.min(to, start + INSERTED_AT_ONCE) - 1;
    await sql`
      insert into slots (
        service_id, clinic_id, slot_date, slot_start_time, slot_end_time, starts_at, ends_at
      )
      select sv.id, sv.clinic_id, t::date, t::time, (t + interval '29 min')::time,
        t at time zone 'UTC', (t + interval '29 min') at time zone 'UTC'
      from generate_series(${start}::int, ${end}::int) as g (i)
      join bench_services b on b.n = g.i % ${SERVICES}
      join services sv on sv.id = b.id,
      lateral (
        select date_trunc('hour', now() at time zone 'UTC') + interval '14 days'
          - (g.i / ${SERVICES}) * interval '30 min' as t
      ) x`;
  }
  // As it stands after a quiet hour; otherwise autovacuum and a checkpoint would be measured too.
  await sql`vacuum analyze`;
  await sql`checkpoint`;
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN);
}

async function measure(service_id: string) {
  const times: number[] = [];
  let plan: Explained['Plan'] | null = null;
  let blocks = 0;
  // The first ones fill the cache.
  for (let sample = -10; sample < samples; sample += 1) {
    const [row] = await sql<{ 'QUERY PLAN': readonly Explained[] }[]>`
      explain (analyze, buffers, timing off, format json)
      select *
      from slot_states
      where service_id = ${service_id}
        and starts_at >= now()
        and starts_at < now() + interval '7 days'
        and starts_at > now() and reason is null
      order by starts_at, slot_id
      limit 500`;
    const explained = row?.['QUERY PLAN'][0];
    if (!explained) throw new Error('no plan');
    if (sample >= 0) times.push(explained['Execution Time']);
    plan = explained.Plan;
    blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
  }
  const text = JSON.stringify(plan);
  const names = [...text.matchAll(/"Index Name":"(\w+)"/g)].map((match) => match[1] ?? '');
  return {
    p50_ms: quantile(times, 0.5),
    p95_ms: quantile(times, 0.95),
    indexes: [...new Set(names)],
    blocks,
    plan,
    reads_slots_whole: /"Seq Scan"[^{}]*"Relation Name":"slots"/.test(text),
  };
}

try {
  await sql`set statement_timeout = '10min'`;
  await sql`create unlogged table bench_services (n int primary key, id uuid not null)`;
  await sql`
    with made as (
      insert into services (clinic_id, name, price, currency, duration_minutes)
      select ${demo.clinic_id}, 'Bench ' || n, 250000, 'IDR', 30
      from generate_series(0, ${SERVICES - 1}) n
      returning id
    )
    insert into bench_services select row_number() over () - 1, id from made`;
  const [first] = await sql<{ id: string }[]>`select id from bench_services where n = 0`;
  if (!first) throw new Error('no service');
  const small = slots_max / 10;
  await addHistory(0, small);
  const before = await measure(first.id);
  await addHistory(small, slots_max);
  const after = await measure(first.id);
  const week = await runLoad({
    url: demo.url,
    method: 'GET',
    path: `/v1/services/${first.id}/slots?from=${Temporal.Now.plainDateISO()}&to=${Temporal.Now.plainDateISO().add({ days: 6 })}&limit=200`,
    headers: { authorization: `Bearer ${demo.tokens.ci}` },
    body: (n) => (n < 400 ? '' : null),
    connections: 2,
    duration_ms: 30_000,
  });
  const figures: readonly Figure[] = [
    {
      what: `a week's slots, ${small} rows, p95 in the database`,
      value: before.p95_ms,
      unit: 'ms',
    },
    {
      what: `a week's slots, ${slots_max} rows, p95 in the database`,
      value: after.p95_ms,
      unit: 'ms',
      goal: { at_most: 5 },
    },
    { what: 'blocks touched, then', value: before.blocks, unit: '' },
    { what: 'blocks touched, now', value: after.blocks, unit: '' },
    { what: 'growth, tenfold history', value: rounded(after.p50_ms / before.p50_ms), unit: 'x' },
    { what: 'the same over HTTP, p95', value: week.p95_ms, unit: 'ms' },
  ];
  keep({ name: 'reads', figures, details: { before, after, week } });
  console.log(table(figures));
  console.log(`indexes: ${after.indexes.join(', ')}; slots read whole: ${after.reads_slots_whole}`);
} finally {
  await sql.end({ timeout: 5 });
}
