import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic, listServices, listStaff, listWorkingHours } from '../store/clinics.ts';
import { type OpenRow, openOfClinic } from '../store/clinics-open.ts';
import { assertClinic } from './actor.ts';
import { openJson } from './list-clinics.ts';
import { servicesJson } from './list-services.ts';

const clock = (time: Temporal.PlainTime) => time.toString({ smallestUnit: 'minute' });

/** One clinic with its services, staff, working hours and what is left of the next days. */
export async function getClinic(
  app: App,
  actor: Actor,
  { clinic_id, days }: Input<'get_clinic'>,
): Promise<Output<'get_clinic'>> {
  assertClinic(actor, clinic_id);
  const by_owner = actor.role === 'customer';
  const [clinic, services, staff, hours, open] = await Promise.all([
    findClinic(app.sql, clinic_id),
    listServices(app.sql, clinic_id),
    listStaff(app.sql, clinic_id),
    listWorkingHours(app.sql, clinic_id),
    days === 0 ? [] : openOfClinic(app.sql, clinic_id, { days, by_owner }),
  ]);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const { time_zone } = clinic;
  const whole = open.find(({ service_id }) => service_id === null);
  const none: OpenRow = {
    clinic_id,
    service_id: null,
    slots: 0,
    remaining: 0,
    next_at: null,
    is_partial: whole?.is_partial ?? false,
  };
  const shown = (await servicesJson(app, services)).map((service) => {
    if (!whole) return service;
    const left = open.find(({ service_id }) => service_id === service.service_id) ?? none;
    return { ...service, open: openJson(left, days, time_zone) };
  });
  return {
    ...clinic,
    ...(whole ? { open: openJson(whole, days, time_zone) } : {}),
    services: shown,
    staff: [...staff],
    working_hours: hours.map(({ weekday, opens, closes }) => ({
      weekday,
      opens: clock(opens),
      closes: clock(closes),
    })),
  };
}
