import { AppError } from '../domain/errors.ts';
import { parseDay } from '../domain/when.ts';
import { type Context, say } from './context.ts';
import { type CachePlace, type Day, readDays, type SavedDay, saveDays } from './day-cache.ts';
import { clinicOf, oneOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession } from './session.ts';
import { type Args, textOption } from './spec.ts';

/** `petpro today` when nothing answers: the day as this machine last saw it. */

function placeOf(context: Context): CachePlace & { readonly clinic: string | null } {
  const { home, clinic } = context.config;
  try {
    const session = openSession(context);
    return { home, url: session.url, token: session.token, clinic: session.clinic };
  } catch {
    // Neither an address nor a demo: whatever lies there is better than nothing.
    return { home, url: null, token: null, clinic };
  }
}

/** `5 s`, `12 min`, `3 h`: how old something is. */
function ageText(instant: string): string {
  const age_ms = Temporal.Instant.from(instant).until(Temporal.Now.instant()).total('milliseconds');
  const minutes = Math.max(0, Math.floor(age_ms / 60_000));
  if (minutes === 0) return `${Math.max(0, Math.floor(age_ms / 1_000))} s`;
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

/** The saved days of the clinic that was meant. */
function ofClinic(saved: readonly SavedDay[], words: string | null): readonly SavedDay[] {
  const [first] = saved;
  if (first === undefined) {
    const detail = 'No day is kept here: the console and --refresh-cache keep today and tomorrow.';
    throw new AppError('not_found', detail, { next: 'petpro today --refresh-cache' });
  }
  const clinics = [...new Map(saved.map(({ day }) => [day.clinic.clinic_id, day.clinic])).values()];
  const by_id = clinics.find(({ clinic_id }) => clinic_id === words);
  if (words === null && clinics.length > 1) {
    const codes = clinics.map(({ code }) => code);
    throw new AppError('invalid_input', `Say which clinic: ${codes.join(', ')}.`, {
      next: `petpro today --cached --clinic ${codes[0]}`,
    });
  }
  const asked = words ?? first.day.clinic.code;
  const names = (clinic: Day['clinic']) => [clinic.code, clinic.name];
  const clinic = by_id ?? oneOf('clinic', asked, clinics, names, '--clinic');
  return saved.filter(({ day }) => day.clinic.clinic_id === clinic.clinic_id);
}

function vetOf(day: Day, words: string | null): string | null {
  if (words === null || /^any$/i.test(words.trim())) return null;
  const rows = day.items.filter(({ staff_id }) => staff_id !== null);
  const vets = [...new Map(rows.map((row) => [row.staff_id, row])).values()];
  const vet = oneOf('vet', words, vets, (row) => [row.staff_name ?? ''], '--vet');
  return vet.staff_id;
}

/** The day of --date (default: today) as it was kept. Fails naming the days that are there. */
async function findCached(context: Context, args: Args): Promise<SavedDay> {
  const place = placeOf(context);
  const saved = ofClinic(await readDays(place), place.clinic);
  const time_zone = saved[0]?.day.clinic.time_zone ?? 'UTC';
  const when = { now: Temporal.Now.instant(), time_zone, past: 'allow' } as const;
  const date = parseDay(textOption(args, 'date') ?? 'today', when);
  const found = saved.find(({ day }) => day.date === date);
  if (found !== undefined) return found;
  const dates = [...new Set(saved.map(({ day }) => day.date))].toSorted();
  throw new AppError('not_found', `${date} is not kept here; there is ${dates.join(', ')}.`, {
    next: `petpro today --cached --date ${dates[0]}`,
  });
}

/** Reads the kept day, and says how old it is. */
export async function readCached(context: Context, args: Args) {
  const { day, saved_at } = await findCached(context, args);
  const staff_id = vetOf(day, textOption(args, 'vet'));
  const at = saved_at === '' ? '' : ` (${ageText(day.as_of)} ago)`;
  const time = Temporal.Instant.from(day.as_of).toZonedDateTimeISO(day.clinic.time_zone);
  const clock = time.toPlainTime().toString({ smallestUnit: 'second' });
  say(context, `As of ${time.toPlainDate()} ${clock}${at}, kept here; the daemon was not asked.`);
  return { day, staff_id, is_saved: true };
}

/** `--refresh-cache`: today and tomorrow, as the console keeps them each minute. */
export async function refreshCache(context: Context): Promise<undefined> {
  const session = openSession(context);
  const { client, url, token } = session;
  const [clinic, me] = await Promise.all([clinicOf(session), client.call('get_me', {})]);
  const { clinic_id } = clinic;
  const today = await client.call('get_day', { clinic_id });
  const date = Temporal.PlainDate.from(today.date).add({ days: 1 }).toString();
  const days = [today, await client.call('get_day', { clinic_id, date })];
  const role = me.role === 'customer' ? null : me.role;
  const files = await saveDays({ home: context.config.home, url, token }, role, days);
  const items = days.map((day, index) => ({
    date: day.date,
    visits: day.items.filter(({ kind }) => kind === 'booking').length,
    as_of: day.as_of,
    file: files[index] ?? '',
  }));
  printList(context, {
    kind: 'DayCache',
    items,
    columns: [
      { head: 'DAY', text: (row) => row.date, whole: true },
      { head: 'VISITS', text: (row) => String(row.visits), right: true },
      { head: 'FILE', text: (row) => row.file, wide: true },
    ],
    csv: ['date', 'visits', 'as_of', 'file'],
    name: (row) => row.date,
    as_of: today.as_of,
  });
}

/** Nobody answers, but the day is kept here: the same failure with the command that shows it. */
export async function offerCached(context: Context, args: Args, error: unknown): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== 'unavailable') return error;
  const kept = await findCached(context, args).catch(() => null);
  if (kept === null) return error;
  const words = ['date', 'vet'].flatMap((name) => {
    const value = textOption(args, name);
    return value === null ? [] : [`--${name} "${value}"`];
  });
  const paper = args.options['print'] === true ? ['--print'] : [];
  const next = ['petpro today --cached', ...words, ...paper].join(' ');
  const detail = `${error.detail} The day as of ${ageText(kept.day.as_of)} ago is kept here.`;
  return new AppError(error.code, detail, { ...error.facts, next }, { cause: error });
}
