import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic } from '../store/clinics.ts';
import {
  createSettlement as create,
  listSettlements as list,
  listSettledEntries,
  type SettlementRow,
} from '../store/settlements.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { moneyText } from './money-text.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

type Settlement = Output<'list_settlements'>['items'][number];

function settlementJson(row: SettlementRow): Settlement {
  const { time_zone, period_from, period_to, created_at, ...rest } = row;
  const money = (amount: string) => moneyText(amount, row.currency);
  return {
    ...rest,
    from: period_from,
    to: period_to,
    total_amount: money(row.total_amount),
    platform_fee: money(row.platform_fee),
    tax_amount: money(row.tax_amount),
    clinic_amount: money(row.clinic_amount),
    created_at: zonedText(created_at, time_zone),
  };
}

/** Closes a period of a clinic: what nobody has settled yet, once and for good. */
export async function createSettlement(
  app: App,
  actor: Actor,
  input: Input<'create_settlement'>,
): Promise<Output<'create_settlement'>> {
  const { clinic_id, from, to, dry_run } = input;
  assertClinic(actor, clinic_id);
  const clinic = await findClinic(app.sql, clinic_id);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const settlement_id = randomUUID();
  const wish = { settlement_id, clinic_id, from, to, dry_run };
  const result = await create(app.sql, wish, dbActor(actor));
  if (result.outcome === 'policy_refused') {
    const detail = 'The last day must be over at the clinic, and not lie before the first.';
    throw failure('policy_refused', { rule: 'period_not_over', from, to }, detail);
  }
  if (result.outcome === 'conflict') {
    const detail = 'No entry of these days is left to settle.';
    throw failure('conflict', { rule: 'nothing_to_settle', from, to }, detail);
  }
  if (result.outcome !== 'ok') throw failure(result.outcome);
  const { currency } = clinic;
  const money = (amount: string | null) => moneyText(amount ?? '0', currency);
  return {
    settlement_id: dry_run ? null : settlement_id,
    clinic_id,
    clinic_code: clinic.code,
    dry_run,
    from,
    to,
    entry_count: result.entry_count ?? 0,
    total_amount: money(result.total_amount),
    platform_fee: money(result.platform_fee),
    tax_amount: money(result.tax_amount),
    clinic_amount: money(result.clinic_amount),
    currency,
  };
}

/** Closed batches, oldest first. */
export async function listSettlements(
  app: App,
  actor: Actor,
  input: Input<'list_settlements'>,
): Promise<Output<'list_settlements'>> {
  const scope = scopeOf(actor);
  if (input.clinic_id !== undefined) assertClinic(actor, input.clinic_id);
  const clinic_id = input.clinic_id ?? scope.clinic_id;
  const after = decodeTimeCursor(input.cursor);
  const rows = await list(app.sql, { clinic_id, after, limit: input.limit + 1 });
  const page = pageOf(rows, input.limit, (row) => [row.created_at.toString(), row.settlement_id]);
  return { items: page.items.map(settlementJson), next_cursor: page.next_cursor };
}

/** One batch with its entries, a page of them at a time. */
export async function getSettlement(
  app: App,
  actor: Actor,
  input: Input<'get_settlement'>,
): Promise<Output<'get_settlement'>> {
  const { settlement_id, limit } = input;
  const { clinic_id } = scopeOf(actor);
  const after = decodeTimeCursor(input.cursor);
  const [row] = await list(app.sql, { clinic_id, settlement_id, after: null, limit: 1 });
  if (!row) throw new AppError('not_found', 'There is no such settlement.');
  const entries = await listSettledEntries(app.sql, { settlement_id, after, limit: limit + 1 });
  const page = pageOf(entries, limit, (one) => [one.created_at.toString(), one.entry_id]);
  const money = (amount: string) => moneyText(amount, row.currency);
  return {
    ...settlementJson(row),
    items: page.items.map((one) => ({
      ...one,
      total_amount: money(one.total_amount),
      platform_fee: money(one.platform_fee),
      tax_amount: money(one.tax_amount),
      clinic_amount: money(one.clinic_amount),
      currency: row.currency,
      created_at: zonedText(one.created_at, row.time_zone),
    })),
    next_cursor: page.next_cursor,
  };
}
