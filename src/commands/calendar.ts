import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { bookingRef, callOptions, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, dayOf, isId, staffOf } from './lookup.ts';
import { printOne } from './output.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';

const WEEK_DAYS = 7;

/** The file itself goes to stdout as it is; every other mode describes it. */
const isFile = (args: Args) => textOption(args, 'output') === 'ics';

function daysOf(clinic: Clinic, args: Args): { readonly from: string; readonly to: string } {
  const from = dayOf(clinic, textOption(args, 'from') ?? 'today', 'allow') ?? '';
  const to = dayOf(clinic, textOption(args, 'to'), 'allow');
  if (!flagOption(args, 'week')) return { from, to: to ?? from };
  if (to !== null) throw new AppError('invalid_input', 'Say --to or --week, not both.');
  return {
    from,
    to: Temporal.PlainDate.from(from)
      .add({ days: WEEK_DAYS - 1 })
      .toString(),
  };
}

async function exportBooking(context: Context, args: Args, reference: string): Promise<void> {
  const booking_id = referenceOf(reference);
  if (!/^BP\d{8}$/.test(booking_id) && !isId(booking_id)) {
    const detail = `"${reference}" is no reference: they look like BP10000127.`;
    throw new AppError('invalid_input', detail, { next: `petpro find "${reference}"` });
  }
  const session = openSession(context, 'desk');
  const file = await session.client.call('get_booking_calendar', { booking_id });
  if (isFile(args)) {
    context.io.out(file.ics);
    return;
  }
  printOne(context, {
    kind: 'Calendar',
    item: file,
    csv: ['booking_id', 'reference_code'],
    name: file.reference_code,
    lines: [
      ['Calendar', file.reference_code],
      ['file', `petpro calendar export --booking ${file.reference_code} -o ics`],
    ],
  });
}

function showFile(context: Context, args: Args, file: Output<'get_calendar'>): void {
  const { event_count, from, to, is_complete } = file;
  if (isFile(args)) {
    context.io.out(file.ics);
  } else {
    const command = flagOption(args, 'week') ? '--week' : `--from ${from} --to ${to}`;
    printOne(context, {
      kind: 'Calendar',
      item: file,
      csv: ['clinic_id', 'staff_id', 'from', 'to', 'event_count', 'is_complete'],
      name: `${from}..${to}`,
      lines: [
        ['Calendar', from === to ? from : `${from} to ${to}`],
        ['visits', String(event_count)],
        ['file', `petpro calendar export ${command} -o ics`],
      ],
    });
  }
  if (!is_complete) say(context, `Only the first ${event_count} visits: ask for fewer days.`);
}

/** `petpro calendar export` */
export async function exportCalendar(context: Context, args: Args): Promise<undefined> {
  const reference = textOption(args, 'booking');
  if (reference !== null) {
    await exportBooking(context, args, reference);
    return;
  }
  const session: Session = openSession(context, 'desk');
  const clinic = await clinicOf(session);
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const days = daysOf(clinic, args);
  const wish = { clinic_id: clinic.clinic_id, ...days };
  const file = await session.client.call(
    'get_calendar',
    staff ? { ...wish, staff_id: staff.staff_id } : wish,
  );
  showFile(context, args, file);
}

/** `petpro calendar sync` */
export async function syncCalendar(context: Context, args: Args): Promise<undefined> {
  const wish = { booking_id: bookingRef(args), synced: !flagOption(args, 'undo') };
  const session = openSession(context);
  const done = await session.client.call('sync_calendar', wish, callOptions(args));
  const { reference_code, calendar_synced, calendar_synced_at, is_current } = done;
  const { clinic_id } = await session.client.call('get_booking', { booking_id: done.booking_id });
  const look = lookOf(context, await session.client.call('get_clinic', { clinic_id }));
  printOne(context, {
    kind: 'CalendarSync',
    item: done,
    csv: ['reference_code', 'calendar_synced', 'calendar_synced_at', 'is_current'],
    name: reference_code,
    as_of: look.now(),
    lines: [
      [calendar_synced ? 'In a calendar' : 'In no calendar', reference_code],
      ['since', calendar_synced_at === null ? '' : look.moment(calendar_synced_at)],
      ['note', calendar_synced && !is_current ? 'the booking has changed since' : ''],
    ],
  });
}
