import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import { askDesk, type DeskOutside, isDeskEffect } from './effects-desk.ts';
import { askFind, isFindEffect } from './effects-find.ts';
import { askHealth, type HealthOutside, isHealthEffect } from './effects-health.ts';
import { askJobs } from './effects-jobs.ts';
import { askLife, type LifeOutside } from './effects-life.ts';
import { askMoney, isMoneyEffect } from './effects-money.ts';
import { askOffline, isOfflineEffect, type OfflineOutside } from './effects-offline.ts';
import { isOpsEffect, makeOpsRunner, type OpsOutside } from './effects-ops.ts';
import { askWaitlist } from './effects-waitlist.ts';
import type { Feed, FeedOptions } from './feed.ts';
import { isJobsEffect } from './jobs-actions.ts';
import { isLifeEffect } from './life.ts';
import type { Effect, Problem, Result } from './model.ts';
import type { DeskEffect } from './model-desk.ts';
import type { FindEffect } from './model-find.ts';
import type { HealthEffect } from './model-health.ts';
import type { JobsEffect } from './model-jobs.ts';
import type { LifeEffect } from './model-life.ts';
import type { MoneyEffect } from './model-money.ts';
import type { OfflineEffect } from './model-offline.ts';
import type { OpsEffect } from './model-ops.ts';
import type { WaitlistEffect } from './model-waitlist.ts';
import { isWaitlistEffect } from './waitlist.ts';

/** Carries out what the reducer asks for, and reports back with events. Nothing here decides anything. */

/** People wait at most this long for an answer before the console says that there is none. */
const CALL_MS = 8_000;
/** Find must feel immediate, and a search that hangs is replaced by the next letter's. */
const SEARCH_MS = 5_000;
const SLOTS_MAX = 100;
const OWNERS_MAX = 10;

export type Outside = OpsOutside &
  HealthOutside &
  LifeOutside &
  DeskOutside &
  OfflineOutside & {
    readonly feed_url: string;
    readonly token: string;
    readonly clinic_id: string;
    readonly random: () => number;
    readonly open_feed: (options: FeedOptions) => Feed;
    readonly repaint: () => void;
    readonly quit: (code: number) => void;
  };

export type Runner = {
  readonly run: (effect: Effect) => void;
  readonly close: () => void;
};

function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    return { code: error.code, detail: error.detail, facts: error.facts };
  }
  return {
    code: 'internal',
    detail: error instanceof Error ? error.message : String(error),
    facts: {},
  };
}

/** Payment words of the form in the API's language. */
const payment_methods = { link: 'checkout', at_clinic: 'at_clinic', cash: 'cash' } as const;

type Immediate = { type: 'copy' | 'follow' | 'retry_feed' | 'repaint' | 'quit' };
type Own =
  | FindEffect
  | HealthEffect
  | OpsEffect
  | LifeEffect
  | MoneyEffect
  | JobsEffect
  | WaitlistEffect
  | DeskEffect
  | OfflineEffect;
type Ask = Exclude<Effect, Immediate | Own>;
type Asks<T extends Ask['type']> = Extract<Ask, { type: T }>;

async function book(client: ApiClient, effect: Asks<'book'>): Promise<Result> {
  const options = { idempotency_key: effect.key, timeout_ms: CALL_MS };
  const payment_method = payment_methods[effect.pay];
  if (payment_method !== 'checkout' && effect.notes === '') {
    const { reservation_id } = effect;
    const done = await client.call(
      'confirm_reservation',
      { reservation_id, payment_method },
      options,
    );
    const { reference_code, booking_id } = done;
    return { type: 'booked', reference_code, booking_id, payment_url: null };
  }
  // The server answers with the caller's own live hold on this slot, so the customer keeps the time.
  const { slot, user_id, pet_id, notes } = effect;
  const started = await client.call(
    'create_booking',
    {
      service_id: slot.service_id,
      slot_id: slot.slot_id,
      user_id,
      pet_id,
      payment_method,
      ...(notes === '' ? {} : { notes }),
    },
    options,
  );
  const { reference_code, booking_id, payment_url } = started;
  return { type: 'booked', reference_code, booking_id, payment_url };
}

