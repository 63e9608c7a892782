import type { Sql } from 'postgres';
import { run } from '../daemon/store/db.ts';
import { type Finding, fail, pass, warn } from './checks.ts';

/** Whether this program and PostgreSQL tell the same time: their zone data are updated apart. */

const ZONES_MAX = 100;
const NANOSECONDS = 1_000_000_000;

/** One zone without and one with clock changes, as they have been for years. */
const known = [
  ['2026-07-01T00:00:00Z', 'Asia/Jakarta', '+07:00'],
  ['2026-01-15T00:00:00Z', 'America/New_York', '-05:00'],
  ['2026-07-15T00:00:00Z', 'America/New_York', '-04:00'],
] as const;

/** True when the zone data of this program can be used at all. */
export function knowsTime(): boolean {
  try {
    return known.every(
      ([at, zone, offset]) => Temporal.Instant.from(at).toZonedDateTimeISO(zone).offset === offset,
    );
  } catch {
    return false;
  }
}

export type ZoneRow = { readonly zone: string; readonly at_s: number; readonly offset_s: number };

/** Zones in which the two differ somewhere in the year ahead. */
export function differingZones(rows: readonly ZoneRow[]): readonly string[] {
  const differs = ({ zone, at_s, offset_s }: ZoneRow) => {
    try {
      const at = Temporal.Instant.fromEpochMilliseconds(at_s * 1_000).toZonedDateTimeISO(zone);
      return at.offsetNanoseconds / NANOSECONDS !== offset_s;
    } catch {
      return true;
    }
  };
  return [...new Set(rows.filter(differs).map(({ zone }) => zone))];
}

/** Compares both for every zone that a clinic is in, week by week. */
export async function judgeZones(sql: Sql, data: string): Promise<Finding> {
  const rows = await run(sql<ZoneRow[]>`
    select z.zone, extract(epoch from t)::float8 as at_s,
      extract(epoch from (t at time zone z.zone) - (t at time zone 'UTC'))::float8 as offset_s
    from (select distinct time_zone as zone from clinics order by 1 limit ${ZONES_MAX}) as z,
      generate_series(
        date_trunc('day', now()), date_trunc('day', now()) + interval '1 year', interval '1 week'
      ) as t`);
  const zones = new Set(rows.map(({ zone }) => zone));
  const wrong = differingZones(rows);
  if (wrong.length === 0) {
    return pass(`${data}, as PostgreSQL in ${zones.size} ${zones.size === 1 ? 'zone' : 'zones'}`);
  }
  const said = `${data}: PostgreSQL has other times for ${wrong.join(', ')}`;
  const fix = 'update Node.js, and the time zone data of the server of PostgreSQL';
  return wrong.length === zones.size ? fail(said, fix) : warn(said, fix);
}
