import { AppError } from '../../domain/errors.ts';
import type { Channel } from '../../domain/ports.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { neededReason } from '../locks/spend-plan.ts';
import {
  type Candidate,
  type ChannelRow,
  changeDeliveries,
  listChannels as channelRows,
  type DeliveryRow,
  listDeliveryErrors as errorGroups,
  findCandidates,
  findDelivery,
  listDeliveries as list,
  pauseChannel as pause,
} from '../store/delivery-desk.ts';
import { makePlan, takePlan } from '../store/plans.ts';
import { dbActor } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';

type Delivery = Output<'list_deliveries'>['items'][number];
type Change = Output<'retry_deliveries'>;
type Wish = Input<'retry_deliveries'>;

/** Addresses are people's; those who keep machines running see the provider's side only. */
function deliveryJson(row: DeliveryRow, actor: Actor): Delivery {
  const is_waiting = row.status === 'pending' || row.status === 'sending';
  return {
    delivery_id: row.delivery_id,
    channel: row.channel,
    type: row.type,
    status: row.status,
    clinic_id: row.clinic_id,
    booking_id: row.booking_id,
    reference_code: row.reference_code,
    address: seesPersonalData(actor.role) ? row.address : '***',
    attempts: row.attempts,
    deferrals: row.deferrals,
    error_code: row.error_code,
    error: row.error,
    created_at: row.created_at.toString(),
    due_at: row.due_at.toString(),
    next_attempt_at: is_waiting ? row.next_attempt_at.toString() : null,
    sent_at: row.sent_at?.toString() ?? null,
    dead_at: row.dead_at?.toString() ?? null,
  };
}

export async function listDeliveries(
  app: App,
  actor: Actor,
  input: Input<'list_deliveries'>,
): Promise<Output<'list_deliveries'>> {
  const { status = null, channel = null, error_code = null, booking_id = null, limit } = input;
  const rows = await list(app.sql, {
    clinic_id: actor.clinic_id,
    status,
    channel,
    error_code,
    booking_ref: booking_id,
    before: decodeTimeCursor(input.cursor),
    limit: limit + 1,
  });
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.delivery_id]);
  return {
    items: page.items.map((row) => deliveryJson(row, actor)),
    next_cursor: page.next_cursor,
  };
}

export async function listDeliveryErrors(
  app: App,
  actor: Actor,
  { dead = false }: Input<'list_delivery_errors'>,
): Promise<Output<'list_delivery_errors'>> {
  const rows = await errorGroups(app.sql, { clinic_id: actor.clinic_id, dead_only: dead });
  const items = rows.map((row) => ({
    ...row,
    first_at: row.first_at.toString(),
    last_at: row.last_at.toString(),
  }));
  return { items, next_cursor: null };
}

export async function inspectDelivery(
  app: App,
  actor: Actor,
  { delivery_id }: Input<'inspect_delivery'>,
): Promise<Output<'inspect_delivery'>> {
  const row = await findDelivery(app.sql, delivery_id, actor.clinic_id);
  if (!row) throw new AppError('not_found', 'There is no such message.');
  const { lang, provider_id, correlation_id, attached, discard_reason, bounced } = row;
  const more = { lang, provider_id, correlation_id, attached, discard_reason, bounced };
  return { ...deliveryJson(row, actor), ...more };
}

const kinds = { retry: 'deliveries.retry', discard: 'deliveries.discard' } as const;

async function freeze(
  app: App,
  actor: Actor,
  verb: keyof typeof kinds,
  wish: Wish,
): Promise<Change> {
  const { delivery_id, channel = null, error_code = null, max, reason = null } = wish;
  const found = await findCandidates(app.sql, {
    clinic_id: actor.clinic_id,
    delivery_ids: delivery_id === undefined ? null : [delivery_id],
    channel,
    error_code,
    limit: max,
  });
  const plan = { kind: kinds[verb], items: found, reason };
  const { plan_id, expires_at } = await makePlan(app.sql, plan, dbActor(actor));
  return {
    plan_id,
    expires_at: expires_at.toString(),
    dry_run: true,
    planned: found.length,
    changed: 0,
    kept: 0,
    items: found.map((one) => ({ ...one, outcome: 'planned' as const })),
  };
}

