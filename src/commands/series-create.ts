import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { parseWhen } from '../domain/when.ts';
import { callOptions, guestText, isForPeople } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, dayOf, ownerOf, petOf, serviceOf, staffOf, whenContext } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { visit_csv } from './series.ts';
import { everyOf, weekdaysOf } from './series-words.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro series create`: shows every date first, with what stands in the way, then asks. */

type Plan = Output<'create_series'>;
type Conflict = Plan['conflicts'][number];

const VISITS_MAX = 52;
const SEATS_MAX = 50;

/** A visit or a date that cannot be one, as a line of the table. */
type Line = {
  readonly position: number;
  readonly starts_at: string;
  readonly when: string;
  readonly status: string;
  readonly staff_name: string | null;
  readonly reference_code: string | null;
  readonly amount: string | null;
  readonly payment_state: string | null;
  readonly others: string;
};

const note_words = {
  short_month: 'that month is shorter',
  no_fifth: 'no fifth in that month',
  clock_double: 'the clock shows it twice: the first',
} as const;

/** `23/11 10:30 Sari`, as many as fit. */
export function othersText(look: Look, { alternatives }: Pick<Conflict, 'alternatives'>): string {
  return alternatives
    .map(({ starts_at, staff_name }) => `${look.moment(starts_at)} ${staff_name ?? ''}`.trim())
    .join(', ');
}

function linesOf(look: Look, plan: Plan): readonly Line[] {
  const visits = plan.visits.map(
    (visit): Line => ({
      position: visit.position,
      starts_at: visit.starts_at,
      when: look.moment(visit.starts_at),
      status:
        (visit.status ?? 'free') + (visit.note === null ? '' : ` (${note_words[visit.note]})`),
      staff_name: visit.staff_name,
      reference_code: visit.reference_code,
      amount: visit.amount,
      payment_state: visit.payment_state,
      others: '',
    }),
  );
  const conflicts = plan.conflicts.map(
    (one): Line => ({
      position: one.position,
      starts_at: `${one.date}T${one.time}`,
      when: `${one.date} ${one.time}`,
      status: one.reason,
      staff_name: null,
      reference_code: null,
      amount: null,
      payment_state: null,
      others: one.alternatives.length === 0 ? one.detail : othersText(look, one),
    }),
  );
  return [...visits, ...conflicts].toSorted((a, b) => a.position - b.position);
}

function show(context: Context, look: Look, plan: Plan): void {
  if (!isForPeople(context) && context.mode !== 'csv' && context.mode !== 'jsonl') {
    const name = plan.series_code ?? '';
    const item = plan;
    printOne(context, { kind: 'SeriesPlan', item, csv: [], name, as_of: look.now(), lines: [] });
    return;
  }
  printList(context, {
    kind: 'SeriesPlan',
    items: linesOf(look, plan),
    columns: [
      { head: '#', text: (one) => String(one.position), right: true },
      { head: 'DAY AND TIME', text: (one) => one.when, whole: true },
      { head: plan.dry_run ? 'WOULD BE' : 'IS', text: (one) => one.status, whole: true },
      { head: 'VET', text: (one) => one.staff_name ?? '-' },
      { head: 'REF', text: (one) => one.reference_code ?? '-', whole: true },
      { head: 'OTHER TIMES', text: (one) => one.others },
    ],
    csv: [...visit_csv, 'others'],
    name: (one) => one.reference_code ?? '',
    as_of: look.now(),
    empty: 'The rule gives no date.',
  });
}

function endOf(clinic: Clinic, args: Args) {
  const count = wholeOption(args, 'times', 2, VISITS_MAX);
  const until = dayOf(clinic, textOption(args, 'until'));
  if ((count === null) === (until === null)) {
    throw new AppError('invalid_input', 'Say how it ends: --times 6, or --until 2027-03-31.');
  }
  return count === null ? { until: until ?? '' } : { count };
}

/** The first day and the time. */
function startOf(clinic: Clinic, text: string) {
  const { date, time } = parseWhen(text, whenContext(clinic));
  if (time === null) {
    throw new AppError('invalid_input', `--at "${text}" reads as ${date}, without a time.`, {
      next: `petpro series create .. --at "${date} 10:00"`,
    });
  }
  return { date, time };
}

async function wishOf(session: Session, clinic: Clinic, args: Args) {
  const service = serviceOf(clinic, textOption(args, 'service') ?? '');
  const start = startOf(clinic, textOption(args, 'at') ?? '');
  const end = endOf(clinic, args);
  const on = textOption(args, 'on');
  const staff = staffOf(clinic, textOption(args, 'vet'));
  const quantity = wholeOption(args, 'quantity', 1, SEATS_MAX);
  const notes = textOption(args, 'note');
  const beat = everyOf(textOption(args, 'every') ?? 'week');
  const weekdays = on === null ? [] : weekdaysOf(on);
  // Asked last: words that cannot be understood cost no request.
  const owner = await ownerOf(session, textOption(args, 'owner') ?? '');
  const named = textOption(args, 'pet');
  const pet = clinic.kind !== 'clinic' && named === null ? null : petOf(owner, named);
  const wish = {
    service_id: service.service_id,
    user_id: owner.user_id,
    ...(pet === null ? {} : { pet_id: pet.pet_id }),
    ...start,
    ...beat,
    ...end,
    weekdays,
    month_by: textOption(args, 'by') === 'weekday' ? ('weekday' as const) : ('date' as const),
    same_vet: flagOption(args, 'same_vet'),
    skip_conflicts: flagOption(args, 'skip_conflicts'),
    ...(staff ? { staff_id: staff.staff_id } : {}),
    ...(quantity === null ? {} : { quantity }),
    ...(notes === null ? {} : { notes }),
  };
  return { wish, name: guestText({ pet, owner }) };
}

const outcome = (look: Look, plan: Plan) =>
  `${plan.visits.length} visits of ${plan.service_name}, ${plan.rule_text}, ` +
  `${look.money(plan.amount, plan.currency)} in all, each paid at the clinic`;

/** `petpro series create` */
export async function createSeries(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const { wish, name } = await wishOf(session, clinic, args);
  const plan = await session.client.call('create_series', { ...wish, dry_run: true });
  const count = plan.conflicts.length;
  if (flagOption(args, 'dry_run')) {
    show(context, look, plan);
    if (count > 0) say(context, `${count} dates cannot be: without them with --skip-conflicts.`);
    say(context, `${outcome(look, plan)}. Nothing was changed.`);
    return;
  }
  if (count > 0 && (!wish.skip_conflicts || plan.visits.length === 0)) {
    if (isForPeople(context)) show(context, look, plan);
    const all = plan.visits.length + count;
    throw new AppError(
      plan.conflicts.every(({ reason }) => reason === 'not_open_yet')
        ? 'invalid_slot'
        : 'slot_taken',
      `${count} of ${all} visits cannot be booked; nothing was.`,
      {
        conflicts: plan.conflicts.map((one) => ({ ...one })),
        next: 'the same with --skip-conflicts, or with another --at or --vet',
      },
    );
  }
  const left_out = count === 0 ? '' : `, ${count} dates left out`;
  await confirmOrFail(context, `This books for ${name}: ${outcome(look, plan)}${left_out}.`, {
    yes: flagOption(args, 'yes'),
    next: 'add --yes, or --dry-run to see the dates',
  });
  const made = await session.client.call('create_series', wish, callOptions(args));
  show(context, look, made);
  say(context, `Booked as ${made.series_code}: ${outcome(look, made)}.`);
  if (isForPeople(context)) say(context, 'The owner gets one mail about all of them.');
}
