import { nextStep } from '../../domain/money-words.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import {
  listEntries as entries,
  listInbox as inbox,
  markInboxItem,
  listPayments as payments,
} from '../store/money.ts';
import { dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

/** What a person has to look at, oldest first; normally nothing. */
export async function listInbox(
  app: App,
  actor: Actor,
  { clinic_id, limit }: Input<'list_inbox'>,
): Promise<Output<'list_inbox'>> {
  const rows = await inbox(app.sql, { scope: scopeOf(actor), clinic_id, limit });
  const items = rows.map((row) => ({ ...row, since: row.since.toString(), next: nextStep(row) }));
  return { items, next_cursor: null };
}

/** Takes an item off the inbox on a person's word. */
export async function settleInboxItem(
  app: App,
  actor: Actor,
  { item_id, reason }: Input<'settle_inbox_item'>,
): Promise<Output<'settle_inbox_item'>> {
  const outcome = await markInboxItem(app.sql, item_id, reason, dbActor(actor));
  if (outcome === 'policy_refused') {
    const detail = 'This one leaves only when the money itself has been seen to.';
    throw failure(outcome, { next: 'petpro payments inbox' }, detail);
  }
  if (outcome !== 'ok') throw failure(outcome);
  return { success: true };
}

/** Payments, newest first. */
export async function listPayments(
  app: App,
  actor: Actor,
  input: Input<'list_payments'>,
): Promise<Output<'list_payments'>> {
  const { clinic_id, booking_id: booking_ref, status, limit } = input;
  const after = decodeTimeCursor(input.cursor);
  const scope = scopeOf(actor);
  const filter = { scope, clinic_id, booking_ref, status, after, limit: limit + 1 };
  const rows = await payments(app.sql, filter);
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.payment_id]);
  const items = page.items.map(({ paid_at, created_at, ...rest }) => ({
    ...rest,
    paid_at: paid_at?.toString() ?? null,
    created_at: created_at.toString(),
  }));
  return { items, next_cursor: page.next_cursor };
}

/** The ledger, oldest first. */
export async function listEntries(
  app: App,
  actor: Actor,
  input: Input<'list_entries'>,
): Promise<Output<'list_entries'>> {
  const { clinic_id, booking_id: booking_ref, limit } = input;
  const after = decodeTimeCursor(input.cursor);
  const scope = scopeOf(actor);
  const rows = await entries(app.sql, { scope, clinic_id, booking_ref, after, limit: limit + 1 });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.entry_id]);
  const items = page.items.map((row) => ({ ...row, created_at: row.created_at.toString() }));
  return { items, next_cursor: page.next_cursor };
}
