import { isUtf8 } from './charset.ts';
import { isForPeople } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, dayOf, serviceOf, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { langOf, openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { glyphsFor, scaleOf, type Week, weekMap } from './slots-week-map.ts';
import { week_words } from './slots-week-words.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro slots week`: the free times of some days at a glance. */

const DAYS_MAX = 31;
const DAYS_DEFAULT = 7;

const csv = ['date', 'weekday', 'closure', 'holiday', 'hour', 'free', 'total', 'blocked', 'past'];

/** One line per hour, and one without hour for a day that has none: for pipes and spreadsheets. */
function hourLines(week: Week) {
  return week.days.flatMap(({ hours, date, weekday, closure, holiday }) => {
    const day = { date, weekday, closure, holiday };
    const none = { hour: null, free: 0, total: 0, blocked: 0, past: 0 };
    return (hours.length === 0 ? [none] : hours).map((hour) => ({ ...day, ...hour }));
  });
}
type HourLine = ReturnType<typeof hourLines>[number];

function printLines(context: Context, week: Week, as_of: string): void {
  const number = (field: 'free' | 'total' | 'blocked' | 'past') => ({
    head: field.toUpperCase(),
    text: (line: HourLine) => String(line[field]),
    right: true,
  });
  printList(context, {
    kind: 'Week',
    items: hourLines(week),
    columns: [
      { head: 'DATE', text: (line) => line.date, whole: true },
      { head: 'HOUR', text: (line) => (line.hour === null ? '-' : String(line.hour)), right: true },
      number('free'),
      number('total'),
      number('blocked'),
      number('past'),
      { head: 'CLOSED', text: (line) => line.closure ?? '-' },
      { head: 'HOLIDAY', text: (line) => line.holiday ?? '-' },
    ],
    csv,
    name: (line) => line.date,
    as_of,
  });
}

/** `petpro slots week` */
export async function slotsWeek(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const service = serviceOf(clinic, textOption(args, 'service') ?? '');
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const from = dayOf(clinic, textOption(args, 'from'), 'allow');
  const days = wholeOption(args, 'days', 1, DAYS_MAX) ?? DAYS_DEFAULT;
  const week = await session.client.call('get_week', {
    service_id: service.service_id,
    days,
    ...(from === null ? {} : { from }),
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
  });
  const { io, config, mode } = context;
  const as_of = lookOf(context, clinic).now();
  if (mode === 'json' || mode === 'jsonl' || mode === 'name') {
    const { days: items } = week;
    printList(context, { kind: 'Week', items, columns: [], csv, name: (day) => day.date, as_of });
    return;
  }
  if (!isForPeople(context) || !io.is_tty) return void printLines(context, week, as_of);
  const lang = langOf(context, clinic);
  const words = week_words[lang];
  const glyphs = glyphsFor(lang, config.ascii || !isUtf8(config.locale));
  say(
    context,
    `${service.name}, ${staff?.name ?? words.any_vet}, ${week.from} - ${week.to} (${week.time_zone})`,
  );
  io.out(`${weekMap(week, { lang, glyphs, columns: io.columns() }).join('\n')}\n`);
  say(context, words.legend(scaleOf(glyphs)));
  if (week.days.every(({ hours }) => hours.length === 0)) {
    say(context, `next: petpro slots open --service "${service.name}"`);
  }
  return;
}
