import { z } from 'zod';
import { LOCK_KEY_MAX, lock_causes, lock_classes } from './lock.ts';
import { cursor, id, instant, limit, line, page } from './schema.ts';

/** What operators ask about locks and repairs, and what they are told. */

const reason = line(500);
const lock_key = line(LOCK_KEY_MAX).describe('As the list gives it: hold:{slot_id}:seat');
export const plan_id = z
  .string()
  .regex(/^PL[1-9]\d{0,14}$/)
  .describe('A frozen plan of a dry run; taken once, within 15 minutes');
const count = z.number().int();
const milliseconds = z.number().int().nullable();

const Lock = z
  .object({
    key: z.string(),
    class: z.enum(lock_classes),
    cause: z.enum(lock_causes).describe('Why it is of that class'),
    slot_id: id.nullable(),
    seat: count.nullable(),
    clinic_id: id.nullable(),
    clinic_code: z.string().nullable(),
    starts_at: instant.nullable(),
    staff_name: z.string().nullable(),
    service_name: z.string().nullable(),
    holder: z.string().nullable().describe('Masked: u:5f2c** (owner) or o:k3Jd** (token)'),
    lock_id: z.string().nullable().describe('Masked'),
    token: z.string().describe('Fingerprint of the lock; a release must name it'),
    ttl_ms: milliseconds.describe('Life left in Redis; null = no lock, or a lock without end'),
    has_end: z.boolean().nullable().describe('Null when there is no lock'),
    reservation_id: id.nullable(),
    reference_code: z.string().nullable(),
    reservation_status: z.enum(['pending', 'confirmed', 'cancelled', 'expired']).nullable(),
    expires_at: instant.nullable().describe('When the hold ends, by PostgreSQL'),
    extended: z.boolean(),
    age_ms: milliseconds.describe(
      'Age of the hold, or how long ago it ended; null = nobody can know',
    ),
  })
  .meta({ id: 'Lock' });

const LockDetail = Lock.extend({
  can_release: z.boolean().describe('False: only together with its reservation, or not at all'),
  history: z
    .array(
      z.object({
        action: z.string(),
        status: z.string(),
        source: z.string().nullable(),
        notes: z.string().nullable(),
        at: instant,
      }),
    )
    .readonly(),
}).meta({ id: 'LockDetail' });

const LockPage = page(Lock)
  .extend({
    doorman: z.enum(['up', 'down', 'absent']).describe('Not up: locks cannot be told, only holds'),
    is_complete: z.boolean().describe('False: too many to look at all of them'),
    counts: z.object({ live: count, leaked: count, ghost: count, foreign: count }),
    as_of: instant,
  })
  .meta({ id: 'LockPage' });

const Release = z
  .object({
    key: z.string(),
    class: z.enum(lock_classes),
    cause: z.enum(lock_causes),
    dry_run: z.boolean(),
    released: z.boolean().describe('The lock is gone'),
    reservation_id: id.nullable(),
    cancelled_reservation: z.boolean(),
  })
  .meta({ id: 'LockRelease' });

const Cleanup = z
  .object({
    plan_id: z.string().nullable(),
    expires_at: instant.nullable().describe('Of the plan'),
    dry_run: z.boolean(),
    planned: count,
    released: count,
    kept: count,
    items: z
      .array(
        z.object({
          key: z.string(),
          clinic_code: z.string().nullable(),
          starts_at: instant.nullable(),
          cause: z.string(),
          outcome: z.enum(['planned', 'released', 'kept']),
          why: z.string().nullable().describe('Why it was kept'),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'LockCleanup' });

/** Repairs that can do no harm: each looks again, under lock or fence, before it acts. */
export const repairs = [
  'release_lock',
  'recreate_lock',
  'recount_slot',
  'expire_hold',
  'request_refund',
] as const;
export type Repair = (typeof repairs)[number];

const Finding = z
  .object({
    kind: z.string().describe('invariant.counters, lock.leaked, payment.unsettled, ...'),
    severity: z
      .enum(['mismatch', 'warning', 'unknown'])
      .describe('unknown = it could not be looked at'),
    count,
    sample: z.array(z.record(z.string(), z.unknown())).readonly(),
    repair: z.enum(repairs).nullable().describe('Null: a person has to decide'),
    repairable: count,
    next: z.string().describe('What to do, as a command where there is one'),
  })
  .meta({ id: 'Finding' });

const Reconciliation = z
  .object({
    is_ok: z.boolean(),
    mismatches: count,
    findings: z.array(Finding).readonly(),
    plan_id: z.string().nullable(),
    plan_expires_at: instant.nullable(),
    planned: count,
    repaired: count,
    repairs: z
      .array(
        z.object({
          repair: z.enum(repairs),
          target: z.string(),
          outcome: z.enum(['planned', 'done', 'kept']),
          why: z.string().nullable(),
        }),
      )
      .readonly(),
    doorman: z.enum(['up', 'down', 'absent']),
    is_complete: z.boolean(),
    as_of: instant,
  })
  .meta({ id: 'Reconciliation' });

const nothing = z.object({});

/** Rows of the shape table. */
export const ops_shapes = {
  list_locks: {
    params: nothing,
    query: z.object({
      class: z.enum(lock_classes).optional(),
      clinic_id: id.optional(),
      older_than_ms: z.coerce
        .number()
        .int()
        .min(0)
        .max(31_536_000_000)
        .optional()
        .describe('Rows whose age nobody can know count as old'),
      cursor,
      limit,
    }),
    body: nothing,
    output: LockPage,
  },
  inspect_lock: {
    params: z.object({ key: lock_key }),
    query: nothing,
    body: nothing,
    output: LockDetail,
  },
  release_lock: {
    params: z.object({ key: lock_key }),
    query: nothing,
    body: z.object({
      reason,
      token: z
        .string()
        .regex(/^[~\w-]{1,40}$/)
        .describe('As the list gave it: the release fails when the lock has changed since'),
      cancel_reservation: z
        .boolean()
        .default(false)
        .describe('Also end the hold that PostgreSQL has for this lock'),
      foreign: z.boolean().default(false).describe('Yes, delete a key that is not ours'),
      dry_run: z.boolean().default(false),
    }),
    output: Release,
  },
  cleanup_locks: {
    params: nothing,
    query: nothing,
    body: z.object({
      class: z.literal('leaked').default('leaked'),
      max: z.number().int().min(1).max(1_000).default(100),
      older_than_ms: z.number().int().min(0).max(31_536_000_000).optional(),
      reason: reason.optional().describe('Needed for everything but a dry run'),
      dry_run: z.boolean().default(false).describe('Make a plan and change nothing'),
      plan_id: plan_id.optional(),
    }),
    output: Cleanup,
  },
  reconcile: {
    params: nothing,
    query: nothing,
    body: z.object({
      dry_run: z.boolean().default(false).describe('Make a plan of the safe repairs'),
      fix: z.boolean().default(false).describe('Carry out a plan; needs plan_id and reason'),
      plan_id: plan_id.optional(),
      reason: reason.optional(),
    }),
    output: Reconciliation,
  },
};
