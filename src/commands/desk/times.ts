import { AppError } from '../../domain/errors.ts';
import type { Output } from '../../domain/shapes.ts';
import { parseWhen, type When } from '../../domain/when.ts';
import { type Service, staffOf, whenContext } from '../lookup.ts';
import { dateText } from './dates.ts';
import type { Desk } from './desk.ts';
import { refuse } from './refuse.ts';

/** Free times: the one that was typed, or a numbered list of a day. */

export type Slot = Output<'list_slots'>['items'][number];

/** Times read at once; the rest of the day comes with `mo`. */
const SHOWN = 9;
const READ_MAX = 200;
/** Where no time of the day is free, the next one is looked for this far ahead; the API's longest range is 31. */
const AHEAD_DAYS = 30;
/** Days that are asked for in one question. */
const DAYS_MAX = 5;

/** What people type for a day or a time; in other languages the refusal is ours. */
export function readWhen(desk: Desk, text: string, past: 'refuse' | 'allow' = 'refuse'): When {
  try {
    return parseWhen(text, whenContext(desk.clinic, past));
  } catch (error) {
    if (!(error instanceof AppError) || desk.lang === 'en') throw error;
    const reading = error.facts['reading'];
    const is_past = typeof reading === 'string';
    const { no_day, day_is_past } = desk.words;
    throw refuse('invalid_input', is_past ? day_is_past(text, reading) : no_day(text));
  }
}

async function read(desk: Desk, service: Service, range: object, vet: string | null) {
  const staff = staffOf(desk.clinic, vet);
  const page = await desk.session.client.call('list_slots', {
    service_id: service.service_id,
    limit: READ_MAX,
    ...range,
    ...(staff === null ? {} : { staff_id: staff.staff_id }),
  });
  return page.items.filter((slot) => slot.available);
}

/** The slot of a day and time that was typed; null when only a day was, or nothing. */
export async function slotByWhen(
  desk: Desk,
  service: Service,
  text: string | null,
  vet: string | null,
): Promise<Slot | null> {
  if (text === null) return null;
  const { date, time } = readWhen(desk, text);
  if (time === null) return null;
  const slots = await read(desk, service, { date }, vet);
  const found = slots.find((slot) => slot.time === time);
  if (found !== undefined) return found;
  const near = slots.slice(0, SHOWN).map((slot) => slot.time);
  const day = dateText(date, desk.lang);
  throw refuse('not_found', desk.words.time_not_free(day, time, [...new Set(near)].join(', ')));
}

async function nextFree(desk: Desk, service: Service, date: string, vet: string | null) {
  const from = Temporal.PlainDate.from(date);
  const to = from.add({ days: AHEAD_DAYS }).toString();
  const [first] = await read(desk, service, { from: from.toString(), to, limit: 1 }, vet);
  return first ?? null;
}

/** The day that somebody types, the first time or after a day that has nothing. */
async function askDay(desk: Desk, fallback: string, flag: string): Promise<string> {
  const { talk, words, lang } = desk;
  for (let attempt = 0; attempt < DAYS_MAX; attempt += 1) {
    const text = await talk.ask(words.which_day(dateText(fallback, lang)), flag);
    if (text === '') return fallback;
    try {
      return readWhen(desk, text).date;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      talk.remark(error.detail);
    }
  }
  throw new AppError('cancelled', words.left);
}

/** One of the free times of a day; another day can be typed instead. */
export async function chooseTime(
  desk: Desk,
  service: Service,
  wish: { readonly when: string | null; readonly vet: string | null; readonly flag: string },
): Promise<Slot> {
  const { talk, words, lang } = desk;
  const today = readWhen(desk, 'today').date;
  let date =
    wish.when === null ? await askDay(desk, today, wish.flag) : readWhen(desk, wish.when).date;
  let from = 0;
  // Each turn is a list: another day, or more times of the same.
  for (let turn = 0; turn < 20; turn += 1) {
    const slots = await read(desk, service, { date }, wish.vet);
    const shown = slots.slice(from, from + SHOWN);
    if (shown.length === 0) {
      const next = await nextFree(desk, service, date, wish.vet);
      if (next === null)
        throw refuse('not_found', words.no_free_time_ahead(service.name, AHEAD_DAYS));
      talk.remark(words.no_free_time(dateText(date, lang)));
      date = await askDay(desk, next.date, wish.flag);
      from = 0;
      continue;
    }
    const left = slots.length - from - shown.length;
    const choice = await talk.choose({
      head: words.free_times(service.name, dateText(date, lang), left),
      items: shown,
      textOf: (slot) => [slot.time, slot.staff_name].filter(Boolean).join(' '),
      fallback: null,
      flag: wish.flag,
      takes: (text) => isMore(text) || isWhen(desk, text),
    });
    if (choice.kind === 'item') return choice.item;
    if (isMore(choice.text)) {
      from = left > 0 ? from + SHOWN : 0;
      continue;
    }
    const typed = await slotByWhen(desk, service, choice.text, wish.vet);
    if (typed !== null) return typed;
    date = readWhen(desk, choice.text).date;
    from = 0;
  }
  throw new AppError('cancelled', words.left);
}

const isMore = (text: string) => /^mo(re)?$/i.test(text);

function isWhen(desk: Desk, text: string): boolean {
  try {
    parseWhen(text, whenContext(desk.clinic));
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
