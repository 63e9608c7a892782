import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { callOptions, firstWord } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

type Entry = Output<'get_settlement'>['items'][number];

const figures = ['total_amount', 'platform_fee', 'tax_amount', 'clinic_amount', 'currency'];
const csv = ['settlement_id', 'clinic_code', 'from', 'to', 'entry_count', ...figures];
const PAGE = 200;
/** 200 000 entries: a busy clinic's years. */
const PAGES_MAX = 1_000;

function idOf(args: Args): string {
  const settlement_id = firstWord(args);
  if (isId(settlement_id)) return settlement_id;
  const next = 'petpro settlements list -o name';
  throw new AppError('invalid_input', `"${settlement_id}" is no id of a settlement.`, { next });
}

/** `petpro settlements create`: sums first, then asks, because a closed period stays closed. */
export async function createSettlement(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const period = {
    clinic_id: clinic.clinic_id,
    from: textOption(args, 'from') ?? '',
    to: textOption(args, 'to') ?? '',
  };
  const plan = await session.client.call('create_settlement', { ...period, dry_run: true });
  const show = (done: typeof plan, verb: string) =>
    printOne(context, {
      kind: 'Settlement',
      item: done,
      csv,
      name: done.settlement_id ?? '',
      as_of: look.now(),
      lines: [
        [verb, `${done.clinic_code} ${done.from} to ${done.to}, ${done.entry_count} entries`],
        ['id', done.settlement_id ?? ''],
        ['total', look.money(done.total_amount, done.currency)],
        ['fee', look.money(done.platform_fee, done.currency)],
        ['tax', look.money(done.tax_amount, done.currency)],
        ['clinic', look.money(done.clinic_amount, done.currency)],
      ],
    });
  if (flagOption(args, 'dry_run')) {
    show(plan, 'Would settle');
    say(context, 'Nothing was changed.');
    return;
  }
  const net = look.money(plan.clinic_amount, plan.currency);
  const effect = `Settling ${plan.entry_count} entries gives ${clinic.name} ${net}, for good.`;
  await confirmOrFail(context, effect, {
    yes: flagOption(args, 'yes'),
    next: 'add --yes, or --dry-run to see the sums',
  });
  show(await session.client.call('create_settlement', period, callOptions(args)), 'Settled');
}

/** `petpro settlements list` */
export async function listSettlements(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const limit = wholeOption(args, 'limit', 1, PAGE);
  const cursor = textOption(args, 'cursor');
  const page = await session.client.call('list_settlements', {
    clinic_id: clinic.clinic_id,
    ...(limit === null ? {} : { limit }),
    ...(cursor === null ? {} : { cursor }),
  });
  printList(context, {
    kind: 'SettlementList',
    items: page.items,
    columns: [
      { head: 'FROM', text: (one) => one.from, whole: true },
      { head: 'TO', text: (one) => one.to, whole: true },
      { head: 'ENTRIES', text: (one) => String(one.entry_count) },
      { head: 'FEE', text: (one) => look.money(one.platform_fee, one.currency) },
      { head: 'CLINIC', text: (one) => look.money(one.clinic_amount, one.currency) },
      { head: 'ID', text: (one) => one.settlement_id, whole: true },
    ],
    csv: [...csv, 'created_at'],
    name: (one) => one.settlement_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'No period was settled yet.',
  });
}

/** `petpro settlements show` */
export async function showSettlement(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const settlement_id = idOf(args);
  const found = await session.client.call('get_settlement', { settlement_id, limit: 1 });
  const clinic = await session.client.call('get_clinic', { clinic_id: found.clinic_id });
  const look = lookOf(context, clinic);
  const { items: _items, next_cursor: _next, ...settlement } = found;
  printOne(context, {
    kind: 'Settlement',
    item: settlement,
    csv: [...csv, 'created_at'],
    name: settlement.settlement_id,
    as_of: look.now(),
    lines: [
      ['settlement', `${found.clinic_code} ${found.from} to ${found.to}`],
      ['entries', String(found.entry_count)],
      ['total', look.money(found.total_amount, found.currency)],
      ['fee', look.money(found.platform_fee, found.currency)],
      ['tax', look.money(found.tax_amount, found.currency)],
      ['clinic', look.money(found.clinic_amount, found.currency)],
      ['closed', look.moment(found.created_at)],
    ],
  });
}

/** `petpro settlements export`: every entry, however many pages. */
export async function exportSettlement(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context, 'manager');
  const settlement_id = idOf(args);
  const items: Entry[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found: Output<'get_settlement'> = await session.client.call('get_settlement', {
      settlement_id,
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    items.push(...found.items);
    cursor = found.next_cursor;
    if (cursor === null) break;
  }
  printList(context, {
    kind: 'SettlementEntryList',
    items,
    columns: [
      { head: 'AT', text: (one) => one.created_at, whole: true },
      { head: 'REF', text: (one) => one.reference_code, whole: true },
      { head: 'TYPE', text: (one) => one.type },
      { head: 'TOTAL', text: (one) => one.total_amount },
      { head: 'FEE', text: (one) => one.platform_fee },
      { head: 'TAX', text: (one) => one.tax_amount },
      { head: 'CLINIC', text: (one) => one.clinic_amount },
    ],
    csv: [
      'entry_id',
      'created_at',
      'type',
      'reference_code',
      'payment_id',
      'payment_method',
      ...figures,
    ],
    name: (one) => one.entry_id,
    cursor,
  });
}
