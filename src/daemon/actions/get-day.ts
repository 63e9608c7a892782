import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic } from '../store/clinics.ts';
import { type DayRow, readDay } from '../store/day.ts';
import { type ParticipantRow, participantsOf } from '../store/series-groups.ts';
import { assertClinic } from './actor.ts';
import { participantsJson } from './group-bookings.ts';
import { moneyText } from './money-text.ts';
import { masker } from './personal-data.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

function peopleField(rows: readonly ParticipantRow[] | undefined, actor: Actor) {
  if (rows === undefined) return {};
  const names = participantsJson(rows, actor).map(({ name, owner_name }) =>
    owner_name === null ? name : `${name} (${owner_name})`,
  );
  return { participants: names.join(', ') };
}

/** One day of a clinic: bookings, holds, open and blocked slots, in the order of the day. */
export async function getDay(
  app: App,
  actor: Actor,
  input: Input<'get_day'>,
): Promise<Output<'get_day'>> {
  assertClinic(actor, input.clinic_id);
  const clinic = await findClinic(app.sql, input.clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const { time_zone } = clinic;
  // Only which day "today" is comes from this clock; what may be booked is PostgreSQL's to say.
  const date = input.date ?? localTime(Temporal.Now.instant(), time_zone).date;
  const { from, to } = dayRange(date, time_zone);
  const day = await readDay(app.sql, input.clinic_id, from, to);
  // Only slots for several have more than one name.
  const groups = day.rows.flatMap((row) =>
    row.capacity > 1 && row.reservation_id !== null ? [row.reservation_id] : [],
  );
  const people = Map.groupBy(
    await participantsOf(app.sql, groups),
    ({ reservation_id }) => reservation_id,
  );
  const mask = masker(actor);
  const rowJson = ({ extra_seats, item, ...row }: DayRow): Output<'get_day'>['items'][number] => ({
    ...row,
    ...(extra_seats > 0 ? { extra_seats } : {}),
    ...(item === null ? {} : { item }),
    starts_at: zonedText(row.starts_at, time_zone),
    ends_at: zonedText(row.ends_at, time_zone),
    time: localTime(row.starts_at, time_zone).time,
    amount: moneyText(row.amount, row.currency),
    arrived_at: zonedTextOrNull(row.arrived_at, time_zone),
    hold_expires_at: zonedTextOrNull(row.hold_expires_at, time_zone),
    owner_name: mask(row.owner_name),
    owner_phone: mask(row.owner_phone),
    pet_name: mask(row.pet_name),
    notes: mask(row.notes),
    ...peopleField(people.get(row.reservation_id ?? ''), actor),
  });
  return {
    clinic,
    date,
    as_of: zonedText(day.as_of, time_zone),
    sequence: day.sequence,
    items: day.rows.map(rowJson),
  };
}
