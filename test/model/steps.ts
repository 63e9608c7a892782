import fc from 'fast-check';
import type { Door } from './door.ts';
import type { Ending } from './ledger.ts';
import * as ledger from './ledger.ts';
import type { HoldModel, PaymentModel } from './model.ts';
import * as engine from './model.ts';
import type { RefundDoor } from './refund-door.ts';
import { money_kinds, moneyStep } from './steps-money.ts';
import * as visit from './visit.ts';
import type { World } from './world.ts';

/** Names and how often they come, against each other. */
const hold_kinds = {
  hold: 30,
  hold_again: 4,
  extend: 4,
  cancel_hold: 5,
  confirm: 7,
  open_page: 12,
  pay: 14,
  pay_unnoted: 2,
  pay_twice: 3,
  pay_wrong: 2,
  decline: 4,
  page_lapse: 3,
  cancel_booking: 8,
  move: 6,
  lapse: 10,
  sweep: 4,
  relay: 3,
  pay_back: 4,
  block: 2,
  fault: 2,
} as const;
const kinds = { ...hold_kinds, ...money_kinds } as const;
export type Kind = keyof typeof kinds;
export type Step = {
  readonly kind: Kind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
};

const number = fc.nat({ max: 9_999 });
const stepOf = (names: readonly Kind[]): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.oneof(...names.map((kind) => ({ weight: kinds[kind], arbitrary: fc.constant(kind) }))),
    a: number,
    b: number,
    c: number,
  });
export const anyStep = stepOf(Object.keys(kinds) as Kind[]);
/** Every second step is one of these kinds. */
export const stepNear = (names: readonly Kind[]) => fc.oneof(anyStep, stepOf(names));
/** Without what the desk, moves and refunds do. */
export const anyHoldStep = stepOf(Object.keys(hold_kinds) as Kind[]);

/** What happens around the engine, by the kind of test. */
export type Surroundings = {
  /** Moves a hold's end into the past. */
  readonly lapse: (hold: HoldModel) => Promise<void>;
  readonly relay: () => Promise<void>;
  /** Money on its way back. */
  readonly refunds: RefundDoor;
  readonly setBlocked: (slot_id: string, is_blocked: boolean) => Promise<void>;
  /** Which of these holds the database still calls pending. */
  readonly pendingOf: (ids: readonly string[]) => Promise<readonly string[]>;
  /** Breaks something (a connection, Redis); the next steps must not notice. */
  readonly fault: (n: number) => Promise<void>;
};

export type Told = {
  readonly allowed: readonly string[];
  readonly said: string;
  /** It was about a hold that had ended. */
  readonly is_late?: boolean;
};

/** How the worker's tries end, against each other. */
const endings: readonly Ending[] = ['completed', 'completed', 'processing', 'failed', 'retry'];

const of = <T>(things: readonly T[], n: number): T | undefined => things[n % things.length];

const isExtended = (hold: HoldModel) =>
  hold.status === 'pending' && hold.is_extended && !hold.is_overdue;

/**
 * Carries one step out on both sides, and says what the model allows and what the engine said. Ids
 * are made of the step's place, so that a replayed run is the same run.
 */
export class Walk {
  readonly #world: World;
  readonly #door: Door;
  readonly #around: Surroundings;
  #at = 0;

  constructor(world: World, door: Door, around: Surroundings) {
    this.#world = world;
    this.#door = door;
    this.#around = around;
  }

