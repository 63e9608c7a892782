import { isTrouble } from '../../domain/lock.ts';
import type { Repair } from '../../domain/ops-schema.ts';
import type { Output } from '../../domain/shapes.ts';
import type { InvariantResult } from '../store/invariants.ts';
import type { MoneyTrouble } from '../store/repairs.ts';
import type { Board, LockRow } from './board.ts';
import { lockItem } from './lock-json.ts';
import type { RepairItem } from './plan-items.ts';
import { isReleasable } from './release.ts';

/** From what was seen to what it means: a mismatch with its safe repair, or the command of whoever decides. */

export type Finding = Output<'reconcile'>['findings'][number];
export type Found = { readonly finding: Finding; readonly items: readonly RepairItem[] };

const SAMPLE_MAX = 5;

type Advice = {
  readonly repair: Repair | null;
  /** The field of the invariant's rows that the repair is about. */
  readonly field?: string;
  /** Only rows with this `problem` can be repaired; absent = all. */
  readonly problem?: string;
  readonly next: string;
};

const fix = 'petpro reconcile run --fix --dry-run';
const doctor = (name: string) => `petpro doctor --only invariants.${name} --json`;

/** Invariants that are not here have no safe repair either. */
const advice_of: Readonly<Record<string, Advice>> = {
  counters: { repair: 'recount_slot', field: 'slot_id', next: fix },
  holds: { repair: 'expire_hold', field: 'reservation_id', problem: 'overdue', next: fix },
  no_stranded_money: { repair: 'request_refund', field: 'payment_id', next: fix },
  capacity: {
    repair: null,
    next: 'move one of the bookings of the slot: petpro bookings list',
  },
  claims: { repair: null, next: 'move one of the two visits: petpro bookings list' },
  paid: { repair: null, next: 'compare with the provider: petpro bookings show' },
  refund_ceiling: { repair: null, next: 'stop the refund with the provider first' },
};

/** One broken invariant. */
export function fromInvariant(result: InvariantResult): Found {
  const { name, rows, sample } = result;
  const { repair, field, problem, next } = advice_of[name] ?? { repair: null, next: doctor(name) };
  const items = sample.flatMap((row): readonly RepairItem[] => {
    const target = field === undefined ? null : row[field];
    const is_meant = problem === undefined || row['problem'] === problem;
    if (repair === null || typeof target !== 'string' || !is_meant) return [];
    return [{ repair, target, token: null }];
  });
  const finding: Finding = {
    kind: `invariant.${name}`,
    severity: 'mismatch',
    count: rows,
    sample: sample.slice(0, SAMPLE_MAX),
    repair: items.length > 0 ? repair : null,
    repairable: items.length,
    next: items.length > 0 || repair === null ? next : doctor(name),
  };
  return { finding, items };
}

/** An invariant that could not be looked at in time: no finding is no proof. */
export function notLookedAt(name: string): Found {
  const finding: Finding = {
    kind: `invariant.${name}`,
    severity: 'unknown',
    count: 0,
    sample: [],
    repair: null,
    repairable: 0,
    next: doctor(name),
  };
  return { finding, items: [] };
}

function lockRepair(row: LockRow): RepairItem | null {
  if (isReleasable(row)) return { repair: 'release_lock', target: row.key, token: row.token };
  if (row.class === 'foreign' || row.hold === null) return null;
  // A ghost gets its lock back; a lock without end gets its hold's.
  return { repair: 'recreate_lock', target: row.hold.reservation_id, token: null };
}

/** Locks and holds that do not fit. While Redis is away nothing can be said, and nothing is. */
export function fromBoard(board: Board): readonly Found[] {
  return (['leaked', 'ghost', 'foreign'] as const).flatMap((name): readonly Found[] => {
    const rows = board.rows.filter((row) => row.class === name && isTrouble(row));
    if (rows.length === 0) return [];
    const items = rows.flatMap((row) => lockRepair(row) ?? []);
    const unique = new Map(items.map((item) => [`${item.repair} ${item.target}`, item]));
    const [first] = rows;
    const finding: Finding = {
      kind: `lock.${name}`,
      // Somebody else's key can at worst slow a slot down; PostgreSQL decides all the same.
      severity: name === 'foreign' ? 'warning' : 'mismatch',
      count: rows.length,
      sample: rows.slice(0, SAMPLE_MAX).map((row) => ({ ...lockItem(row) })),
      repair: items[0]?.repair ?? null,
      repairable: unique.size,
      next: items.length > 0 ? fix : `petpro locks inspect '${first?.key ?? ''}'`,
    };
    return [{ finding, items: [...unique.values()] }];
  });
}

const money_next: Readonly<Record<MoneyTrouble['kind'], string>> = {
  'inbox.unsettled': 'resend the event from the provider',
  'inbox.unmatched': 'find the payment with the provider: it is not one of ours',
  'payment.unsettled': 'is a daemon with the role cron running? petpro health --ready',
  'refund.stuck': 'look at the refund with the provider',
};

export function fromMoney(trouble: MoneyTrouble): Found {
  const { kind, count, sample } = trouble;
  const next = money_next[kind];
  const finding = { kind, severity: 'warning', count, sample, repair: null, next } as const;
  return { finding: { ...finding, repairable: 0 }, items: [] };
}
