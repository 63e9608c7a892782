import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import {
  type ApprovalRow,
  type Decision,
  decideApproval as decide,
  listApprovals as list,
} from '../store/approvals.ts';
import { dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { holdId } from './find-hold.ts';
import { followAuthorisation } from './follow-authorisation.ts';
import { failure } from './outcome.ts';
import { releaseLocks } from './release-locks.ts';
import { zonedText } from './slot-time.ts';

type Approval = Output<'decide_approval'>;

function approvalJson(row: ApprovalRow): Approval {
  const { time_zone, starts_at, asked_at, expires_at, ...rest } = row;
  return {
    ...rest,
    starts_at: zonedText(starts_at, time_zone),
    asked_at: zonedText(asked_at, time_zone),
    expires_at: zonedText(expires_at, time_zone),
  };
}

async function findApproval(app: App, actor: Actor, reservation_id: string): Promise<Approval> {
  const [row] = await list(app.sql, { scope: scopeOf(actor), reservation_id, limit: 1 });
  if (!row) throw failure('not_found');
  return approvalJson(row);
}

/** Requests that wait for the clinic, the most urgent first. */
export async function listApprovals(
  app: App,
  actor: Actor,
  input: Input<'list_approvals'>,
): Promise<Output<'list_approvals'>> {
  const { clinic_id, limit } = input;
  const after = decodeTimeCursor(input.cursor);
  const rows = await list(app.sql, { scope: scopeOf(actor), clinic_id, after, limit: limit + 1 });
  const page = pageOf(rows, limit, (row) => [row.expires_at.toString(), row.reservation_id]);
  return { items: page.items.map(approvalJson), next_cursor: page.next_cursor };
}

function refused({ outcome }: Decision): Error {
  if (outcome === 'conflict') {
    const detail = 'This request has been decided the other way, or is over.';
    return failure('conflict', { next: 'petpro approvals list' }, detail);
  }
  if (outcome === 'policy_refused') {
    const detail = 'The clinic has not been asked: the owner has not authorised their card yet.';
    return failure('policy_refused', { next: 'petpro approvals list' }, detail);
  }
  if (outcome === 'reservation_expired') {
    const detail = 'The time to answer is over; the card was let go and the place is free again.';
    return failure('reservation_expired', {}, detail);
  }
  return failure(outcome);
}

/**
 * The clinic's answer. Yes: the money is fetched and the booking made. No: the card is let go. The
 * answer is noted first; who dies before the provider has followed it leaves the rest to a worker.
 */
export async function decideApproval(
  app: App,
  actor: Actor,
  { reservation_id: hold_ref, decision, reason }: Input<'decide_approval'>,
): Promise<Approval> {
  const reservation_id = await holdId(app, actor, hold_ref);
  const approve = decision === 'approved';
  const decided = await decide(app.sql, reservation_id, approve, reason ?? null, dbActor(actor));
  if (decided.outcome !== 'ok' && decided.outcome !== 'already_done') throw refused(decided);
  if (!approve || decided.booking_id !== null) await releaseLocks(app, decided);
  app.wake.relay();
  const { payment_id, payment_intent } = decided;
  if (decided.outcome === 'ok' && payment_id !== null && payment_intent !== null) {
    const verb = approve ? 'capture' : 'void';
    const deed = { payment_id, payment_intent, verb, attempts: 1, is_lapsed: false } as const;
    const done = await followAuthorisation(app, deed);
    if (done === 'failed') {
      const detail =
        'The bank does not pay this authorisation any more. Nothing was charged; the hold has ended.';
      throw failure('payment_failed', { reservation_id }, detail);
    }
  }
  return await findApproval(app, actor, reservation_id);
}
