import { AppError } from '../domain/errors.ts';
import { ITEMS_MAX } from '../domain/item-limits.ts';
import type { Output } from '../domain/shapes.ts';
import type { Context } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, dayOf, type Service, serviceOf, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { type Clinic, openSession } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

type Row = Output<'list_rows'>['items'][number];

const LIMIT = 200;

/** The services of `--services bath,nails`, in the order of the visit; null when one service is meant. */
export function severalServices(clinic: Clinic, args: Args): readonly Service[] | null {
  const text = textOption(args, 'services');
  if (text === null) return null;
  if (textOption(args, 'service') !== null) {
    throw new AppError('invalid_input', 'Give --service for one, or --services for several.');
  }
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length < 2 || names.length > ITEMS_MAX) {
    const detail = `--services takes 2 to ${ITEMS_MAX} services by comma, such as "bath,nails"; for one there is --service.`;
    throw new AppError('invalid_input', detail);
  }
  return names.map((name) => serviceOf(clinic, name));
}

/** `--services "bath,nails"`, to be typed again. */
export function servicesFlag(services: readonly Service[]): string {
  return `--services "${services.map(({ name }) => name).join(',')}"`;
}

const steps = (row: Row, time: (at: string) => string) =>
  row.items
    .map(({ starts_at, service_name, staff_name }) =>
      [time(starts_at), service_name, staff_name ?? ''].filter((word) => word !== '').join(' '),
    )
    .join(', ');

/** One line for each of several services that are held or booked. */
export function stepLines(
  items: Output<'create_reservation'>['items'],
  look: Look,
): readonly (readonly [string, string])[] {
  return (items ?? []).map(({ position, starts_at, service_name, staff_name }) => {
    const who = staff_name === null ? '' : ` with ${staff_name}`;
    return [position === 1 ? 'steps' : '', `${look.time(starts_at)} ${service_name}${who}`];
  });
}

/** `petpro slots list --services ..`: when several services can be had one after another. */
export async function listRows(context: Context, args: Args): Promise<undefined> {
  for (const flag of ['from', 'to', 'cursor', 'limit'] as const) {
    if (textOption(args, flag) !== null) {
      throw new AppError(
        'invalid_input',
        `--services is asked day by day: say --date, not --${flag}.`,
      );
    }
  }
  if (flagOption(args, 'all') || flagOption(args, 'watch')) {
    const detail = '--services lists what is open now: without --all and --watch.';
    throw new AppError('invalid_input', detail);
  }
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const services = severalServices(clinic, args) ?? [];
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const date = dayOf(clinic, textOption(args, 'date') ?? 'today', 'allow');
  const { items } = await session.client.call('list_rows', {
    clinic_id: clinic.clinic_id,
    services: services.map(({ service_id }) => service_id).join(','),
    ...(date === null ? {} : { date }),
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
    limit: LIMIT,
  });
  printList(context, {
    kind: 'ItemRowList',
    items,
    columns: [
      { head: 'TIME', text: (row) => look.time(row.starts_at), whole: true },
      { head: 'TO', text: (row) => look.time(row.ends_at), whole: true },
      { head: 'MIN', text: (row) => String(row.duration_minutes), right: true },
      { head: 'PRICE', text: (row) => look.money(row.amount, row.currency), right: true },
      { head: 'STEPS', text: (row) => steps(row, look.time) },
    ],
    csv: ['starts_at', 'ends_at', 'duration_minutes', 'amount', 'currency'],
    name: (row) => row.starts_at,
    as_of: look.now(),
    empty: `Nowhere on ${date} are all of these free one after another.\nnext: petpro slots list ${servicesFlag(services)} --date ${nextDay(date)}`,
  });
}

const nextDay = (date: string | null) =>
  date === null ? 'tomorrow' : Temporal.PlainDate.from(date).add({ days: 1 }).toString();
