import { AppError } from '../domain/errors.ts';
import type { LockClass } from '../domain/lock.ts';
import type { Output } from '../domain/shapes.ts';
import { type Context, say } from './context.ts';
import { clinicId, type Ops, withOps } from './ops.ts';
import { printList, printOne } from './output.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { durationOf } from './watch.ts';

/** `petpro locks list` and `inspect`; what they show is masked by the server. */

export type LockItem = Output<'list_locks'>['items'][number];

const LIMIT_DEFAULT = 50;
const PAGE_MAX = 200;
/** Pages looked through for a slot that was given in words. */
const PAGES_MAX = 20;

const csv = [
  'key',
  'class',
  'cause',
  'clinic_code',
  'starts_at',
  'staff_name',
  'service_name',
  'seat',
  'holder',
  'ttl_ms',
  'reference_code',
  'reservation_status',
  'extended',
  'age_ms',
  'token',
];

/** `9s`, `4m 10s`, `3h 5m`: what somebody takes in at a glance. */
export function spanText(ms: number | null): string {
  if (ms === null) return '-';
  const s = Math.round(ms / 1_000);
  if (s < 60) return `${s}s`;
  if (s < 3_600) return `${Math.floor(s / 60)}m ${s % 60}s`;
  return `${Math.floor(s / 3_600)}h ${Math.floor((s % 3_600) / 60)}m`;
}

/** `BSD 2026-11-20 14:30`, by the clock of the clinic. */
export function slotText(lock: Pick<LockItem, 'clinic_code' | 'starts_at'>): string {
  if (lock.clinic_code === null || lock.starts_at === null) return '-';
  return `${lock.clinic_code} ${lock.starts_at.slice(0, 16).replace('T', ' ')}`;
}

const ttlText = (lock: LockItem) => (lock.has_end === false ? 'no end' : spanText(lock.ttl_ms));
const holdText = (lock: LockItem) =>
  lock.reservation_status === null
    ? '-'
    : `${lock.reference_code ?? ''} ${lock.reservation_status}`;

export function olderThan(args: Args): { readonly older_than_ms?: number } {
  const text = textOption(args, 'older_than');
  return text === null ? {} : { older_than_ms: durationOf('--older-than', text) };
}

function classOf(args: Args): LockClass | null {
  const asked = textOption(args, 'class');
  if (flagOption(args, 'leaked')) {
    if (asked === null || asked === 'leaked') return 'leaked';
    throw new AppError('invalid_input', `--leaked and --class ${asked} contradict each other.`);
  }
  // commander has made sure that it is one of the four.
  return asked as LockClass | null;
}

/** Says what the rows cannot: what is missing, and why. */
function sayState(context: Context, page: Output<'list_locks'>): void {
  const { live, leaked, ghost, foreign } = page.counts;
  say(context, `${live} live, ${leaked} leaked, ${ghost} ghost, ${foreign} foreign`);
  if (page.doorman === 'down')
    say(context, 'Redis does not answer: holds are shown without locks.');
  if (page.doorman === 'absent') say(context, 'No Redis is configured: there are no locks.');
  if (!page.is_complete) say(context, 'There are too many to look at all of them.');
}

/** `petpro locks list` */
export async function listLocks(context: Context, args: Args): Promise<undefined> {
  const wanted = classOf(args);
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, PAGE_MAX) ?? LIMIT_DEFAULT;
  await withOps(context, args, async (ops) => {
    const clinic_id = await clinicId(context, ops);
    const page = await ops.call('list_locks', {
      limit,
      ...olderThan(args),
      ...(wanted === null ? {} : { class: wanted }),
      ...(clinic_id === null ? {} : { clinic_id }),
      ...(cursor === null ? {} : { cursor }),
    });
    printList(context, {
      kind: 'LockList',
      items: page.items,
      columns: [
        { head: 'SLOT', text: slotText, whole: true },
        { head: 'VET', text: (lock) => lock.staff_name ?? '-' },
        { head: 'SERVICE', text: (lock) => lock.service_name ?? '-' },
        { head: 'HOLDER', text: (lock) => lock.holder ?? '-', whole: true },
        { head: 'TTL', text: ttlText, right: true },
        { head: 'HOLD', text: holdText },
        { head: 'AGE', text: (lock) => spanText(lock.age_ms), right: true, wide: true },
        { head: 'CLASS', text: (lock) => lock.class, whole: true },
        { head: 'CAUSE', text: (lock) => lock.cause },
        { head: 'TOKEN', text: (lock) => lock.token, wide: true, whole: true },
        { head: 'KEY', text: (lock) => lock.key, wide: true },
      ],
      csv,
      name: (lock) => lock.key,
      cursor: page.next_cursor,
      as_of: page.as_of,
      empty: wanted === null ? 'Nothing is locked or held.' : `Nothing is ${wanted}.`,
    });
    sayState(context, page);
  });
}

