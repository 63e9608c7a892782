import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic, listServices, listStaff, listWorkingHours } from '../store/clinics.ts';
import { assertClinic } from './actor.ts';
import { servicesJson } from './list-services.ts';

const clock = (time: Temporal.PlainTime) => time.toString({ smallestUnit: 'minute' });

/** One clinic with its services, staff and working hours. */
export async function getClinic(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'get_clinic'>,
): Promise<Output<'get_clinic'>> {
  assertClinic(actor, clinic_id);
  const [clinic, services, staff, hours] = await Promise.all([
    findClinic(app.sql, clinic_id),
    listServices(app.sql, clinic_id),
    listStaff(app.sql, clinic_id),
    listWorkingHours(app.sql, clinic_id),
  ]);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  return {
    ...clinic,
    services: await servicesJson(app, services),
    staff: [...staff],
    working_hours: hours.map(({ weekday, opens, closes }) => ({
      weekday,
      opens: clock(opens),
      closes: clock(closes),
    })),
  };
}
