import { dayNotes, type Offer } from '../../domain/day-closure.ts';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { unchangedForMs } from '../store/availability.ts';
import { findService } from '../store/clinics.ts';
import { clinicZone, type HourRow, hoursOfSlots } from '../store/slots.ts';
import { offerOf } from './hours-offer.ts';
import { keptAnswers, type Made } from './kept-answers.ts';
import { absentService, groupOf, untilMidnightMs, vetOf } from './service-group.ts';

type Week = Output<'get_week'>;
type Day = Week['days'][number];

const sum = (rows: readonly HourRow[], field: 'free' | 'total') =>
  rows.reduce((all, row) => all + row[field], 0);

function dayJson(plain: Temporal.PlainDate, rows: readonly HourRow[], offer: Offer | null): Day {
  const date = plain.toString();
  const of_day = rows.filter((row) => row.date === date);
  const notes = offer ? dayNotes(offer, date) : { closure: null, holiday: null };
  return {
    date,
    weekday: plain.dayOfWeek,
    closure: notes.closure,
    holiday: notes.holiday,
    free: sum(of_day, 'free'),
    total: sum(of_day, 'total'),
    hours: of_day.map(({ date: _, ...hour }) => hour),
  };
}

async function readWeek(
  app: App,
  clinic_id: string,
  is_owner: boolean,
  input: Input<'get_week'>,
): Promise<Made<Week>> {
  const { service_id, days } = input;
  const [service, time_zone, life_ms, staff_id] = await Promise.all([
    findService(app.sql, service_id),
    clinicZone(app.sql, service_id),
    unchangedForMs(app.sql, service_id),
    vetOf(app, clinic_id, input),
  ]);
  if (!service || time_zone === null) throw absentService();
  if (!service.is_available) {
    throw new AppError('service_unavailable', 'The clinic does not offer this service now.');
  }
  const first = Temporal.PlainDate.from(
    input.from ?? localTime(Temporal.Now.instant(), time_zone).date,
  );
  const dates = Array.from({ length: days }, (_, day) => first.add({ days: day }));
  const from = first.toString();
  const to = first.add({ days: days - 1 }).toString();
  const [rows, offer] = await Promise.all([
    hoursOfSlots(app.sql, {
      service_id,
      from: dayRange(from, time_zone).from,
      to: dayRange(to, time_zone).to,
      staff_id,
      is_owner,
    }),
    offerOf(app, { clinic_id, service_id, staff_id, from, to }),
  ]);
  const today_ms = input.from === undefined ? untilMidnightMs(time_zone) : null;
  return {
    answer: {
      service_id,
      staff_id,
      time_zone,
      from,
      to,
      days: dates.map((plain) => dayJson(plain, rows, offer)),
    },
    lines: rows.length + days,
    life_ms: Math.min(life_ms ?? Number.POSITIVE_INFINITY, today_ms ?? Number.POSITIVE_INFINITY),
  };
}

const kept = keptAnswers<Week>();

/** The free times of some days at a glance: seats by day and hour, and which days are closed. */
export async function getWeek(app: App, actor: Actor, input: Input<'get_week'>): Promise<Week> {
  const { service_id, from, days, staff_id, vet } = input;
  const { clinic_id, group } = await groupOf(app, actor, service_id);
  const is_owner = actor.role === 'customer';
  return await kept(app, {
    key: JSON.stringify([service_id, from, days, staff_id, vet, is_owner]),
    group,
    make: () => readWeek(app, clinic_id, is_owner, input),
  });
}
