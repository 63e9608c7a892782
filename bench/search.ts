/**
 * Finding owners in a town of a million, over HTTP and in the database, and what it costs to keep: sizes of the
 * indices, and how times grow from a tenth of the town to all of it. Goal: p95 <= 150 ms.
 *
 *   node bench/search.ts [--owners 1000000] [--samples 40]
 */
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { parseSearch } from '../src/domain/search.ts';
import { addVisits, growCrowd, prepareCrowd } from './lib/crowd.ts';
import { checkOut, startDemo } from './lib/demo.ts';
import { type Figure, keep, rounded, table } from './lib/figures.ts';

const { values: flags } = parseArgs({
  options: {
    owners: { type: 'string', default: '1000000' },
    samples: { type: 'string', default: '40' },
  },
});
const owners_max = Number(flags.owners);
const samples = Number(flags.samples);
const P95_MAX_MS = 150;
const REQUEST_MS = 15_000;
const LIMIT = 20;

/** What people type; `{n}` and `{nnnn}` become other digits each time. */
const questions: Readonly<Record<string, readonly string[]>> = {
  'a common name': ['siti', 'nur', 'müller', 'mochi'],
  'two common words': ['siti rahmawati', 'budi santoso', 'siti mochi'],
  'two letters': ['si', 'ki', 'wa'],
  'one letter': ['s', 'm', '林'],
  'kanji and kana': ['佐藤', '佐藤太郎', '太郎', 'ハナコ', 'ﾊﾅｺ', 'さくら'],
  'the end of a number': ['{nnnn}', '{n}{nnnn}'],
  'a whole number': ['+62 812-0{n}{n}{n}{nnnn}', '0812 0{n}{n}{n}{nnnn}'],
  'an address': ['owner.{nnnn}', 'owner.{nnnn}@mail'],
  'a name and a number': ['siti {nnnn}', '佐藤 {nnnn}'],
  'spelled wrong': ['sitti rahmawatti', 'santosso', 'müllr'],
  nobody: ['xyzzyq', '9999999999999', 'BP00000000'],
};

const digits = (count: number) =>
  Array.from({ length: count }, () => Math.floor(Math.random() * 10)).join('');
const filled = (text: string) =>
  text.replaceAll('{nnnn}', () => digits(4)).replaceAll('{n}', () => digits(1));

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN);
}

using tree = checkOut(null);
using demo = startDemo(tree.root);
const sql = postgres(demo.database_url, { max: 1, onnotice: () => {} });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function askDaemon(q: string): Promise<void> {
  const query = new URLSearchParams({
    q,
    near: 'true',
    limit: String(LIMIT),
    clinic_id: demo.clinic_id,
  });
  const response = await fetch(`${demo.url}/v1/owners?${query}`, {
    headers: { authorization: `Bearer ${demo.tokens.ci}` },
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${q}: ${response.status}`);
}

async function askDatabase(q: string): Promise<void> {
  const { words, email, phones, reference } = parseSearch(q);
  await sql`
    select *
    from find_owners(
      ${words}::text[], ${email}, ${phones}::text[], ${reference}, ${demo.clinic_id}, true, ${LIMIT}
    )`;
}

/** Times of every kind of question, one desk asking; the first round warms the caches. */
async function measure() {
  const kinds = [];
  for (const [kind, texts] of Object.entries(questions)) {
    const http: number[] = [];
    const database: number[] = [];
    for (let n = -texts.length; n < samples; n += 1) {
      const q = filled(texts[(n + texts.length) % texts.length] ?? '');
      const [over_http, inside] = [
        await timed(() => askDaemon(q)),
        await timed(() => askDatabase(q)),
      ];
      if (n < 0) continue;
      http.push(over_http);
      database.push(inside);
    }
    kinds.push({
      kind,
      p50_ms: quantile(http, 0.5),
      p95_ms: quantile(http, 0.95),
      database_p50_ms: quantile(database, 0.5),
      database_p95_ms: quantile(database, 0.95),
    });
  }
  return kinds;
}

async function grow(from: number, to: number): Promise<number> {
  const ms = await timed(() => growCrowd(sql, from, to));
  await sql`refresh materialized view search_words`;
  await sql`vacuum analyze`;
  await sql`checkpoint`;
  return ms;
}

async function sizes() {
  return await sql<{ name: string; mb: number }[]>`
    select relname as name, round(pg_relation_size(oid) / 1048576.0, 1)::float8 as mb
    from pg_class
    where relname ~ '^(owner_search|search_words)' or relname in ('users', 'pets')
    order by relname`;
}

try {
  await sql`set statement_timeout = '30min'`;
  await prepareCrowd(sql);
  const small = owners_max / 10;
  await grow(0, small);
  await addVisits(sql, demo.clinic_id, small);
  const before = await measure();
  await grow(small, owners_max);
  const refreshed_ms = await timed(() => sql`refresh materialized view concurrently search_words`);
  const after = await measure();
  const stored = await sizes();
  const worst = Math.max(...after.map(({ p95_ms }) => p95_ms));
  const growth = after.map(({ p50_ms }, index) => p50_ms / (before[index]?.p50_ms ?? Number.NaN));
  const index_mb = stored
    .filter(({ name }) => /^(owner_search|search_words)/.test(name))
    .reduce((sum, { mb }) => sum + mb, 0);
  const figures: readonly Figure[] = [
    ...after.map(({ kind, p95_ms }) => ({
      what: `${kind}, p95`,
      value: p95_ms,
      unit: 'ms',
      goal: { at_most: P95_MAX_MS },
    })),
    { what: 'the worst of them', value: worst, unit: 'ms', goal: { at_most: P95_MAX_MS } },
    {
      what: `most growth, ${small} to ${owners_max}`,
      value: rounded(Math.max(...growth)),
      unit: 'x',
    },
    { what: 'kept for searching, with indices', value: rounded(index_mb, 0), unit: 'MB' },
    { what: 'words refreshed beside readers', value: rounded(refreshed_ms, 0), unit: 'ms' },
  ];
  keep({ name: 'search', figures, details: { owners: owners_max, before, after, stored } });
  console.log(table(figures));
} finally {
  await sql.end({ timeout: 5 });
}
