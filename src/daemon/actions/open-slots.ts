import { AppError } from '../../domain/errors.ts';
import { type ScheduleRules, wantedSlots } from '../../domain/schedule.ts';
import { changesOf } from '../../domain/schedule-changes.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { knownClaims, knownSlots, standingTimeOff } from '../store/generate-slots.ts';
import { listRooms, listServiceRules } from '../store/schedules.ts';
import { addDays, applyChanges, spanOf, staffNames } from './generate-slots.ts';
import { generationNotes } from './generation-report.ts';
import { clinicToday, headOf } from './schedules.ts';

/** Slots that somebody opens by hand: no weekly hours behind them, and none that closes them. */

const DAYS_MAX = 62;
const DAY_MS = 86_400_000;
const weekdays = [1, 2, 3, 4, 5, 6, 7] as const;

function daysOf(input: Input<'open_slots'>, today: string) {
  const { date, to_date = date } = input;
  const refuse = (path: string, detail: string) =>
    new AppError('invalid_input', detail, { errors: [{ path: `body.${path}`, message: detail }] });
  if (date < today) throw refuse('date', `${date} is over.`);
  if (to_date < date) throw refuse('to_date', 'The last day lies before the first.');
  if (to_date > addDays(date, DAYS_MAX - 1)) {
    throw refuse('to_date', `At most ${DAYS_MAX} days are opened at once.`);
  }
  return { from: date, to: to_date };
}

/** The service, and the names of everybody who is asked for; what is not of this clinic is not there. */
async function partsOf(app: App, input: Input<'open_slots'>) {
  const { clinic_id, service_id, staff_id, room_id } = input;
  const [services, staff, rooms] = await Promise.all([
    listServiceRules(app.sql, clinic_id),
    staffNames(app.sql, clinic_id),
    listRooms(app.sql, clinic_id),
  ]);
  const service = services.find((one) => one.service_id === service_id);
  const is_known =
    (staff_id === undefined || staff.has(staff_id)) &&
    (room_id === undefined || rooms.some((room) => room.room_id === room_id));
  if (!service || !is_known) {
    throw new AppError('not_found', 'The clinic has no such service, vet or room.');
  }
  return { service: { ...service, capacity: input.capacity ?? service.capacity }, staff };
}

/** Opens slots once, between two times of one or several days. */
export async function openSlots(
  app: App,
  actor: Actor,
  input: Input<'open_slots'>,
): Promise<Output<'open_slots'>> {
  const { clinic_id, service_id, staff_id = null, room_id = null, dry_run } = input;
  const head = await headOf(app, actor, clinic_id);
  const { service, staff } = await partsOf(app, input);
  const days = daysOf(input, clinicToday(head));
  // A night shift ends on the day after.
  const span = spanOf(days.from, addDays(days.to, 1), head.time_zone);
  const offer = {
    schedule_id: '',
    kind: 'work',
    staff_id,
    service_id,
    room_id,
    opens: input.from,
    closes: input.to,
    step_minutes: input.every_minutes ?? null,
    valid_from: days.from,
    valid_to: days.to,
  } as const;
  const rules: ScheduleRules = {
    time_zone: head.time_zone,
    holiday_policy: 'open',
    hours: weekdays.map((weekday) => ({ ...offer, weekday })),
    exceptions: [],
    holidays: [],
    services: [service],
    time_off: await standingTimeOff(app.sql, clinic_id, span),
  };
  const wish = { from: days.from, to: addDays(days.to, 1), now_ms: Date.now() };
  const wanted = wantedSlots(rules, wish);
  const around = { from: span.from - DAY_MS, to: span.to + DAY_MS };
  const known = await knownSlots(app.sql, { clinic_id, service_id }, span);
  const claims = await knownClaims(app.sql, clinic_id, around);
  // Only what is new: nobody else's slots are closed because of these.
  const { open, overlaps, unchanged } = changesOf(
    wanted.slots,
    known.map((slot) => ({ ...slot, origin: 'manual' as const })),
    claims,
  );
  const changes = { open, overlaps, unchanged, reopen: [], close: [], kept: [] };
  const notes = generationNotes();
  notes.add(changes, wanted.gaps);
  const done = dry_run
    ? { opened: open.length, reopened: 0, closed: 0 }
    : await applyChanges(app.sql, head, changes, 'manual');
  const names = { services: new Map([[service_id, service.service_name]]), staff };
  return {
    clinic_id,
    version: head.version,
    dry_run,
    from: days.from,
    until: days.to,
    ...done,
    kept: 0,
    overlaps: overlaps.length,
    unchanged,
    complete: true,
    ...(await notes.told(app.sql, head.time_zone, names)),
  };
}
