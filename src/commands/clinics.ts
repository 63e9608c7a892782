import type { Output } from '../domain/shapes.ts';
import type { Context } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';

type Found = Output<'list_clinics'>['items'][number];
type Open = Found['open'];

const DAYS_MAX = 14;
const csv = ['clinic_id', 'code', 'name', 'kind', 'city', 'phone', 'time_zone', 'currency', 'open'];
const kinds = ['clinic', 'salon', 'venue'] as const;

function daysOf(args: Args) {
  const days = wholeOption(args, 'days', 0, DAYS_MAX);
  return days === null ? {} : { days };
}

const freeText = (open: Open) =>
  open === undefined ? '-' : `${open.remaining}${open.is_partial ? '+' : ''}`;
const nextText = (open: Open) => open?.next_at?.slice(0, 16).replace('T', ' ') ?? '-';

function summaryText(open: Open): string {
  if (open === undefined) return '';
  const slots = open.slots === 1 ? '1 slot' : `${open.slots} slots`;
  return `${freeText(open)} seats in ${slots} within ${open.days} days`;
}

/** `petpro clinics list` */
export async function listClinics(context: Context, args: Args): Promise<number | undefined> {
  const { client } = openSession(context);
  const words = ['city', 'name', 'category', 'cursor'] as const;
  const asked = words.flatMap((word) => {
    const text = textOption(args, word);
    return text === null ? [] : [[word, text] as const];
  });
  const kind = kinds.find((one) => one === textOption(args, 'kind'));
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await client.call('list_clinics', {
    ...Object.fromEntries(asked),
    ...(kind === undefined ? {} : { kind }),
    ...(limit === null ? {} : { limit }),
    ...daysOf(args),
  });
  printList(context, {
    kind: 'ClinicList',
    items: page.items,
    columns: [
      { head: 'CODE', text: (one) => one.code, whole: true },
      { head: 'NAME', text: (one) => one.name },
      { head: 'KIND', text: (one) => one.kind },
      { head: 'CITY', text: (one) => one.city },
      { head: 'FREE', text: (one) => freeText(one.open), right: true },
      { head: 'NEXT FREE', text: (one) => nextText(one.open), whole: true },
      { head: 'PHONE', text: (one) => one.phone ?? '-', wide: true },
      { head: 'ADDRESS', text: (one) => one.address ?? '-', wide: true },
    ],
    csv,
    name: (one) => one.code,
    cursor: page.next_cursor,
    empty: 'No clinic fits. Without flags all are listed.',
  });
  return page.items.length > 0 ? undefined : 3;
}

/** `petpro clinics show` */
export async function showClinic(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const asked = args.positional.join(' ') || session.clinic;
  const { clinic_id } = await clinicOf({ ...session, clinic: asked });
  const clinic = await session.client.call('get_clinic', { clinic_id, ...daysOf(args) });
  const look = lookOf(context, clinic);
  const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
  const hours = clinic.working_hours.map(
    ({ weekday, opens, closes }) => `${weekdays[weekday - 1]} ${opens}-${closes}`,
  );
  const services = clinic.services.map((one, index) => {
    const facts = [
      one.name,
      look.money(one.price, one.currency),
      `${one.duration_minutes} min`,
      one.is_available ? '' : 'not sold now',
      one.open === undefined ? '' : `${freeText(one.open)} free, next ${nextText(one.open)}`,
    ];
    return [index === 0 ? 'sells' : '', facts.filter((text) => text !== '').join('  ')] as const;
  });
  printOne(context, {
    kind: 'Clinic',
    item: clinic,
    csv: [...csv, 'working_hours'],
    name: clinic.code,
    lines: [
      [clinic.kind, `${clinic.name}  ${clinic.code}`],
      ['where', [clinic.address, clinic.city].filter((text) => text !== null).join(', ')],
      ['phone', clinic.phone ?? ''],
      ['hours', hours.join(', ')],
      ['people', clinic.staff.map((one) => one.name).join(', ')],
      ...services,
      ['free', summaryText(clinic.open)],
    ],
  });
}
