import { AppError } from '../domain/errors.ts';
import type { Input, Output } from '../domain/shapes.ts';
import { parseTime } from '../domain/when.ts';
import { callOptions, firstWord } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, dayOf, isId, staffOf } from './lookup.ts';
import { printList } from './output.ts';
import { type Clinic, openSession } from './session.ts';
import { reasonOf, typeToConfirm } from './severe.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro slots block`, `blocks` and `unblock`: hours in which a vet is not there. */

type Plan = Output<'take_time_off'>;
type Item = Plan['items'][number];
type Mode = Input<'take_time_off'>['bookings'];

/** From here on the number of visits has to be typed. ux §2, danger tiers. */
const BULK = 20;

const csv = [
  'kind',
  'reference_code',
  'owner_name',
  'pet_name',
  'service_name',
  'starts_at',
  'to_starts_at',
  'to_staff_name',
  'refund_amount',
  'currency',
];

const kind_words: Readonly<Record<Item['kind'], string>> = {
  move: 'moved',
  cancel: 'cancelled',
  end_hold: 'hold ended',
  keep: 'kept',
};

function modeOf(args: Args): Mode {
  const given = (['reseat', 'cancel', 'keep'] as const).filter((mode) => flagOption(args, mode));
  const [mode = 'refuse'] = given;
  if (given.length > 1) {
    throw new AppError('invalid_input', 'Say one of --reseat, --cancel and --keep.');
  }
  return mode;
}

function staffIdOf(clinic: Clinic, args: Args): string {
  const staff = staffOf(clinic, textOption(args, 'vet'));
  if (staff) return staff.staff_id;
  throw new AppError('invalid_input', 'Say whose hours: --vet is missing.', {
    next: `petpro slots block --vet "${clinic.staff[0]?.name ?? 'Sari'}" --date today --dry-run`,
  });
}

function hoursOf(clinic: Clinic, args: Args) {
  const time = (name: string) => {
    const text = textOption(args, name);
    return text === null ? null : parseTime(text);
  };
  const date = dayOf(clinic, textOption(args, 'date') ?? 'today', 'allow');
  const to_date = dayOf(clinic, textOption(args, 'to_date'), 'allow');
  const from = time('from');
  const to = time('to');
  return {
    ...(date === null ? {} : { date }),
    ...(to_date === null ? {} : { to_date }),
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
  };
}

function show(context: Context, look: Look, plan: Plan): void {
  printList(context, {
    kind: 'TimeOffPlan',
    items: plan.items,
    columns: [
      { head: 'TIME', text: (item) => look.moment(item.starts_at), whole: true },
      { head: 'REF', text: (item) => item.reference_code, whole: true },
      { head: 'PET', text: (item) => item.pet_name ?? '-' },
      { head: 'OWNER', text: (item) => item.owner_name ?? '-' },
      {
        head: plan.dry_run ? 'WOULD BE' : 'WAS',
        text: (item) => kind_words[item.kind],
        whole: true,
      },
      {
        head: 'TO',
        text: (item) =>
          item.to_starts_at === null
            ? '-'
            : `${look.moment(item.to_starts_at)} ${item.to_staff_name ?? ''}`.trim(),
      },
      {
        head: 'BACK',
        text: (item) =>
          Number(item.refund_amount) > 0 ? look.money(item.refund_amount, item.currency) : '-',
        right: true,
      },
    ],
    csv,
    name: (item) => item.reference_code,
    as_of: look.now(),
    empty: 'No visit lies in these hours.',
  });
}

function sumsOf({ moved, cancelled, holds_ended, kept }: Plan): string {
  const parts = [
    [moved, 'moved'],
    [cancelled, 'cancelled with all money back'],
    [holds_ended, holds_ended === 1 ? 'unpaid hold ended' : 'unpaid holds ended'],
    [kept, 'kept'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? 'no visit is in the way' : told.join(', ');
}

const hoursText = (look: Look, plan: Plan) =>
  `${plan.staff_name}, ${look.moment(plan.starts_at)} to ${look.moment(plan.ends_at)}`;

/** Asks as the number of visits deserves; what is carried out is the plan that was shown. */
async function confirm(context: Context, args: Args, look: Look, plan: Plan): Promise<void> {
  const touched = plan.moved + plan.cancelled + plan.holds_ended;
  const effect = `This closes ${hoursText(look, plan)}: ${sumsOf(plan)}.`;
  if (touched > BULK) {
    await typeToConfirm(context, args, { effect, word: String(touched) });
    return;
  }
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes') || textOption(args, 'confirm') === String(touched),
    next: `add --yes, or --dry-run to see the visits`,
  });
}

