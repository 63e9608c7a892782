import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf } from './lookup.ts';
import { printOne } from './output.ts';
import { openSession } from './session.ts';
import { reasonOf } from './severe.ts';
import { slotIdOf } from './slot-id.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption } from './spec.ts';

/** `petpro slots overbook`: more seats than a slot was made for, and back. */

type Overbooking = Output<'set_overbooking'>;

const csv = [
  'slot_id',
  'service_name',
  'starts_at',
  'capacity',
  'extra_seats',
  'extra_seats_max',
  'taken',
  'dry_run',
];

/** The refusal with the command that helps. */
function withNext(error: unknown): unknown {
  if (!(error instanceof AppError) || error.facts['next'] !== undefined) return error;
  const next = {
    overbooking_off: 'petpro clinics rules-set --overbooking 10',
    overbooking_limit: 'petpro clinics rules',
    overbooking_sold: 'petpro today, to see who has it',
    overbooking_unlabelled: 'petpro seats plan set SERVICE --file plan.json',
  };
  const hit = Object.entries(next).find(([rule]) => rule === error.facts['rule']);
  if (!hit) return error;
  return new AppError(error.code, error.detail, { ...error.facts, next: hit[1] }, { cause: error });
}

/** How many seats: --seats adds, --back takes back. */
function seatsOf(args: Args): number {
  const add = wholeOption(args, 'seats', 1, 1_000);
  const back = wholeOption(args, 'back', 1, 1_000);
  if (add !== null && back !== null) {
    throw new AppError('invalid_input', 'Say --seats or --back, not both.');
  }
  return back === null ? (add ?? 1) : -back;
}

/** `petpro slots overbook SLOT` */
export async function overbookSlot(context: Context, args: Args): Promise<undefined> {
  const seats = seatsOf(args);
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const slot_id = await slotIdOf(session, clinic, firstWord(args));
  const is_rehearsal = flagOption(args, 'dry_run');
  const ask = async (wish: { readonly reason: string; readonly dry_run: boolean }) =>
    await session.client
      .call('set_overbooking', { slot_id, seats, ...wish }, wish.dry_run ? {} : callOptions(args))
      .catch((error: unknown) => {
        throw withNext(error);
      });
  const print = (done: Overbooking) => {
    const { capacity, extra_seats, taken } = done;
    const usual = capacity - extra_seats;
    printOne(context, {
      kind: 'Overbooking',
      item: done,
      csv,
      name: done.slot_id,
      lines: [
        ['slot', `${done.service_name}, ${look.moment(done.starts_at)}, ${done.staff_name ?? '-'}`],
        ['seats', extra_seats === 0 ? String(capacity) : `${capacity} (${usual} + ${extra_seats})`],
        ['taken', `${taken}${taken > usual ? `, ${taken - usual} overbooked` : ''}`],
        ['rule', `at most ${done.extra_seats_max} more than usual here`],
      ],
    });
  };
  const rehearsal = await ask({ reason: 'dry run', dry_run: true });
  if (is_rehearsal) {
    print(rehearsal);
    say(context, 'Nothing was changed.');
    return;
  }
  const reason = await reasonOf(context, args);
  const what = seats > 0 ? `adds ${seats} to` : `takes ${-seats} back from`;
  const effect =
    `This ${what} the seats of ${rehearsal.service_name}, ${look.moment(rehearsal.starts_at)}: ` +
    `${rehearsal.capacity} in all, ${rehearsal.taken} taken.`;
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes'),
    next: 'add --yes, or --dry-run to change nothing',
  });
  print(await ask({ reason, dry_run: false }));
  if (seats > 0) {
    say(context, `next: petpro book --slot ${slot_id.slice(-8)} .., as long as it is free`);
  }
}