  get #model() {
    return this.#world.model;
  }

  #id(kind: number): string {
    const tail = `${kind}${String(this.#at).padStart(11, '0')}`;
    return `00000000-0000-4000-8000-${tail}`;
  }

  #ownerOf(n: number) {
    const owner = this.#world.owners[n];
    if (!owner) throw new Error('no such owner');
    return owner;
  }

  /** Mostly a recent hold: what is long over rarely has news. */
  #some(n: number, wanted: (hold: HoldModel) => boolean = () => true): HoldModel | undefined {
    const fitting = this.#model.holds.filter(wanted);
    return of(fitting.slice(n % 4 === 0 ? 0 : -8), Math.floor(n / 4));
  }

  async #hold({ a, b, c }: Step): Promise<Told> {
    const slot = of(this.#model.slots, a);
    if (!slot) throw new Error('no slot');
    const owner = b % this.#world.owners.length;
    // Mostly few seats; sometimes none or more than there are.
    const quantity = c % 17 === 0 ? 0 : c % 13 === 0 ? slot.capacity + 1 : 1 + (c % 4);
    const wish = {
      id: this.#id(1),
      slot,
      owner,
      quantity: slot.capacity === 1 && c % 3 > 0 ? 1 : quantity,
      key: c % 2 === 0 ? `key-${this.#at}` : null,
    };
    const said = await this.#door.hold(wish, this.#ownerOf(owner));
    // Actions choose the id themselves.
    const id = /^ok (\S+)/.exec(said)?.[1] ?? wish.id;
    return { allowed: await this.#judged({ ...wish, id }), said };
  }

  /**
   * Who is refused at the door never reaches the judge, who would have ended overdue holds in the
   * way. Both is right: the model learns which it was.
   */
  async #judged(wish: engine.HoldWish): Promise<readonly string[]> {
    const { holds } = this.#model;
    const overdue = holds.filter((one) => one.status === 'pending' && one.is_overdue);
    const allowed = engine.hold(this.#model, wish, this.#door.level);
    const ended = overdue.filter(({ status }) => status === 'expired');
    if (this.#door.level === 'functions' || ended.length === 0) return allowed;
    const pending = await this.#around.pendingOf(ended.map(({ id }) => id));
    for (const one of ended.filter(({ id }) => pending.includes(id))) {
      one.status = 'pending';
      one.version -= 1;
    }
    return allowed;
  }

  /** The same request once more, after a lost answer. */
  async #holdAgain({ a }: Step): Promise<Told | null> {
    const first = this.#some(a, ({ key }) => key !== null);
    if (!first) return null;
    const said = await this.#door.hold({ ...first, id: this.#id(1) }, this.#ownerOf(first.owner));
    return { allowed: await this.#judged(first), said };
  }

  #newPayment(hold: HoldModel): PaymentModel {
    return {
      id: this.#id(2),
      session_id: `cs_${this.#at}`,
      status: 'pending',
      amount: hold.due,
      is_closed: false,
      is_booked: false,
      is_desk: false,
      paid_at: 0,
      refunds: [],
    };
  }

  async #pay(step: Step): Promise<Told | null> {
    const hold = this.#some(step.a, ({ payments }) => payments.some(({ is_desk }) => !is_desk));
    const payment =
      hold &&
      of(
        hold.payments.filter(({ is_desk }) => !is_desk),
        step.b,
      );
    if (!hold || !payment) return null;
    const event_id = `evt_${this.#at}`;
    const send = (result: 'success' | 'failed' | 'expired', amount: number | null) =>
      this.#door.pay(hold, payment, { event_id, result, amount });
    if (step.kind === 'decline' || step.kind === 'page_lapse') {
      const result = step.kind === 'decline' ? 'failed' : 'expired';
      const said = await send(result, null);
      return { allowed: [engine.notPaid(payment, result)], said };
    }
    const asked = hold.due;
    const is_late = hold.status === 'expired';
    const amount = step.kind === 'pay_wrong' ? (step.c % 3) * 50_000_00 : asked;
    const said = await send('success', amount);
    const allowed = [engine.paid(this.#model, hold, payment, { amount, at: this.#at })];
    if (step.kind !== 'pay_twice') return { allowed, said, is_late };
    // The same event again, and the same payment told by another event.
    const again = [await send('success', amount)];
    const other = { event_id: `${event_id}_b`, result: 'success', amount } as const;
    again.push(await this.#door.pay(hold, payment, other));
    return {
      allowed: allowed.map((first) => [first, 'already_done', 'already_done'].join()),
      said: [said, ...again].join(),
    };
  }

  async #payUnnoted({ a }: Step): Promise<Told | null> {
    const hold = this.#some(a);
    if (!hold) return null;
    const payment = this.#newPayment(hold);
    hold.payments.push(payment);
    const amount = payment.amount;
    const money = { event_id: `evt_${this.#at}`, result: 'success', amount } as const;
    const said = await this.#door.pay(hold, payment, money);
    return { allowed: [engine.paid(this.#model, hold, payment, { amount, at: this.#at })], said };
  }

  async #cancelBooking({ a, b, c }: Step): Promise<Told | null> {
    const hold = this.#some(a, ({ booking }) => booking !== null);
    if (!hold) return null;
    const version = c % 5 === 0 ? 1 : null;
    const wish = { by: b % 2 === 0 ? 'owner' : 'clinic', quote: b % 3 === 0, version } as const;
    const said = await this.#door.cancelBooking(hold, wish);
    return { allowed: [visit.cancelBooking(hold, wish, this.#at)], said };
  }

  async #sweep(): Promise<null> {
    const due = this.#model.holds.filter((one) => one.status === 'pending' && one.is_overdue);
    const ending = due.filter(
      (one) => this.#door.level === 'actions' || engine.openPage(one) === null,
    );
    await this.#door.sweep(ending);
    for (const one of ending) engine.endHold(one, 'expired');
    return null;
  }

  async #around_it(step: Step): Promise<null> {
    const { a } = step;
    const hold = this.#some(a, ({ status, is_overdue }) => status === 'pending' && !is_overdue);
    const slot = of(this.#model.slots, a);
    if (step.kind === 'relay') {
      await this.#around.relay();
      visit.publish(this.#model);
    }
    if (step.kind === 'fault') await this.#around.fault(a);
    if (step.kind === 'pay_back') {
      const ending = of(endings, step.b) ?? 'completed';
      await this.#around.refunds.payBack(ending);
      for (const one of this.#model.holds) ledger.payBack(one, ending);
    }
    if (step.kind === 'block' && slot) {
      slot.is_blocked = !slot.is_blocked;
      await this.#around.setBlocked(slot.id, slot.is_blocked);
    }
    if (step.kind === 'lapse' && hold) {
      hold.is_overdue = true;
      await this.#around.lapse(hold);
    }
    return null;
  }

  /** Null when the step has nothing to answer, or nothing to act on. */
  async take(step: Step): Promise<Told | null> {
    this.#at += 1;
    const { kind, a, b } = step;
    const told = await moneyStep(
      {
        model: this.#model,
        door: this.#door,
        refunds: this.#around.refunds,
        at: this.#at,
        some: (n, wanted) => this.#some(n, wanted),
      },
      step,
    );
    if (told !== undefined) return told;
    if (kind === 'hold') return await this.#hold(step);
    if (kind === 'hold_again') return await this.#holdAgain(step);
    if (kind === 'cancel_booking') return await this.#cancelBooking(step);
    if (kind === 'sweep') return await this.#sweep();
    if (kind === 'pay_unnoted') return await this.#payUnnoted(step);
    if (kind.startsWith('pay') && kind !== 'pay_back') return await this.#pay(step);
    if (kind === 'decline' || kind === 'page_lapse') return await this.#pay(step);
    // A hold that ended is extended now and then too, to hear the refusal.
    const is_pending = kind === 'extend' && b % 3 > 0;
    const hold =
      (kind === 'extend' && b % 3 === 1 ? this.#some(a, isExtended) : undefined) ??
      this.#some(a, ({ status }) => !is_pending || status === 'pending');
    if (hold && kind === 'open_page') {
      const payment = this.#newPayment(hold);
      await this.#door.openPage(hold, payment);
      hold.payments.push(payment);
      return null;
    }
    if (hold && kind === 'extend') {
      const has_token = b % 4 > 0;
      const said = await this.#door.extend(hold, this.#ownerOf(hold.owner), has_token);
      return { allowed: [engine.extend(hold, has_token)], said };
    }
    if (hold && kind === 'cancel_hold') {
      const said = await this.#door.cancelHold(hold);
      return { allowed: [engine.cancelHold(hold)], said };
    }
    if (hold && kind === 'confirm') {
      const method = b % 2 === 0 ? 'cash' : 'at_clinic';
      const said = await this.#door.confirm(hold, method);
      return { allowed: [engine.confirm(this.#model, hold, method, this.#at)], said };
    }
    if (hold && kind === 'move') {
      const status =
        of(['arrived', 'in-progress', 'completed', 'no-show'] as const, b) ?? 'arrived';
      const said = await this.#door.move(hold, status);
      return { allowed: [visit.move(hold, status, this.#at)], said };
    }
    return await this.#around_it(step);
  }

  /** Ends what is due, so that nothing of this run looks like damage to the next. */
  async end(): Promise<void> {
    await this.#around.relay();
    await this.#sweep();
  }
}