/** `BSD 2026-11-20 14:30 Andi` as the parts to look for. */
function wordsOf(text: string) {
  const words = text.trim().split(/\s+/);
  const date = words.find((word) => /^\d{4}-\d\d-\d\d$/.test(word));
  const time = words.find((word) => /^\d\d:\d\d$/.test(word));
  const names = words.filter((word) => word !== date && word !== time);
  if (time === undefined || names.length === 0) {
    throw new AppError('invalid_input', `"${text}" names no lock.`, {
      next: 'petpro locks inspect "BSD 2026-11-20 14:30 Andi", or a key of petpro locks list',
    });
  }
  return { date, time, names: names.map((name) => name.toLowerCase()) };
}

function isMeant(lock: LockItem, { date, time, names }: ReturnType<typeof wordsOf>): boolean {
  if (lock.starts_at === null) return false;
  const called = [lock.clinic_code, lock.staff_name, lock.service_name].join(' ').toLowerCase();
  return (
    lock.starts_at.slice(11, 16) === time &&
    (date === undefined || lock.starts_at.startsWith(date)) &&
    names.every((name) => called.includes(name))
  );
}

/** The key that the words mean: a key itself, or clinic, day, time and vet. */
export async function keyOf(ops: Ops, text: string): Promise<string> {
  if (/^\w+:/.test(text) && !/\s/.test(text)) return text;
  const wanted = wordsOf(text);
  const hits = new Set<string>();
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found: Output<'list_locks'> = await ops.call('list_locks', {
      limit: PAGE_MAX,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const lock of found.items) if (isMeant(lock, wanted)) hits.add(lock.key);
    cursor = found.next_cursor;
    if (cursor === null) break;
  }
  const [hit] = hits;
  if (hit !== undefined && hits.size === 1) return hit;
  if (hit === undefined) {
    throw new AppError('not_found', `Nothing is locked or held at "${text}".`, {
      next: 'petpro locks list',
    });
  }
  throw new AppError('invalid_input', `"${text}" can be ${hits.size} locks: say the key.`, {
    candidates: [...hits],
    next: `petpro locks inspect '${hit}'`,
  });
}

const explained: Readonly<Record<LockItem['cause'], string>> = {
  held: 'as it should be',
  in_flight: 'a hold is being decided',
  ending: 'its hold has just ended; the lock is about to go',
  no_end: 'its hold is pending, but the lock has no end',
  no_reservation: 'no reservation was ever made for it',
  reservation_confirmed: 'its hold became a booking; the lock stayed',
  reservation_cancelled: 'its hold was given back; the lock stayed',
  reservation_expired: 'its hold has expired; the lock stayed',
  no_lock: 'the hold is pending, but its lock is gone',
  other_lock: "the hold is pending, but another lock stands in its lock's place",
  overdue: 'the hold is over; the sweeper is on its way',
  degraded: 'Redis does not answer, so nothing is known of its lock',
  strange_key: 'the key does not have our form',
  strange_value: 'what it holds was not written by PetPro',
};

/** The lines that tell a lock to a person. */
export function lockLines(lock: LockItem): (readonly [string, string])[] {
  return [
    ['class', `${lock.class.toUpperCase()}: ${explained[lock.cause]}`],
    ['slot', slotText(lock)],
    ['service', [lock.service_name, lock.staff_name].filter((part) => part !== null).join(', ')],
    ['seat', lock.seat === null ? '' : String(lock.seat)],
    ['holder', lock.holder ?? ''],
    ['ttl', lock.has_end === null ? 'no lock' : ttlText(lock)],
    ['hold', lock.reservation_status === null ? '' : holdText(lock)],
    ['until', lock.reservation_status === 'pending' ? (lock.expires_at ?? '') : ''],
    ['extended', lock.reservation_id === null ? '' : lock.extended ? 'yes' : 'no'],
    ['age', spanText(lock.age_ms)],
    ['token', lock.token],
  ];
}

/** `petpro locks inspect` */
export async function inspectLock(context: Context, args: Args): Promise<undefined> {
  await withOps(context, args, async (ops) => {
    const key = await keyOf(ops, args.positional.join(' '));
    const lock = await ops.call('inspect_lock', { key });
    const next = lock.can_release
      ? `petpro locks release '${lock.key}' --reason ..`
      : lock.class === 'leaked' || lock.class === 'ghost'
        ? 'petpro reconcile run'
        : '';
    const history = lock.history.map((step) => {
      const notes = step.notes === null ? '' : `: ${step.notes}`;
      return ['', `${step.at} ${step.action} (${step.source ?? '-'})${notes}`] as const;
    });
    printOne(context, {
      kind: 'Lock',
      item: lock,
      csv,
      name: lock.key,
      lines: [['Lock', lock.key], ...lockLines(lock), ...history, ['next', next]],
    });
  });
}
