import { AppError } from '../../src/domain/errors.ts';
import type { Output, Request } from '../../src/domain/shapes.ts';
import type { LockItem } from '../../src/tui/model-ops.ts';
import { at, NOW } from './fixture.ts';
import { figureLocks } from './fixture-ops.ts';

/** The lock endpoints in memory, with the rules of the real ones: fenced, never against a pending hold. */

export type FakeLocks = {
  items: LockItem[];
  doorman: Output<'list_locks'>['doorman'];
  /** Keys that change between a plan and its run. */
  readonly changing: Set<string>;
  readonly audit: { readonly key: string; readonly reason: string }[];
  readonly handlers: {
    readonly list_locks: (request: Request<'list_locks'>) => Output<'list_locks'>;
    readonly inspect_lock: (request: Request<'inspect_lock'>) => Output<'inspect_lock'>;
    readonly release_lock: (request: Request<'release_lock'>) => Output<'release_lock'>;
    readonly cleanup_locks: (request: Request<'cleanup_locks'>) => Output<'cleanup_locks'>;
  };
};

const changed = () =>
  new AppError('conflict', 'The lock has changed since you looked; nothing was released.');

export function fakeLocks(): FakeLocks {
  let plan: readonly LockItem[] = [];

  function find(key: string): LockItem {
    const lock = fake.items.find((one) => one.key === key);
    if (lock === undefined) throw new AppError('not_found', 'There is no such lock.');
    return lock;
  }

  function drop(lock: LockItem, reason: string): void {
    fake.items = fake.items.filter((one) => one.key !== lock.key);
    fake.audit.push({ key: lock.key, reason });
  }

  function release(request: Request<'release_lock'>): Output<'release_lock'> {
    const lock = find(request.key);
    if (lock.token !== request.token) throw changed();
    if (lock.class === 'foreign' && request.foreign !== true) {
      throw new AppError('policy_refused', 'This key was not written by PetPro.');
    }
    const is_pending = lock.reservation_status === 'pending';
    if (is_pending && request.cancel_reservation !== true) {
      const detail = 'PostgreSQL holds this slot for a pending reservation.';
      throw new AppError('policy_refused', detail);
    }
    const dry_run = request.dry_run === true;
    if (!dry_run && fake.changing.delete(lock.key)) throw changed();
    if (!dry_run) drop(lock, request.reason);
    return {
      key: lock.key,
      class: lock.class,
      cause: lock.cause,
      dry_run,
      released: !dry_run,
      reservation_id: lock.reservation_id,
      cancelled_reservation: is_pending && !dry_run,
    };
  }

  function cleanup(request: Request<'cleanup_locks'>): Output<'cleanup_locks'> {
    const is_plan = request.dry_run === true;
    const leaked = fake.items.filter((one) => one.class === 'leaked');
    if (is_plan) plan = leaked;
    const items = plan.map(({ key, clinic_code, starts_at, cause, token }) => {
      const base = { key, clinic_code, starts_at, cause };
      if (is_plan) return { ...base, outcome: 'planned' as const, why: null };
      const now = fake.items.find((one) => one.key === key);
      if (now === undefined || now.token !== token) {
        const why = now === undefined ? 'gone' : 'changed';
        return { ...base, outcome: 'kept' as const, why };
      }
      drop(now, request.reason ?? '');
      return { ...base, outcome: 'released' as const, why: null };
    });
    const released = items.filter(({ outcome }) => outcome === 'released').length;
    const kept = is_plan ? 0 : items.length - released;
    const expires_at = at('10:57');
    return {
      plan_id: 'PL91',
      expires_at,
      dry_run: is_plan,
      planned: items.length,
      released,
      kept,
      items,
    };
  }

  const fake: FakeLocks = {
    items: figureLocks(),
    doorman: 'up',
    changing: new Set(),
    audit: [],
    handlers: {
      list_locks: (request) => {
        const count = (name: LockItem['class']) =>
          fake.items.filter((one) => one.class === name).length;
        return {
          items: fake.items.filter(
            (one) => request.class === undefined || one.class === request.class,
          ),
          next_cursor: null,
          doorman: fake.doorman,
          is_complete: true,
          counts: {
            live: count('live'),
            leaked: count('leaked'),
            ghost: count('ghost'),
            foreign: count('foreign'),
          },
          as_of: Temporal.Instant.fromEpochMilliseconds(NOW).toString(),
        };
      },
      inspect_lock: ({ key }) => {
        const lock = find(key);
        const step = { action: 'created', status: 'pending', source: 'api', notes: null };
        return {
          ...lock,
          can_release: lock.class === 'leaked',
          history: lock.reservation_id === null ? [] : [{ ...step, at: at('10:31') }],
        };
      },
      release_lock: release,
      cleanup_locks: cleanup,
    },
  };
  return fake;
}
