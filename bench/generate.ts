/**
 * Slots made of hours: how fast the pure part decides, how fast they are written, and what a run costs
 * that finds everything as it should be.   node bench/generate.ts [--vets 20] [--days 90]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runGeneration } from '../src/daemon/actions/generate-slots.ts';
import { openDatabase } from '../src/daemon/store/db.ts';
import { migrateUp } from '../src/daemon/store/migrate.ts';
import { type HoursRow, wantedSlots } from '../src/domain/schedule.ts';
import { removePostgresData, startPostgres } from '../src/sandbox/postgres.ts';
import { type Figure, keep, median, rounded, table } from './lib/figures.ts';

const { values: flags } = parseArgs({
  options: {
    vets: { type: 'string', default: '20' },
    days: { type: 'string', default: '90' },
    rounds: { type: 'string', default: '3' },
  },
});
const vets = Number(flags.vets);
const days = Number(flags.days);
const rounds = Number(flags.rounds);

const perSecond = (count: number, ms: number) => Math.round((count / ms) * 1_000);

/** Every vet offers one service in quarters of an hour, from eight to six, every day. */
function decide(): { readonly slots: number; readonly ms: number } {
  const hours = Array.from({ length: vets }, (_, n) => n).flatMap((n) =>
    [1, 2, 3, 4, 5, 6, 7].map(
      (weekday): HoursRow => ({
        schedule_id: `${n}-${weekday}`,
        staff_id: `vet-${n}`,
        service_id: 'service',
        room_id: null,
        kind: 'work',
        weekday,
        opens: '08:00',
        closes: '18:00',
        step_minutes: null,
        valid_from: null,
        valid_to: null,
      }),
    ),
  );
  const service = {
    service_id: 'service',
    duration_minutes: 15,
    capacity: 1,
    buffer_before_minutes: 0,
    buffer_after_minutes: 0,
  };
  const rules = {
    time_zone: 'Europe/Berlin',
    holiday_policy: 'ask',
    hours,
    exceptions: [],
    holidays: [],
    services: [service],
    time_off: [],
  } as const;
  const from = '2027-02-01';
  const to = Temporal.PlainDate.from(from)
    .add({ days: days - 1 })
    .toString();
  const started = performance.now();
  const { slots } = wantedSlots(rules, { from, to, now_ms: 0 });
  return { slots: slots.length, ms: performance.now() - started };
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-generate-'));
const data_dir = path.join(dir, 'data');
const server = await startPostgres({ data_dir, fsync: true, watchdog: true });
const sql = openDatabase(server.url, { application_name: 'bench-generate', max: 2 });

/** A clinic with these vets, whose slots nobody has made yet. */
async function makeClinic(code: string): Promise<string> {
  const [clinic] = await sql<{ id: string }[]>`
    insert into clinics (code, name, city, time_zone, currency, horizon_days)
    values (${code}, ${code}, 'Berlin', 'Europe/Berlin', 'EUR', ${days})
    returning id`;
  const clinic_id = clinic?.id ?? '';
  await sql`
    with s as (
      insert into services (clinic_id, name, price, currency, duration_minutes)
      values (${clinic_id}, 'Visit', 50, 'EUR', 15) returning id
    ), v as (
      insert into staff (clinic_id, name)
      select ${clinic_id}, 'Vet ' || n from generate_series(1, ${vets}::integer) n returning id
    )
    insert into schedules (clinic_id, staff_id, service_id, weekday, opens, closes)
    select ${clinic_id}, v.id, s.id, d, '08:00', '18:00'
    from v, s, generate_series(1, 7) d`;
  return clinic_id;
}

async function run(clinic_id: string) {
  const started = performance.now();
  const wish = { clinic_id, until: null, dry_run: false, is_request: false };
  const report = await runGeneration(sql, wish);
  if (!report) throw new Error('the clinic is gone');
  return { ms: performance.now() - started, opened: report.opened, unchanged: report.unchanged };
}

try {
  await migrateUp(sql);
  decide();
  const decided = Array.from({ length: rounds }, decide);
  const made: { ms: number; opened: number }[] = [];
  const found: { ms: number; unchanged: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const clinic_id = await makeClinic(`B${round}`);
    made.push(await run(clinic_id));
    found.push(await run(clinic_id));
  }
  const figures: readonly Figure[] = [
    {
      what: 'decided in memory',
      value: median(decided.map(({ slots, ms }) => perSecond(slots, ms))),
      unit: 'slots/s',
    },
    {
      what: 'made, from hours to committed rows',
      value: median(made.map(({ opened, ms }) => perSecond(opened, ms))),
      unit: 'slots/s',
    },
    {
      what: 'found as they should be',
      value: median(found.map(({ unchanged, ms }) => perSecond(unchanged, ms))),
      unit: 'slots/s',
    },
    {
      what: 'one run, all made',
      value: rounded(median(made.map(({ ms }) => ms)), 0),
      unit: 'ms',
    },
  ];
  console.log(table(figures));
  keep({ name: 'generate', figures, details: { vets, days, made, found } });
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  removePostgresData(data_dir);
  fs.rmSync(dir, { recursive: true, force: true });
}