/** The messages of a frozen plan; throws when it is unknown, over, or taken already. */
async function planned(
  app: App,
  actor: Actor,
  verb: keyof typeof kinds,
  plan_id: string,
  reason: string,
): Promise<readonly string[]> {
  const taken = await takePlan(app.sql, { kind: kinds[verb], plan_id, reason }, dbActor(actor));
  if (taken.outcome === 'ok') {
    return taken.items.flatMap((item) => {
      const delivery_id: unknown = Reflect.get(Object(item), 'delivery_id');
      return typeof delivery_id === 'string' ? [delivery_id] : [];
    });
  }
  const facts = { plan_id, next: `petpro deliveries ${verb} --dry-run` };
  if (taken.outcome === 'not_found') {
    throw new AppError('not_found', `There is no plan ${plan_id} for this.`, facts);
  }
  const detail =
    taken.outcome === 'expired'
      ? `Plan ${plan_id} is too old; make a new one.`
      : `Plan ${plan_id} was carried out already.`;
  throw failure('conflict', facts, detail);
}

async function carryOut(
  app: App,
  actor: Actor,
  verb: keyof typeof kinds,
  wish: Wish,
): Promise<Change> {
  const reason = neededReason(wish.reason);
  const { delivery_id, plan_id = null } = wish;
  if ((delivery_id === undefined) === (plan_id === null)) {
    throw new AppError('invalid_input', 'Give delivery_id, or the plan_id of a dry run.', {
      errors: [{ path: 'body.plan_id', message: 'Many messages need a frozen plan' }],
      next: `petpro deliveries ${verb} --dry-run`,
    });
  }
  const delivery_ids =
    plan_id === null ? [delivery_id ?? ''] : await planned(app, actor, verb, plan_id, reason);
  const { clinic_id } = actor;
  const filter = { clinic_id, channel: null, error_code: null, limit: delivery_ids.length };
  const found = await findCandidates(app.sql, { ...filter, delivery_ids });
  if (found.length === 0 && plan_id === null) {
    throw new AppError('not_found', 'There is no such message.');
  }
  const done = await changeDeliveries(app.sql, verb, { delivery_ids, reason }, dbActor(actor));
  if (done.size > 0) app.wake.dispatcher();
  const items = found.map((one: Candidate) => {
    return {
      ...one,
      outcome: done.has(one.delivery_id) ? ('changed' as const) : ('kept' as const),
    };
  });
  const kept = delivery_ids.length - done.size;
  const counts = { planned: delivery_ids.length, changed: done.size, kept };
  return { plan_id, expires_at: null, dry_run: false, ...counts, items };
}

/** Puts dead messages in line again. */
export async function retryDeliveries(
  app: App,
  actor: Actor,
  input: Input<'retry_deliveries'>,
): Promise<Change> {
  return input.dry_run
    ? await freeze(app, actor, 'retry', input)
    : await carryOut(app, actor, 'retry', input);
}

/** Gives messages up. */
export async function discardDeliveries(
  app: App,
  actor: Actor,
  input: Input<'discard_deliveries'>,
): Promise<Change> {
  return input.dry_run
    ? await freeze(app, actor, 'discard', input)
    : await carryOut(app, actor, 'discard', input);
}

type ChannelState = Output<'pause_channel'>;

function channelJson(app: App, row: ChannelRow): ChannelState {
  const providers = app.messenger.providers().filter((one) => one.channel === row.channel);
  return {
    ...row,
    paused_at: row.paused_at?.toString() ?? null,
    oldest_due_at: row.oldest_due_at?.toString() ?? null,
    providers: providers.map(({ channel: _, ...rest }) => rest),
  };
}

export async function listChannels(
  app: App,
  actor: Actor,
  _input: Input<'list_channels'>,
): Promise<Output<'list_channels'>> {
  const rows = await channelRows(app.sql, actor.clinic_id);
  return { items: rows.map((row) => channelJson(app, row)), next_cursor: null };
}

async function setPaused(
  app: App,
  actor: Actor,
  wish: { readonly channel: Channel; readonly is_paused: boolean; readonly reason: string | null },
): Promise<ChannelState> {
  // A channel is everybody's: who looks after one clinic must not stop the others' messages.
  if (actor.clinic_id !== null) {
    throw new AppError('forbidden', 'A channel serves all clinics; this key is of one.');
  }
  await pause(app.sql, wish, dbActor(actor));
  if (!wish.is_paused) app.wake.dispatcher();
  const rows = await channelRows(app.sql, null);
  const row = rows.find((one) => one.channel === wish.channel);
  if (!row) throw new Error(`The channel ${wish.channel} is not there`);
  return channelJson(app, row);
}

export async function pauseChannel(
  app: App,
  actor: Actor,
  { channel, reason }: Input<'pause_channel'>,
): Promise<ChannelState> {
  return await setPaused(app, actor, { channel, is_paused: true, reason });
}

export async function resumeChannel(
  app: App,
  actor: Actor,
  { channel, reason }: Input<'resume_channel'>,
): Promise<ChannelState> {
  return await setPaused(app, actor, { channel, is_paused: false, reason: reason ?? null });
}
