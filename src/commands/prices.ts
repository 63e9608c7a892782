import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord, tierFields } from './choice.ts';
import { type Context, confirmOrFail } from './context.ts';
import { type Look, lookOf } from './format.ts';
import { clinicOf, isId, type Service, serviceOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { type Clinic, openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

type Tier = Output<'list_prices'>['items'][number];

const SEATS_MAX = 50;
const LIMIT_MAX = 10_000;
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

const csv = [
  'tier_id',
  'tier',
  'price',
  'currency',
  'seats_limit',
  'remaining',
  'min_quantity',
  'max_quantity',
  'sale_from',
  'sale_until',
  'on_sale',
  'is_default',
  'slot_id',
  'version',
];

const wrong = (detail: string) => new AppError('invalid_input', detail);

/** `4:80000` of --from-seats or --package. */
function stepOf(text: string | null, per: 'seat' | 'package') {
  if (text === null) return [];
  return text.split(',').map((part) => {
    const match = /^(\d{1,2}):(\d{1,12}(?:\.\d{1,3})?)$/.exec(part.trim());
    const flag = per === 'seat' ? '--from-seats' : '--package';
    if (!match) throw wrong(`${flag} takes seats and a price, such as 4:80000; not "${part}".`);
    return { from: Number(match[1]), price: match[2] ?? '', per };
  });
}

function weekdaysOf(text: string): readonly number[] {
  return text.split(',').map((word) => {
    const at = days.indexOf(word.trim().toLowerCase().slice(0, 3));
    if (at < 0) throw wrong(`--days takes ${days.join(', ')}; not "${word}".`);
    return at + 1;
  });
}

/** An instant, or a local date and time of the clinic, such as 2026-12-01 or 2026-12-01T09:00. */
function saleInstant(clinic: Clinic, text: string | null): string | null {
  if (text === null || text === 'none') return null;
  try {
    if (/[Zz]$|[+-]\d\d:\d\d$/.test(text)) return Temporal.Instant.from(text).toString();
    const local = Temporal.PlainDateTime.from(text);
    return local.toZonedDateTime(clinic.time_zone).toInstant().toString();
  } catch (error) {
    const detail = `"${text}" is no date and time, such as 2026-12-01T09:00.`;
    throw new AppError('invalid_input', detail, {}, { cause: error });
  }
}

function limitOf(args: Args): number | null {
  return textOption(args, 'seats') === 'none' ? null : wholeOption(args, 'seats', 1, LIMIT_MAX);
}

async function scene(context: Context, args: Args) {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const service = serviceOf(clinic, textOption(args, 'service') ?? '');
  return { session, clinic, service, look: lookOf(context, clinic) };
}

function stepsText(tier: Tier, look: Look): string {
  return tier.quantity_prices
    .map(({ from, price, per }) => {
      const amount = look.money(price, tier.currency);
      return per === 'seat' ? `from ${from}: ${amount} each` : `each ${from}: ${amount}`;
    })
    .join('; ');
}

function saleText(tier: Tier, look: Look): string {
  const { sale_from, sale_until, on_sale } = tier;
  if (on_sale) return sale_until === null ? 'on sale' : `until ${look.moment(sale_until)}`;
  if (sale_from && Temporal.Instant.compare(sale_from, look.now()) > 0) {
    return `from ${look.moment(sale_from)}`;
  }
  return 'over';
}

/** The slot that was named, which must be given by its whole id: tails need a service and a day. */
function slotOf(args: Args): string | null {
  const slot = textOption(args, 'slot');
  if (slot === null || isId(slot)) return slot;
  const next = 'petpro slots list --service .. -o name';
  throw new AppError('invalid_input', '--slot takes the whole id of a slot here.', { next });
}

/** The service that sells a slot: --service, or the only one that knows tiers of the slot. */
async function serviceOfSlot(session: Session, clinic: Clinic, slot_id: string): Promise<Service> {
  for (const service of clinic.services.filter((one) => one.has_tiers)) {
    const { service_id } = service;
    const { items } = await session.client.call('list_prices', { service_id, slot_id });
    if (items.length > 0) return service;
  }
  throw new AppError('not_found', 'That slot is sold at the ordinary price of its service only.', {
    next: 'petpro slots list',
  });
}

/** `petpro prices list` */
export async function listPrices(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const slot_id = slotOf(args);
  const words = textOption(args, 'service');
  if (words === null && slot_id === null) throw wrong('Say which service, with --service.');
  const service =
    words === null && slot_id !== null
      ? await serviceOfSlot(session, clinic, slot_id)
      : serviceOf(clinic, words ?? '');
  const { items } = await session.client.call('list_prices', {
    service_id: service.service_id,
    ...(slot_id === null ? {} : { slot_id }),
  });
  printList(context, {
    kind: 'PriceTierList',
    items,
    columns: [
      { head: 'TIER', text: (one) => (one.is_default ? `${one.tier} *` : one.tier) },
      { head: 'PRICE', text: (one) => look.money(one.price, one.currency), right: true },
      { head: 'QUANTITY', text: (one) => stepsText(one, look) },
      { head: 'SALE', text: (one) => saleText(one, look) },
      { head: 'SEATS', text: (one) => String(one.seats_limit ?? 'all'), right: true },
      { head: 'LEFT', text: (one) => String(one.remaining ?? '-'), right: true },
      { head: 'PER HOLD', text: (one) => `${one.min_quantity}-${one.max_quantity}`, wide: true },
      { head: 'SLOT', text: (one) => one.slot_id ?? 'every', wide: true },
    ],
    csv,
    name: (one) => one.tier,
    as_of: look.now(),
    empty: `${service.name} has one price: ${look.money(service.price, service.currency)}.`,
  });
}

/** What stays as it is when a tier is changed: the flags name only what changes. */
async function tierNow(session: Session, service_id: string, name: string, slot_id: string | null) {
  const { items } = await session.client.call('list_prices', { service_id });
  const same = (one: Tier) =>
    one.tier.toLowerCase() === name.toLowerCase() && one.slot_id === slot_id;
  return items.find(same) ?? null;
}

function windowOf(args: Args, old: Tier | null) {
  const text = textOption(args, 'hours');
  if (text === null) {
    return { from_time: old?.from_time ?? '00:00', to_time: old?.to_time ?? '24:00' };
  }
  const match = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text);
  if (!match) throw wrong(`--hours takes 09:00-12:00, the start of the visit; not "${text}".`);
  return { from_time: match[1] ?? '', to_time: match[2] ?? '' };
}

function tierBody(clinic: Clinic, args: Args, old: Tier | null) {
  const price = textOption(args, 'price') ?? old?.price;
  if (price === undefined) throw wrong('A new tier needs its price: --price 150000.');
  const has = (name: string) => textOption(args, name) !== null;
  const steps = [
    ...stepOf(textOption(args, 'from_seats'), 'seat'),
    ...stepOf(textOption(args, 'package'), 'package'),
  ];
  const sale = (name: 'sale_from' | 'sale_until') =>
    has(name) ? saleInstant(clinic, textOption(args, name)) : (old?.[name] ?? null);
  const plain = flagOption(args, 'plain') ? [] : (old?.quantity_prices ?? []);
  return {
    price,
    seats_limit: has('seats') ? limitOf(args) : (old?.seats_limit ?? null),
    sale_from: sale('sale_from'),
    sale_until: sale('sale_until'),
    min_quantity: wholeOption(args, 'min', 1, SEATS_MAX) ?? old?.min_quantity ?? 1,
    max_quantity: wholeOption(args, 'max', 1, SEATS_MAX) ?? old?.max_quantity ?? SEATS_MAX,
    is_default: flagOption(args, 'default') || (old?.is_default ?? false),
    weekdays: has('days')
      ? weekdaysOf(textOption(args, 'days') ?? '')
      : (old?.weekdays ?? [1, 2, 3, 4, 5, 6, 7]),
    ...windowOf(args, old),
    quantity_prices: steps.length > 0 ? steps : plain,
  };
}

/** `petpro prices set`: a new tier, or some fields of one. */
export async function setPrice(context: Context, args: Args): Promise<undefined> {
  const { session, clinic, service, look } = await scene(context, args);
  const tier = firstWord(args);
  const slot_id = slotOf(args);
  const { service_id } = service;
  const old = await tierNow(session, service_id, tier, slot_id);
  const version = wholeOption(args, 'if_version', 0, Number.MAX_SAFE_INTEGER) ?? old?.version;
  const set = await session.client.call(
    'set_price',
    {
      service_id,
      tier,
      ...tierBody(clinic, args, old),
      ...(slot_id === null ? {} : { slot_id }),
      ...(version === undefined ? {} : { expected_version: version }),
    },
    callOptions(args),
  );
  printOne(context, {
    kind: 'PriceTier',
    item: set,
    csv,
    name: set.tier,
    as_of: look.now(),
    lines: [
      [old === null ? 'New price' : 'Changed', `${service.name}, ${set.tier}`],
      ['price', look.money(set.price, set.currency)],
      ['quantity', stepsText(set, look)],
      ['seats', set.seats_limit === null ? '' : `${set.seats_limit} per slot`],
      ['sale', saleText(set, look)],
      ['default', set.is_default ? 'yes: for those who name no tier' : ''],
      ['note', 'what is held or booked keeps its price'],
    ],
  });
}

/** `petpro prices withdraw` */
export async function withdrawPrice(context: Context, args: Args): Promise<undefined> {
  const { session, service } = await scene(context, args);
  const tier = firstWord(args);
  const slot_id = slotOf(args);
  await confirmOrFail(context, `${service.name} will no longer be sold as "${tier}".`, {
    yes: flagOption(args, 'yes'),
    next: `petpro prices withdraw ${JSON.stringify(tier)} --service .. --yes`,
  });
  const wish = {
    service_id: service.service_id,
    tier,
    ...(slot_id === null ? {} : { slot_id }),
  };
  await session.client.call('withdraw_price', wish, callOptions(args));
  printOne(context, {
    kind: 'WithdrawnPrice',
    item: wish,
    csv: ['service_id', 'tier'],
    name: tier,
    lines: [['Withdrawn', `${service.name}, ${tier}`]],
  });
}

/** `petpro prices quote` */
export async function quote(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const slot_id = slotOf(args) ?? '';
  const quantity = wholeOption(args, 'quantity', 1, SEATS_MAX);
  const { tier, items } = tierFields(args);
  const found = await session.client.call('quote_slot', {
    slot_id,
    ...(quantity === null ? {} : { quantity }),
    ...(tier === undefined ? {} : { tier }),
    ...(items === undefined
      ? {}
      : { items: items.map((item) => `${item.tier}:${item.quantity}`).join(',') }),
  });
  const money = (text: string) => look.money(text, found.currency);
  printOne(context, {
    kind: 'Quote',
    item: found,
    csv: ['slot_id', 'quantity', 'amount', 'tax_amount', 'amount_due', 'currency'],
    name: slot_id,
    as_of: look.now(),
    lines: [
      ...found.price_lines.map(
        (line) =>
          [
            line.tier ?? 'seat',
            `${line.units} x ${money(line.unit_price)} = ${money(line.amount)}`,
          ] as const,
      ),
      ['tax', `${money(found.tax_amount)} ${found.tax_included ? 'contained' : 'on top'}`],
      ['amount', money(found.amount)],
      ['due first', found.amount_due === found.amount ? '' : money(found.amount_due)],
    ],
  });
}

function printRules(context: Context, look: Look, rules: Output<'get_money_rules'>): void {
  const limit = rules.desk_refund_limit;
  const way = rules.tax_included ? 'contained in the prices' : 'on top of the prices';
  printOne(context, {
    kind: 'MoneyRules',
    item: rules,
    csv: ['clinic_id', 'tax_percent', 'tax_included', 'desk_refund_limit', 'currency'],
    name: rules.clinic_id,
    as_of: look.now(),
    lines: [
      ['tax', `${rules.tax_percent} %, ${way}`],
      [
        'refunds',
        limit === null
          ? 'a manager agrees to each'
          : `the desk gives back up to ${look.money(limit, rules.currency)} of a booking`,
      ],
    ],
  });
}

/** `petpro prices rules` */
export async function showRules(context: Context): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const { clinic_id } = clinic;
  const rules = await session.client.call('get_money_rules', { clinic_id });
  printRules(context, lookOf(context, clinic), rules);
}

/** `petpro prices rules-set` */
export async function setRules(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const tax_percent = textOption(args, 'tax');
  const way = textOption(args, 'tax_way');
  const limit = textOption(args, 'desk_refunds');
  if (tax_percent === null && way === null && limit === null) {
    throw wrong('Say what changes: --tax, --tax-way or --desk-refunds.');
  }
  const rules = await session.client.call(
    'set_money_rules',
    {
      clinic_id: clinic.clinic_id,
      ...(tax_percent === null ? {} : { tax_percent }),
      ...(way === null ? {} : { tax_included: way === 'contained' }),
      ...(limit === null ? {} : { desk_refund_limit: limit === 'ask' ? null : limit }),
    },
    callOptions(args),
  );
  printRules(context, lookOf(context, clinic), rules);
}
