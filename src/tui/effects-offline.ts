import type { ApiClient } from '../domain/client.ts';
import { daySheet } from '../domain/day-sheet.ts';
import { AppError } from '../domain/errors.ts';
import { localTime } from '../domain/time.ts';
import type { Day, Effect, Session } from './model.ts';
import type { OfflineEffect, OfflineResult } from './model-offline.ts';
import type { OfflinePort } from './offline-port.ts';
import { filterBoard, makeBoard } from './rows.ts';
import { instantOf } from './selectors.ts';

/** Carries out what the day cache, paper and calls ask for. Nothing here decides anything. */

const CALL_MS = 8_000;
/** Who rings must be known while it rings. */
const LOOK_UP_MS = 3_000;
/** A house with one number for many; more is no help. */
const SAME_NUMBER_MAX = 20;
/** Numbers are written with and without their country: so many digits tell people of one town apart. */
const SAME_DIGITS = 8;

export type OfflineOutside = {
  readonly client: ApiClient;
  readonly clinic_id: string;
  readonly token: string;
  readonly now: () => number;
  readonly session: Pick<Session, 'lang' | 'role'>;
  /** Absent: neither paper nor cache. */
  readonly offline: OfflinePort | null;
};

const offline_types: Readonly<Record<OfflineEffect['type'], true>> = {
  keep_days: true,
  read_kept: true,
  print_sheet: true,
  print_opening: true,
  look_up: true,
  find_kept: true,
};

/** True when the effect belongs to this part. */
export function isOfflineEffect(effect: Effect): effect is OfflineEffect {
  return Object.hasOwn(offline_types, effect.type);
}

async function keep(outside: OfflineOutside, port: OfflinePort): Promise<void> {
  const { client, clinic_id, token, session } = outside;
  const options = { timeout_ms: CALL_MS };
  const today = await client.call('get_day', { clinic_id }, options);
  const date = Temporal.PlainDate.from(today.date).add({ days: 1 }).toString();
  const days = [today, await client.call('get_day', { clinic_id, date }, options)];
  await port.keep(token, session.role, days);
}

type Sheet = {
  readonly day: Day;
  readonly staff_id: string | null;
  readonly per_vet: boolean;
  readonly copies: number;
  readonly is_kept: boolean;
};

async function print(
  { session, now }: OfflineOutside,
  port: OfflinePort,
  { day, staff_id, per_vet, copies, is_kept }: Sheet,
): Promise<OfflineResult> {
  const { lang } = session;
  const spell = port.spelling(lang);
  const { title, pages } = daySheet({
    day,
    lang,
    staff_id,
    per_vet,
    width: port.paper_columns,
    printed_at: instantOf(now()),
    is_saved: is_kept,
    ...(spell === null ? {} : { spell }),
  });
  const { warning } = await port.print({ title, pages, lang, copies });
  return { type: 'sheet_printed', title, warning };
}

/** Once for each day and machine, whichever of its consoles is first. */
async function printOpening(
  outside: OfflineOutside,
  port: OfflinePort,
  date: string,
): Promise<OfflineResult | null> {
  const { client, clinic_id } = outside;
  if (!(await port.claimOpening(clinic_id, date))) return null;
  try {
    const day = await client.call('get_day', { clinic_id, date }, { timeout_ms: CALL_MS });
    const whole = { staff_id: null, per_vet: false, copies: 1, is_kept: false };
    return await print(outside, port, { day, ...whole });
  } catch (error) {
    await port.freeOpening(clinic_id, date);
    throw error;
  }
}

const lastDigits = (text: string) => text.replace(/\D/g, '').slice(-SAME_DIGITS);

/** Rows of the kept days with that number. */
async function lookUpKept(outside: OfflineOutside, number: string): Promise<OfflineResult> {
  const { offline, token, clinic_id, now } = outside;
  const days = (await offline?.kept(token, clinic_id)) ?? [];
  const wanted = lastDigits(number);
  const rows = days
    .flatMap(({ items }) => items)
    .filter((row) => row.kind === 'booking' && lastDigits(row.owner_phone ?? '') === wanted);
  const local = makeBoard(rows, now(), false);
  return { type: 'caller_known', number, owners: [], card: null, local };
}

async function lookUp(outside: OfflineOutside, number: string): Promise<OfflineResult> {
  const { client, clinic_id } = outside;
  const options = { timeout_ms: LOOK_UP_MS };
  try {
    const request = { q: number, clinic_id, limit: SAME_NUMBER_MAX };
    const { items } = await client.call('search_owners', request, options);
    const owners = items.filter(({ matched_by }) => matched_by === 'phone');
    const [only] = owners;
    const is_sure = owners.length === 1 && only !== undefined;
    const card = is_sure
      ? await client.call('get_owner', { user_id: only.user_id }, options)
      : null;
    return { type: 'caller_known', number, owners, card, local: null };
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') {
      return await lookUpKept(outside, number);
    }
    throw error;
  }
}

/** Carries out one effect of this part. */
export async function askOffline(
  outside: OfflineOutside,
  effect: OfflineEffect,
): Promise<OfflineResult | null> {
  if (effect.type === 'look_up') return await lookUp(outside, effect.number);
  const { offline: port, token, clinic_id, now } = outside;
  if (port === null) return null;
  switch (effect.type) {
    case 'keep_days':
      await keep(outside, port);
      return { type: 'days_kept' };
    case 'read_kept': {
      const days = await port.kept(token, clinic_id);
      const zone = days[0]?.clinic.time_zone ?? 'UTC';
      const date = effect.date ?? localTime(instantOf(now()), zone).date;
      const day = days.find((one) => one.date === date) ?? null;
      return { type: 'kept_read', date: effect.date, day };
    }
    case 'find_kept': {
      const days = await port.kept(token, clinic_id);
      const items = days.flatMap((day) => day.items).filter(({ kind }) => kind === 'booking');
      const { query } = effect;
      return {
        type: 'found_kept',
        query,
        rows: filterBoard(makeBoard(items, now(), false), query),
      };
    }
    case 'print_sheet':
      return await print(outside, port, effect);
    case 'print_opening':
      return await printOpening(outside, port, effect.date);
  }
}
