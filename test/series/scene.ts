import type { Sql } from 'postgres';
import { createSeries } from '../../src/daemon/actions/create-series.ts';
import type { App } from '../../src/daemon/app-types.ts';
import type { Input } from '../../src/domain/shapes.ts';
import { staff } from '../actions/bench.ts';
import {
  addClinic,
  addOwner,
  addService,
  addStaff,
  type Clinic,
  type OwnerIds,
} from '../helpers/database.ts';

/** A clinic with a service that is open at 10:00 and 11:00 on every day of some weeks. */

/** Monday, far enough ahead for every refund in full. */
export function mondayAhead(clinic: Clinic, weeks = 2): Temporal.PlainDate {
  const today = Temporal.Now.plainDateISO(clinic.time_zone);
  return today.subtract({ days: today.dayOfWeek - 1 }).add({ weeks });
}

export type SeriesScene = {
  readonly clinic: Clinic;
  readonly service_id: string;
  readonly andi: string;
  readonly sari: string;
  readonly owner: OwnerIds;
  readonly monday: Temporal.PlainDate;
  /** By vet, date and time. */
  readonly slots: ReadonlyMap<string, string>;
  readonly slot: (vet: 'andi' | 'sari', days: number, time?: string) => string;
};

/** Two vets, `weeks` weeks of days, 10:00 and 11:00. */
export async function addSeriesScene(
  sql: Sql,
  options: {
    readonly weeks?: number;
    readonly capacity?: number;
    readonly deposit?: string | null;
    readonly undo_ms?: number;
    readonly vets?: 1 | 2;
  } = {},
): Promise<SeriesScene> {
  const { weeks = 6, capacity = 1, deposit = null, undo_ms = 0, vets = 2 } = options;
  const clinic = await addClinic(sql, { undo_ms });
  const service_id = await addService(sql, clinic, { deposit, capacity });
  const andi = await addStaff(sql, clinic, 'Andi');
  const sari = await addStaff(sql, clinic, 'Sari');
  const owner = await addOwner(sql);
  const monday = mondayAhead(clinic);
  const rows = await sql<{ id: string; key: string }[]>`
    insert into slots (
      clinic_id, service_id, staff_id, starts_at, ends_at, slot_date, slot_start_time,
      slot_end_time, capacity
    )
    select ${clinic.id}, ${service_id}, v.staff_id, t.at, t.at + interval '30 minutes', d.day, h.time,
      h.time + interval '30 minutes', ${capacity}
    from unnest(${vets === 2 ? [andi, sari] : [andi]}::uuid[]) as v (staff_id)
    cross join lateral (
      select ${monday.toString()}::date + n as day from generate_series(0, ${weeks * 7 - 1}) as n
    ) as d
    cross join (values ('10:00'::time), ('11:00'::time)) as h (time)
    cross join lateral (select (d.day + h.time) at time zone ${clinic.time_zone}) as t (at)
    returning id, staff_id || ' ' || slot_date || ' ' || to_char(slot_start_time, 'HH24:MI') as key`;
  const slots = new Map(rows.map(({ id, key }) => [key, id]));
  const slot = (vet: 'andi' | 'sari', days: number, time = '10:00') => {
    const staff_id = vet === 'andi' ? andi : sari;
    const id = slots.get(`${staff_id} ${monday.add({ days })} ${time}`);
    if (id === undefined) throw new Error('no such slot in the scene');
    return id;
  };
  return { clinic, service_id, andi, sari, owner, monday, slots, slot };
}

type Wish = Partial<Input<'create_series'>>;

/** The wish for four Mondays at ten, as the desk says it. */
export function seriesWish(scene: SeriesScene, more: Wish = {}): Input<'create_series'> {
  return {
    service_id: scene.service_id,
    ...scene.owner,
    date: scene.monday.toString(),
    time: '10:00',
    same_vet: false,
    quantity: 1,
    every: 1,
    unit: 'week',
    weekdays: [],
    month_by: 'date',
    ...(more.until === undefined ? { count: 4 } : {}),
    skip_conflicts: false,
    dry_run: false,
    ...more,
  };
}

export async function mustCreate(app: App, scene: SeriesScene, more: Wish = {}) {
  const made = await createSeries(app, staff('desk', scene.clinic.id), seriesWish(scene, more));
  const { series_id } = made;
  if (series_id === null) throw new Error('a dry run makes nothing');
  return { ...made, series_id };
}