async function read(outside: Outside, effect: Ask): Promise<Result | null> {
  const { client, clinic_id, now } = outside;
  const options = { timeout_ms: CALL_MS };
  switch (effect.type) {
    case 'load_day': {
      const from_ms = now();
      const date = effect.date === null ? {} : { date: effect.date };
      const day = await client.call('get_day', { clinic_id, ...date }, options);
      return { type: 'day', seq: effect.seq, day, took_ms: now() - from_ms };
    }
    case 'load_clinic':
      return { type: 'clinic', clinic: await client.call('get_clinic', { clinic_id }, options) };
    case 'load_booking': {
      const { booking_id, why } = effect;
      const booking = await client.call('get_booking', { booking_id }, options);
      return { type: 'booking', why, booking };
    }
    case 'search': {
      const { query } = effect;
      // A booking is never begun for somebody whose name is only spelled alike.
      const request = { q: query, limit: OWNERS_MAX, clinic_id, near: 'false' } as const;
      const page = await client.call('search_owners', request, { timeout_ms: SEARCH_MS });
      return { type: 'owners', query, owners: page.items };
    }
    case 'list_slots': {
      const { service_id, date, key } = effect;
      const staff = effect.staff_id === null ? {} : { staff_id: effect.staff_id };
      const request = { service_id, date, limit: SLOTS_MAX, ...staff };
      const page = await client.call('list_slots', request, options);
      return { type: 'slots', key, slots: page.items };
    }
    case 'quote': {
      const { booking_id, by } = effect;
      const quote = await client.call('cancel_booking', { booking_id, by, quote: true }, options);
      return { type: 'quoted', quote, by };
    }
    default:
      return null;
  }
}

async function change(client: ApiClient, effect: Ask): Promise<Result | null> {
  if (!('key' in effect) || effect.type === 'list_slots') return null;
  const options = { idempotency_key: effect.key, timeout_ms: CALL_MS };
  switch (effect.type) {
    case 'move': {
      const { booking_id, move: status, expected_version, was } = effect;
      const request = { booking_id, status, expected_version };
      return {
        type: 'moved',
        was,
        booking: await client.call('set_booking_status', request, options),
      };
    }
    case 'cancel': {
      const { booking_id, by, expected_version } = effect;
      const request = { booking_id, by, expected_version };
      return { type: 'cancelled', result: await client.call('cancel_booking', request, options) };
    }
    case 'create_owner': {
      const { full_name, phone, pet_name } = effect;
      const owner = await client.call('create_owner', { full_name, phone, pet_name }, options);
      return { type: 'owner_created', owner };
    }
    case 'hold': {
      const { slot, user_id, pet_id, hold_key } = effect;
      const { service_id, slot_id } = slot;
      const request = { service_id, slot_id, user_id, pet_id };
      return {
        type: 'held',
        hold_key,
        hold: await client.call('create_reservation', request, options),
      };
    }
    case 'extend': {
      const { reservation_id } = effect;
      const done = await client.call('extend_reservation', { reservation_id }, options);
      return { type: 'extended', reservation_id, expires_at: done.expires_at };
    }
    case 'release': {
      const { reservation_id } = effect;
      await client.call('cancel_reservation', { reservation_id }, options);
      return { type: 'released', reservation_id };
    }
    case 'book':
      return book(client, effect);
  }
}

/** Makes the runner of one console. */
export function makeRunner(outside: Outside): Runner {
  let feed: Feed | null = null;
  let is_closed = false;
  const ops = makeOpsRunner(outside);

  const resultOf = async (effect: Ask | Own): Promise<Result | null> => {
    if (isOpsEffect(effect)) return await ops.ask(effect);
    if (isLifeEffect(effect)) return await askLife(outside, effect);
    if (isMoneyEffect(effect)) return await askMoney(outside, effect);
    if (isJobsEffect(effect)) return await askJobs(outside, effect);
    if (isDeskEffect(effect)) return await askDesk(outside, effect);
    if (isHealthEffect(effect)) return await askHealth(outside, effect);
    if (isFindEffect(effect)) return await askFind(outside, effect);
    if (isOfflineEffect(effect)) return await askOffline(outside, effect);
    if (isWaitlistEffect(effect)) return await askWaitlist(outside, effect);
    return (await read(outside, effect)) ?? (await change(outside.client, effect));
  };

  const ask = async (effect: Ask | Own): Promise<void> => {
    try {
      const result = await resultOf(effect);
      if (result !== null && !is_closed) outside.send(result);
    } catch (error) {
      if (!is_closed) outside.send({ type: 'failed', effect, problem: problemOf(error) });
    }
  };

  const follow = (after: number): Feed =>
    outside.open_feed({
      url: outside.feed_url,
      token: outside.token,
      clinic_id: outside.clinic_id,
      after,
      on_frame: (frame) => outside.send({ type: 'frame', frame }),
      on_link: (status, retry_at_ms) => outside.send({ type: 'link', status, retry_at_ms }),
      now: outside.now,
      random: outside.random,
    });

  return {
    run: (effect) => {
      switch (effect.type) {
        case 'copy':
          outside.copy(effect.text);
          outside.send({ type: 'copied', text: effect.text });
          return;
        case 'follow':
          feed?.close();
          feed = follow(effect.after);
          return;
        case 'retry_feed':
          feed?.retry();
          return;
        case 'repaint':
          outside.repaint();
          return;
        case 'quit':
          outside.quit(effect.code);
          return;
        default:
          void ask(effect);
      }
    },
    close: () => {
      is_closed = true;
      ops.close();
      feed?.close();
    },
  };
}
