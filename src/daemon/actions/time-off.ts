import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import { dayRange, instantOf } from '../../domain/time.ts';
import type { Actor, App } from '../app-types.ts';
import { neededReason } from '../locks/spend-plan.ts';
import { findClinic } from '../store/clinics.ts';
import { makePlan, readPlan } from '../store/plans.ts';
import {
  endTimeOff as end,
  findStaff,
  listTimeOff as list,
  type StaffMember,
  takeTimeOff as take,
  visitsInTheWay,
} from '../store/time-off.ts';
import { assertClinic, dbActor } from './actor.ts';
import { closePage } from './close-page.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { type PlanItem, planItems, type Window } from './plan-time-off.ts';
import { releaseLocks } from './release-locks.ts';
import { zonedText } from './slot-time.ts';

type Request = Input<'take_time_off'>;
type Answer = Output<'take_time_off'>;

/** Visits that one plan may touch: one transaction moves them all, and others wait for it. */
const VISITS_MAX = 200;
/** Days that one plan may span. */
const DAYS_MAX = 62;
const LIST_MAX = 200;

/** What the first element of a plan says; the visits follow. */
type Head = {
  readonly staff_id: string;
  readonly clinic_id: string;
  readonly starts_at: string;
  readonly ends_at: string;
  readonly reason: string | null;
  readonly bookings: Request['bookings'];
};

const no_staff = () => new AppError('not_found', 'There is no such vet.');

function windowOf(request: Request, zone: string): Window {
  const { date = '', to_date = date, from, to } = request;
  const first =
    from === undefined ? dayRange(date, zone).from : instantOf(date, from, zone).instant;
  const last = to === undefined ? dayRange(to_date, zone).to : instantOf(to_date, to, zone).instant;
  if (Temporal.Instant.compare(first, last) >= 0) {
    throw new AppError('invalid_input', 'The end lies before the beginning.', {
      errors: [{ path: 'body.to', message: 'Give a time after from' }],
    });
  }
  if (Temporal.Instant.compare(last, Temporal.Now.instant()) <= 0) {
    throw new AppError('invalid_input', 'These hours are over.', {
      errors: [{ path: 'body.date', message: 'Give a day from today on' }],
    });
  }
  if (last.since(first).total('hours') > DAYS_MAX * 24) {
    throw new AppError('invalid_input', `One plan spans ${DAYS_MAX} days at most.`, {
      errors: [{ path: 'body.to_date', message: 'Give an earlier day, or several plans' }],
    });
  }
  return { from: first, to: last };
}

const counted = (items: readonly PlanItem[], kind: PlanItem['kind']) =>
  items.filter((item) => item.kind === kind).length;

function shown(items: readonly PlanItem[]): Answer['items'] {
  return items.map(({ reservation_id: _, version: __, slot_id: ___, ...item }) => ({
    ...item,
    refund_amount: moneyText(item.refund_amount, item.currency),
  }));
}

async function freeze(app: App, actor: Actor, staff: StaffMember, request: Request) {
  const window = windowOf(request, staff.time_zone);
  const visits = await visitsInTheWay(app.sql, staff.staff_id, window, VISITS_MAX + 1);
  if (visits.length > VISITS_MAX) {
    throw new AppError(
      'policy_refused',
      `More than ${VISITS_MAX} visits lie in these hours: plan fewer days at once.`,
      { visits_max: VISITS_MAX },
    );
  }
  const mode = request.bookings;
  const items = await planItems(app, actor, { staff, window, mode, visits });
  const head: Head = {
    staff_id: staff.staff_id,
    clinic_id: staff.clinic_id,
    starts_at: window.from.toString(),
    ends_at: window.to.toString(),
    reason: request.reason ?? null,
    bookings: mode,
  };
  const reason = request.reason ?? null;
  const plan = { kind: 'time_off', items: [head, ...items], reason } as const;
  const made = await makePlan(app.sql, plan, dbActor(actor));
  return { ...made, window, items };
}

/** After the commit: what PostgreSQL does not keep. Locks end by themselves, pages by the poller. */
async function clearHolds(app: App, done: Awaited<ReturnType<typeof take>>): Promise<void> {
  for (const hold of done.holds_ended) {
    await releaseLocks(app, hold);
    if (hold.session_id !== null) await closePage(app, hold.session_id);
  }
}

