import type { Sql } from 'postgres';
import { generateSlots, setScheduleHours } from '../../src/daemon/actions/change-schedule.ts';
import type { App } from '../../src/daemon/app-types.ts';
import type { Input } from '../../src/domain/shapes.ts';
import { staff } from '../actions/bench.ts';
import { addClinic, addRoom, addService, addStaff, type Clinic } from '../helpers/database.ts';

/** A clinic with one vet, and the manager who sets their hours. */
export type Scene = {
  readonly clinic: Clinic;
  readonly clinic_id: string;
  readonly service_id: string;
  readonly staff_id: string;
  readonly room_id: string;
  readonly manager: ReturnType<typeof staff>;
  /** Local date at the clinic, so many days from today. */
  readonly day: (days: number) => string;
  readonly set: (
    more?: Partial<Input<'set_schedule_hours'>>,
  ) => ReturnType<typeof setScheduleHours>;
  readonly generate: (more?: Partial<Input<'generate_slots'>>) => ReturnType<typeof generateSlots>;
};

export const all_days = [1, 2, 3, 4, 5, 6, 7];

/** Nine to twelve every day for the next ten days, once `set` is called. */
export async function makeScene(
  app: App,
  sql: Sql,
  options: { readonly time_zone?: string; readonly horizon_days?: number } = {},
): Promise<Scene> {
  const { time_zone = 'Asia/Jakarta', horizon_days = 10 } = options;
  const clinic = await addClinic(sql, { time_zone });
  await sql`update clinics set horizon_days = ${horizon_days} where id = ${clinic.id}`;
  const service_id = await addService(sql, clinic);
  const staff_id = await addStaff(sql, clinic);
  const room_id = await addRoom(sql, clinic);
  const manager = staff('manager', clinic.id);
  const clinic_id = clinic.id;
  return {
    clinic,
    clinic_id,
    service_id,
    staff_id,
    room_id,
    manager,
    day: (days) => Temporal.Now.plainDateISO(time_zone).add({ days }).toString(),
    set: async (more = {}) =>
      await setScheduleHours(app, manager, {
        clinic_id,
        service_id,
        staff_id,
        kind: 'work',
        weekdays: all_days,
        hours: [{ opens: '09:00', closes: '12:00' }],
        dry_run: false,
        ...more,
      }),
    generate: async (more = {}) =>
      await generateSlots(app, manager, { clinic_id, dry_run: false, ...more }),
  };
}

/** Slots of a clinic on a day as `09:00 available`, closed ones as `09:00 closed`. */
export async function slotsOn(sql: Sql, clinic_id: string, date: string): Promise<string[]> {
  const rows = await sql<{ text: string }[]>`
    select to_char(slot_start_time, 'HH24:MI') || ' '
      || case when closed_for is null then status else 'closed' end as text
    from slots
    where clinic_id = ${clinic_id} and slot_date = ${date}
    order by starts_at, created_at, closed_for nulls last`;
  return rows.map(({ text }) => text);
}

/** The id of the slot that starts then. */
export async function slotAt(
  sql: Sql,
  clinic_id: string,
  date: string,
  time: string,
): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    select id from slots
    where clinic_id = ${clinic_id} and slot_date = ${date} and slot_start_time = ${time}
      and closed_for is null`;
  if (!row) throw new Error(`no slot on ${date} at ${time}`);
  return row.id;
}
