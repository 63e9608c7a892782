import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { capacity_shapes } from '../domain/shapes-capacity.ts';
import { isUtf8 } from './charset.ts';
import { callOptions, firstWord, isForPeople, versionField } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, serviceOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { seat_glyphs, seatMap } from './seat-map.ts';
import { openSession } from './session.ts';
import { slotIdOf } from './slot-id.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro slots seats` and `petpro seats plan ..`: which seats there are, and who has them. */

const seat_csv = ['seat', 'label', 'row', 'place', 'category', 'state'];
const plan_csv = ['row', 'places', 'category'];
/** A plan of 5 000 seats is a few kilobytes. */
const FILE_MAX = 262_144;

/** `petpro slots seats SLOT`: a map in a terminal, one line per seat elsewhere. */
export async function slotSeats(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const slot_id = await slotIdOf(session, clinic, firstWord(args));
  const seats = await session.client.call('get_slot_seats', { slot_id });
  const { io, config, mode } = context;
  if (mode === 'json') {
    printOne(context, { kind: 'SlotSeats', item: seats, csv: [], name: slot_id, lines: [] });
    return;
  }
  if (!isForPeople(context) || !io.is_tty) {
    printList(context, {
      kind: 'SlotSeats',
      items: seats.items,
      columns: [
        { head: 'SEAT', text: (one) => one.label, whole: true },
        { head: 'CATEGORY', text: (one) => one.category },
        { head: 'STATE', text: (one) => one.state, whole: true },
      ],
      csv: seat_csv,
      name: (one) => one.label,
      empty: 'The slot has no seats.',
    });
    return;
  }
  const glyphs = config.ascii || !isUtf8(config.locale) ? 'ascii' : 'unicode';
  say(context, `${seats.service_name}, ${look.moment(seats.starts_at)}; the front is on top`);
  io.out(`${seatMap(seats, { glyphs, columns: io.columns() }).join('\n')}\n`);
  const signs = seat_glyphs[glyphs];
  const { free, held, booked } = seats;
  say(
    context,
    `${signs.free} free ${free}  ${signs.held} held ${held}  ${signs.booked} booked ${booked}`,
  );
  for (const one of seats.categories.filter(({ category }) => category !== '')) {
    const price = look.money(one.price, seats.currency);
    say(context, `${one.category}: ${one.free} of ${one.seats} free, ${price} each`);
  }
  const first = seats.items.find(({ state }) => state === 'free');
  if (seats.has_plan && first) {
    say(context, `next: petpro book --slot ${slot_id.slice(-8)} --seats ${first.label} ..`);
  }
}

type Plan = Output<'get_seat_plan'>;

function print(context: Context, plan: Plan): void {
  if (!isForPeople(context)) {
    printOne(context, { kind: 'SeatPlan', item: plan, csv: [], name: plan.service_id, lines: [] });
    return;
  }
  printList(context, {
    kind: 'SeatPlan',
    items: plan.rows,
    columns: [
      { head: 'ROW', text: (one) => one.row, whole: true },
      { head: 'CATEGORY', text: (one) => one.category },
      { head: 'PLACES', text: (one) => one.places },
    ],
    csv: plan_csv,
    name: (one) => one.row,
  });
  const tiers = plan.categories
    .map(({ category, tier }) => (category === tier ? category : `${category} (${tier})`))
    .join(', ');
  say(context, `${plan.service_name}: ${plan.seat_count} seats, version ${plan.version}; ${tiers}`);
}

/** `petpro seats plan show SERVICE` */
export async function showPlan(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const service = serviceOf(await clinicOf(session), firstWord(args));
  const { service_id } = service;
  print(context, await session.client.call('get_seat_plan', { service_id }));
}

const file_schema = capacity_shapes.set_seat_plan.body.pick({ rows: true, categories: true });

/** The plan of a file, as `seats plan show -o json` prints its item, or a refusal that says where. */
function planOf(file: string): z.output<typeof file_schema> {
  const example = '{"rows": [{"row": "A", "places": "1-10,13-22", "category": "Stalls"}]}';
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    const detail = `${file} cannot be read.`;
    throw new AppError('invalid_input', detail, { next: '--file plan.json' }, { cause: error });
  }
  if (text.length > FILE_MAX) {
    throw new AppError('invalid_input', `${file} is larger than ${FILE_MAX} signs.`);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const detail = `${file} is no JSON: ${error instanceof Error ? error.message : ''}`;
    throw new AppError(
      'invalid_input',
      detail,
      { next: `write it like ${example}` },
      { cause: error },
    );
  }
  const parsed = file_schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  const detail = `${file}: ${where === '' ? '' : `${where}: `}${issue?.message ?? 'no plan'}`;
  throw new AppError('invalid_input', detail, { next: `write it like ${example}` });
}

/** `petpro seats plan set SERVICE --file plan.json` */
export async function setPlan(context: Context, args: Args): Promise<undefined> {
  const plan = planOf(textOption(args, 'file') ?? '');
  const session = openSession(context, 'manager');
  const service = serviceOf(await clinicOf(session), firstWord(args));
  const { service_id, name } = service;
  const dry_run = flagOption(args, 'dry_run');
  const wish = { service_id, ...plan, dry_run, ...versionField(args) };
  const done = await session.client
    .call('set_seat_plan', wish, dry_run ? {} : callOptions(args))
    .catch((error: unknown) => {
      if (!(error instanceof AppError) || error.facts['rule'] !== 'seats_tier_unknown') throw error;
      const next = `petpro prices set "${name}" "${error.facts['label']}" --price ..`;
      throw new AppError(error.code, error.detail, { ...error.facts, next }, { cause: error });
    });
  print(context, done);
  if (dry_run) say(context, 'Nothing was changed.');
}
