import { AppError } from '../../domain/errors.ts';
import type { App } from '../app-types.ts';
import type { TierRule } from '../store/prices.ts';
import { labelsOf, type SeatRule, type SeatWish } from '../store/seats.ts';
import { failure } from './outcome.ts';

/** Numbered seats that a caller asks for, as the input schemas let them say it. */
export type SeatInput = {
  readonly seats?: readonly string[] | undefined;
  readonly seat_preference?: SeatWish['prefer'];
};

/** Null when any seat will do. */
export function seatWish({ seats, seat_preference }: SeatInput): SeatWish | null {
  if (seats === undefined && seat_preference === undefined) return null;
  return {
    ...(seats === undefined ? {} : { labels: seats }),
    ...(seat_preference === undefined ? {} : { prefer: seat_preference }),
  };
}

/** What each rule about numbered seats means. */
const details: Readonly<Record<SeatRule, (label: string) => string>> = {
  seat_no_plan: () => 'The seats of this slot are not numbered; leave out which ones.',
  seat_unknown: (label) => `This slot has no seat "${label}".`,
  seat_count: () => 'Name each seat once, and as many as you book.',
  seat_tier: () => 'The seats are not of the price tiers that you name; leave those out.',
};

export function isSeatRule(rule: SeatRule | TierRule): rule is SeatRule {
  return Object.hasOwn(details, rule);
}

/** The failure for a hold that a rule about numbered seats refused. */
export function seatFailure(rule: SeatRule, label: string | null, slot_id: string): Error {
  const message = details[rule](label ?? '');
  return failure(
    'invalid_input',
    {
      rule,
      ...(label === null ? {} : { seat: label }),
      ...(rule === 'seat_no_plan' ? {} : { next: `petpro slots seats ${slot_id}` }),
      errors: [{ path: 'body.seats', message }],
    },
    message,
  );
}

/** The failure for seats by name of which somebody else has one. */
export function seatsTaken(wish: SeatWish, slot_id: string, retry_after_ms: number | null): Error {
  const { labels } = wish;
  const facts = {
    ...(retry_after_ms === null ? {} : { retry_after_ms }),
    next: `petpro slots seats ${slot_id}`,
  };
  if (labels === undefined) {
    const detail = 'There are not that many free seats together; ask for fewer, or for any.';
    return failure('slot_taken', facts, detail);
  }
  const [only = ''] = labels;
  const detail =
    labels.length === 1
      ? `The seat ${only} is taken; nothing was reserved.`
      : `Somebody has one of the seats ${labels.join(', ')}; none of them was reserved.`;
  return failure('slot_taken', { ...facts, seats: [...labels] }, detail);
}

/** A clinic has to know whom it treats. */
export function petMissing(): Error {
  const message = 'Say for which pet: a clinic has to know';
  return new AppError('invalid_input', `body.pet_id: ${message}, and the owner must be known.`, {
    errors: [{ path: 'body.pet_id', message }],
  });
}

/** Whether an earlier hold has the seats that are asked for by name. */
export async function hasSeats(
  app: App,
  hold: {
    readonly slot_id: string;
    readonly reservation_id: string;
    readonly seats: readonly number[];
  },
  wish: SeatWish | null,
): Promise<boolean> {
  if (wish?.labels === undefined) return true;
  const known = (await labelsOf(app.sql, hold)) ?? [];
  const asked = wish.labels.map((label) => label.toUpperCase());
  return known.length === asked.length && known.every((one) => asked.includes(one.toUpperCase()));
}
