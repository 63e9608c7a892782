import { AppError } from '../../domain/errors.ts';
import { dayRange, localTime } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { type BoundedCache, boundedCache } from '../http/bounded-cache.ts';
import { type ServiceGroup, serviceGroup } from '../store/availability.ts';
import { listStaff } from '../store/clinics.ts';

/** Whom a question about free times is about. */

const SERVICES_MAX = 5_000;
/** Bounds the memory of services that nobody asks about any more; what is kept never changes. */
const SERVICE_KEPT_MS = 3_600_000;
const groups = new WeakMap<App, BoundedCache<ServiceGroup>>();

export const absentService = () => new AppError('not_found', 'There is no such service.');

/** Where a service belongs, unless this caller may not know of it. */
export async function groupOf(
  app: App,
  actor: Actor,
  service_id: string,
  wanted_clinic: string | null = null,
): Promise<ServiceGroup> {
  const cache = groups.get(app) ?? boundedCache<ServiceGroup>(SERVICES_MAX, SERVICE_KEPT_MS);
  groups.set(app, cache);
  const found = cache.get(service_id) ?? (await serviceGroup(app.sql, service_id));
  const is_foreign = [actor.clinic_id, wanted_clinic].some(
    (one) => one !== null && one !== found?.clinic_id,
  );
  if (found === null || is_foreign) throw absentService();
  cache.set(service_id, found);
  return found;
}

const fold = (text: string) => text.normalize('NFKC').toLowerCase().trim();

/** The vet of that id or name (whole, or the beginning of a word of it); null = any. */
export async function vetOf(
  app: App,
  clinic_id: string,
  { staff_id, vet }: { readonly staff_id?: string | undefined; readonly vet?: string | undefined },
): Promise<string | null> {
  if (staff_id !== undefined && vet !== undefined) {
    throw new AppError('invalid_input', 'Give staff_id or vet, not both.', {
      errors: [{ path: 'query.vet', message: 'Leave it out, or staff_id' }],
    });
  }
  if (vet === undefined) return staff_id ?? null;
  const asked = fold(vet);
  const staff = await listStaff(app.sql, clinic_id);
  const whole = staff.filter(({ name }) => fold(name) === asked);
  const parts = staff.filter(({ name }) =>
    [fold(name), ...fold(name).split(/[\s.]+/)].some((part) => part.startsWith(asked)),
  );
  const found = whole.length > 0 ? whole : parts;
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.staff_id;
  const names = (found.length > 0 ? found : staff).slice(0, 20).map(({ name }) => name);
  throw found.length > 0
    ? new AppError('invalid_input', `"${vet}" can be ${names.join(', ')}.`, { candidates: names })
    : new AppError('not_found', `No vet is called "${vet}".`, { candidates: names });
}

/** Until the day that "today" stands for is over. */
export function untilMidnightMs(time_zone: string): number {
  const now = Temporal.Now.instant();
  const { to } = dayRange(localTime(now, time_zone).date, time_zone);
  return to.epochMilliseconds - now.epochMilliseconds;
}