/** `petpro slots block`: shows what becomes of each visit, asks, then all of it happens or nothing. */
export async function blockSlots(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const staff_id = staffIdOf(clinic, args);
  const planned = textOption(args, 'plan');
  if (planned !== null) {
    if (flagOption(args, 'dry_run')) {
      throw new AppError('invalid_input', '--dry-run makes a plan, --plan carries one out.');
    }
    const reason = await reasonOf(context, args);
    const effect = `This carries plan ${planned} out, whole or not at all.`;
    await typeToConfirm(context, args, { effect, word: planned });
    const wish = { staff_id, plan_id: planned, reason };
    const done = await session.client.call('take_time_off', wish, callOptions(args));
    show(context, look, done);
    say(context, `Closed ${hoursText(look, done)}: ${sumsOf(done)}`);
    return;
  }
  const bookings = modeOf(args);
  const wish = { staff_id, ...hoursOf(clinic, args), bookings };
  const plan = await session.client.call('take_time_off', { ...wish, dry_run: true });
  const is_open = bookings === 'refuse' && plan.items.some(({ kind }) => kind !== 'keep');
  const is_rehearsal = flagOption(args, 'dry_run');
  if (is_rehearsal || is_open) show(context, look, plan);
  if (is_open && !is_rehearsal) {
    throw new AppError(
      'policy_refused',
      `${plan.items.length} visits lie in these hours; above is what --reseat would make of them.`,
      { next: 'add --reseat, --cancel or --keep' },
    );
  }
  if (is_rehearsal) {
    say(context, `${plan.plan_id}: ${sumsOf(plan)}. Nothing was changed.`);
    const next = is_open
      ? 'the same with --reseat, --cancel or --keep'
      : `petpro slots block --vet "${plan.staff_name}" --plan ${plan.plan_id} --reason ..`;
    say(context, `next: ${next} (until ${look.time(plan.expires_at ?? plan.starts_at)})`);
    return;
  }
  const reason = await reasonOf(context, args);
  await confirm(context, args, look, plan);
  const done = await session.client.call(
    'take_time_off',
    { staff_id, plan_id: plan.plan_id, reason },
    callOptions(args),
  );
  show(context, look, done);
  say(context, `Closed ${hoursText(look, done)}: ${sumsOf(done)}`);
}

/** `petpro slots blocks` */
export async function listBlocks(context: Context): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const { items } = await session.client.call('list_time_off', { clinic_id: clinic.clinic_id });
  printList(context, {
    kind: 'TimeOffList',
    items,
    columns: [
      { head: 'FROM', text: (item) => look.moment(item.starts_at), whole: true },
      { head: 'TO', text: (item) => look.moment(item.ends_at), whole: true },
      { head: 'VET', text: (item) => item.staff_name },
      { head: 'REASON', text: (item) => item.reason },
      { head: 'ID', text: (item) => item.time_off_id, whole: true },
    ],
    csv: ['time_off_id', 'staff_name', 'starts_at', 'ends_at', 'reason', 'plan_id'],
    name: (item) => item.time_off_id,
    as_of: look.now(),
    empty: 'No hours are closed from now on.',
  });
}

/** `petpro slots unblock` */
export async function unblockSlots(context: Context, args: Args): Promise<undefined> {
  const time_off_id = firstWord(args);
  if (!isId(time_off_id)) {
    const next = 'petpro slots blocks';
    throw new AppError('invalid_input', `"${time_off_id}" is no id of closed hours.`, { next });
  }
  const session = openSession(context, 'manager');
  const done = await session.client.call('end_time_off', { time_off_id }, callOptions(args));
  printList(context, {
    kind: 'TimeOffEnd',
    items: [done],
    columns: [
      { head: 'OPENED AGAIN', text: (item) => item.time_off_id, whole: true },
      { head: 'SLOTS', text: (item) => String(item.slots_opened), right: true },
    ],
    csv: ['time_off_id', 'slots_opened'],
    name: (item) => item.time_off_id,
    empty: 'Nothing was closed.',
  });
}
