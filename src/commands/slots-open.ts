import { AppError } from '../domain/errors.ts';
import { parseTime } from '../domain/when.ts';
import { callOptions } from './choice.ts';
import type { Context } from './context.ts';
import { minutesOption, printGeneration, rehearseAndDo } from './generation.ts';
import { clinicOf, dayOf, type Service, type Staff, serviceOf, staffOf } from './lookup.ts';
import { roomOf } from './schedules-set.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro slots open` and `petpro slots generate`. */

/** The service that was said, or the only one that the vet offers. */
async function offeredBy(
  session: Session,
  clinic: Clinic,
  staff: Staff | null,
  words: string | null,
): Promise<Service> {
  if (words !== null) return serviceOf(clinic, words);
  const { hours } = await session.client.call('get_schedule', { clinic_id: clinic.clinic_id });
  const own = hours.filter((row) => staff === null || row.staff_id === staff.staff_id);
  const ids = new Set(own.flatMap(({ service_id }) => (service_id === null ? [] : [service_id])));
  const offered = clinic.services.filter(({ service_id }) => ids.has(service_id));
  const choice = offered.length > 0 ? offered : clinic.services;
  const [only] = choice;
  if (only !== undefined && choice.length === 1) return only;
  const names = choice.slice(0, 10).map(({ name }) => name);
  throw new AppError('invalid_input', `Say which service: ${names.join(', ')}.`, {
    candidates: names,
    next: `--service "${names[0] ?? '..'}"`,
  });
}

/** `petpro slots open` */
export async function openSlots(context: Context, args: Args): Promise<undefined> {
  const from = parseTime(textOption(args, 'from') ?? '');
  const to = parseTime(textOption(args, 'to') ?? '');
  const every = textOption(args, 'every');
  const every_minutes = every === null ? null : minutesOption('--every', every);
  const capacity = wholeOption(args, 'capacity', 1, 10_000);
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const service = await offeredBy(session, clinic, staff, textOption(args, 'service'));
  const to_date = dayOf(clinic, textOption(args, 'to_date'));
  const room = textOption(args, 'room');
  const wish = {
    clinic_id: clinic.clinic_id,
    service_id: service.service_id,
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    ...(room === null ? {} : { room_id: await roomOf(session, clinic, room) }),
    date: dayOf(clinic, textOption(args, 'date')) ?? '',
    ...(to_date === null ? {} : { to_date }),
    from,
    to,
    ...(every_minutes === null ? {} : { every_minutes }),
    ...(capacity === null ? {} : { capacity }),
    dry_run: flagOption(args, 'dry_run'),
  };
  printGeneration(
    context,
    clinic,
    await session.client.call('open_slots', wish, callOptions(args)),
  );
}

/** `petpro slots generate` */
export async function generateSlots(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const service = textOption(args, 'service');
  const until = dayOf(clinic, textOption(args, 'until'));
  const wish = {
    clinic_id: clinic.clinic_id,
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    ...(service === null ? {} : { service_id: serviceOf(clinic, service).service_id }),
    ...(until === null ? {} : { until }),
  };
  await rehearseAndDo(context, clinic, args, (dry_run) =>
    session.client.call('generate_slots', { ...wish, dry_run }, dry_run ? {} : callOptions(args)),
  );
}
