import { AppError } from '../../domain/errors.ts';
import { type PlanSeat, planCategories, planRows, planSeats } from '../../domain/seat-plan.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findService } from '../store/clinics.ts';
import {
  findSeatPlan,
  type SetPlanResult,
  slotSeats as seatsOf,
  setSeatPlan as set,
} from '../store/seats.ts';
import { dbActor } from './actor.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

/** All seats of a slot, who has them and what they cost. */
export async function getSlotSeats(
  app: App,
  actor: Actor,
  { slot_id }: Input<'get_slot_seats'>,
): Promise<Output<'get_slot_seats'>> {
  const found = await seatsOf(app.sql, slot_id);
  if (!found || (actor.clinic_id !== null && actor.clinic_id !== found.clinic_id)) {
    throw new AppError('not_found', 'There is no such slot.');
  }
  const { time_zone, starts_at, currency, tiers, price, seats, clinic_id: _, ...rest } = found;
  const prices = new Map(tiers.map((tier) => [tier.tier.toLowerCase(), tier.price]));
  const categories = new Map<string, { tier: string; seats: number; free: number }>();
  const counts = { free: 0, held: 0, booked: 0 };
  const items = seats.map(([seat, label, row, place, category, tier, state]) => {
    const sum = categories.get(category) ?? { tier, seats: 0, free: 0 };
    categories.set(category, sum);
    sum.seats += 1;
    if (state === 'free') sum.free += 1;
    counts[state] += 1;
    return { seat, label, row, place, category, state };
  });
  return {
    ...rest,
    starts_at: zonedText(starts_at, time_zone),
    ...counts,
    currency,
    categories: [...categories].map(([category, sum]) => ({
      category,
      ...sum,
      price: moneyText(prices.get(sum.tier.toLowerCase()) ?? price, currency),
    })),
    items,
  };
}

function planJson(
  plan: { readonly service_id: string; readonly service_name: string; readonly version: number },
  seats: readonly PlanSeat[],
): Output<'get_seat_plan'> {
  return {
    service_id: plan.service_id,
    service_name: plan.service_name,
    seat_count: seats.length,
    categories: planCategories(seats),
    rows: planRows(seats),
    version: plan.version,
  };
}

async function visibleService(app: App, actor: Actor, service_id: string) {
  const service = await findService(app.sql, service_id);
  if (!service || (actor.clinic_id !== null && actor.clinic_id !== service.clinic_id)) {
    throw new AppError('not_found', 'There is no such service.');
  }
  return service;
}

/** The seat plan of a service. */
export async function getSeatPlan(
  app: App,
  actor: Actor,
  { service_id }: Input<'get_seat_plan'>,
): Promise<Output<'get_seat_plan'>> {
  const { name } = await visibleService(app, actor, service_id);
  const plan = await findSeatPlan(app.sql, service_id);
  if (plan) return planJson(plan, plan.seats);
  throw new AppError('not_found', `${name} has no seat plan; its seats have numbers only.`, {
    next: `petpro seats plan set "${name}" --file plan.json`,
  });
}

function refused({ rule, label, needed }: SetPlanResult, count: number): Error {
  const details: { readonly [name in NonNullable<typeof rule>]: string } = {
    seats_sold: `The seat ${label ?? ''} is sold for a time to come; its number, name and tier have to stay.`,
    seats_too_few: `The plan has ${count} seats, but ${needed ?? 0} are on sale at one time.`,
    seats_tier_unknown: `The service has no price tier "${label ?? ''}"; add it, or name another one.`,
  };
  const facts = { rule, ...(label === null ? {} : { label }), needed };
  return failure('policy_refused', facts, rule === null ? undefined : details[rule]);
}

/** Exchanges the seat plan of a service, whole. */
export async function setSeatPlan(
  app: App,
  actor: Actor,
  input: Input<'set_seat_plan'>,
): Promise<Output<'set_seat_plan'>> {
  const { service_id, expected_version = null, dry_run } = input;
  const { name } = await visibleService(app, actor, service_id);
  const { seats, faults } = planSeats(input);
  const [fault] = faults;
  if (fault) {
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
    const detail = `body.${fault.path}: ${fault.message}${more}`;
    const errors = faults.slice(0, 20).map(({ path, message }) => {
      return { path: `body.${path}`, message };
    });
    throw new AppError('invalid_input', detail, { errors });
  }
  const change = { service_id, seats, expected_version, dry_run };
  const done = await set(app.sql, change, dbActor(actor));
  if (done.outcome === 'policy_refused') throw refused(done, seats.length);
  if (done.outcome !== 'ok' || done.version === null) {
    throw failure(done.outcome, done.version === null ? {} : { version: done.version });
  }
  const plan = planJson({ service_id, service_name: name, version: done.version }, seats);
  return { ...plan, ...(dry_run ? { dry_run } : {}) };
}