async function carryOut(
  app: App,
  actor: Actor,
  staff: StaffMember,
  plan_id: string,
  reason: string,
) {
  const plan = await readPlan<Head, PlanItem>(app.sql, 'time_off', plan_id, actor.clinic_id);
  const next = 'petpro slots block --vet .. --date .. --dry-run';
  if (plan?.head.staff_id !== staff.staff_id) {
    const whose = `There is no plan ${plan_id} for ${staff.staff_name}.`;
    throw new AppError('not_found', whose, { plan_id, next });
  }
  const { head, items } = plan;
  const to_decide = items.filter(({ kind }) => kind !== 'keep').length;
  if (head.bookings === 'refuse' && to_decide > 0) {
    throw new AppError(
      'policy_refused',
      `${to_decide} visits lie in these hours: say what becomes of them.`,
      { visits: to_decide, next: 'petpro slots block .. --reseat, --cancel or --keep' },
    );
  }
  const done = await take(app.sql, { plan_id, reason }, dbActor(actor));
  if (done.outcome === 'ok') return { done, head, items };
  if (done.outcome === 'not_found') throw failure('not_found', { plan_id, next });
  const what =
    done.outcome === 'expired'
      ? `Plan ${plan_id} is too old`
      : done.problem === null
        ? `Plan ${plan_id} was carried out already`
        : `Plan ${plan_id} is no longer true (${done.problem['reference_code'] ?? 'a new booking'}: ${done.problem['why']})`;
  const problem = done.problem === null ? {} : { problem: { ...done.problem } };
  throw failure(
    'conflict',
    { plan_id, ...problem, next },
    `${what}; nothing was changed. Make a new one.`,
  );
}

/**
 * Closes hours of a vet. A dry run freezes what it would do to each visit; a plan is carried out whole
 * or not at all; without either both happen at once, unless visits are in the way and nothing is said
 * about them.
 */
export async function takeTimeOff(app: App, actor: Actor, request: Request): Promise<Answer> {
  const staff = await findStaff(app.sql, request.staff_id, actor.clinic_id);
  if (!staff) throw no_staff();
  const { dry_run } = request;
  const reason = dry_run ? '' : neededReason(request.reason);
  const text = (at: Temporal.Instant) => zonedText(at, staff.time_zone);
  const known = { staff_id: staff.staff_id, staff_name: staff.staff_name, dry_run };
  let plan_id = request.plan_id ?? null;
  if (plan_id === null) {
    const plan = await freeze(app, actor, staff, request);
    plan_id = plan.plan_id;
    const { items, window } = plan;
    if (dry_run) {
      return {
        ...known,
        plan_id,
        expires_at: text(plan.expires_at),
        bookings: request.bookings,
        time_off_id: null,
        starts_at: text(window.from),
        ends_at: text(window.to),
        moved: counted(items, 'move'),
        cancelled: counted(items, 'cancel'),
        kept: counted(items, 'keep'),
        holds_ended: counted(items, 'end_hold'),
        slots_closed: 0,
        items: shown(items),
      };
    }
  }
  const { done, head, items } = await carryOut(app, actor, staff, plan_id, reason);
  await clearHolds(app, done);
  app.wake.relay();
  app.wake.dispatcher();
  return {
    ...known,
    plan_id,
    expires_at: null,
    bookings: head.bookings,
    time_off_id: done.time_off_id,
    starts_at: text(Temporal.Instant.from(head.starts_at)),
    ends_at: text(Temporal.Instant.from(head.ends_at)),
    moved: done.moved,
    cancelled: done.cancelled,
    kept: done.kept,
    holds_ended: done.holds_ended.length,
    slots_closed: done.slots_closed ?? 0,
    items: shown(items),
  };
}

/** Hours that are closed now or later. */
export async function listTimeOff(
  app: App,
  actor: Actor,
  { clinic_id }: Input<'list_time_off'>,
): Promise<Output<'list_time_off'>> {
  assertClinic(actor, clinic_id);
  if (!(await findClinic(app.sql, clinic_id))) {
    throw new AppError('not_found', 'There is no such clinic.');
  }
  const rows = await list(app.sql, clinic_id, LIST_MAX);
  const items = rows.map(({ time_zone, starts_at, ends_at, ...row }) => ({
    ...row,
    starts_at: zonedText(starts_at, time_zone),
    ends_at: zonedText(ends_at, time_zone),
  }));
  return { items, next_cursor: null };
}

/** Opens closed hours again. */
export async function endTimeOff(
  app: App,
  actor: Actor,
  { time_off_id }: Input<'end_time_off'>,
): Promise<Output<'end_time_off'>> {
  const done = await end(app.sql, time_off_id, dbActor(actor));
  if (done.outcome === 'not_found') throw new AppError('not_found', 'There is no such time off.');
  if (done.outcome === 'already_done') {
    throw failure('conflict', { time_off_id }, 'These hours were opened again already.');
  }
  return { time_off_id, slots_opened: done.slots_opened };
}
