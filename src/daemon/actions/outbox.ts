import { AppError } from '../../domain/errors.ts';
import { event_types } from '../../domain/events.ts';
import { payloadFaults } from '../../domain/events-schema.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { feedBounds, outboxBacklog } from '../store/outbox.ts';
import {
  findEvent,
  listOutbox as items,
  messagesOf,
  type OutboxItem,
  outboxErrors,
} from '../store/outbox-desk.ts';
import { decodeCursor, pageOf } from './cursor.ts';

type Item = Output<'list_outbox'>['items'][number];

function eventItem(row: OutboxItem): Item {
  const { position: _, ...rest } = row;
  return {
    ...rest,
    occurred_at: row.occurred_at.toString(),
    next_attempt_at: row.next_attempt_at?.toString() ?? null,
    published_at: row.published_at?.toString() ?? null,
    dead_at: row.dead_at?.toString() ?? null,
  };
}

/** Numbered events stand before those without number. */
function readPlace(cursor: string | undefined) {
  const parts = decodeCursor(cursor);
  if (parts === null) return null;
  const [kind, text] = parts;
  const place = Number(text);
  if (!['n', 'u'].includes(kind) || !Number.isSafeInteger(place)) {
    throw new AppError('invalid_input', 'The cursor is not one of ours.');
  }
  return kind === 'n' ? { sequence: place, position: 0 } : { sequence: null, position: place };
}

/** What is not out yet, or by state the dead or the published; with the state of the whole outbox. */
export async function listOutbox(
  app: App,
  actor: Actor,
  input: Input<'list_outbox'>,
): Promise<Output<'list_outbox'>> {
  const { clinic_id } = actor;
  const [rows, backlog, bounds] = await Promise.all([
    items(app.sql, {
      clinic_id,
      state: input.state ?? null,
      error_code: input.error_code ?? null,
      event_type: input.event_type ?? null,
      after: readPlace(input.cursor),
      limit: input.limit + 1,
    }),
    outboxBacklog(app.sql, clinic_id),
    feedBounds(app.sql),
  ]);
  const page = pageOf(rows, input.limit, ({ sequence, position }) =>
    sequence === null ? ['u', String(position)] : ['n', String(sequence)],
  );
  return {
    items: page.items.map(eventItem),
    next_cursor: page.next_cursor,
    ...backlog,
    ...bounds,
    as_of: Temporal.Now.instant().toString({ smallestUnit: 'second' }),
  };
}

/** Causes of failure with how many events each has. */
export async function listOutboxErrors(
  app: App,
  actor: Actor,
  { dead = false }: Input<'list_outbox_errors'>,
): Promise<Output<'list_outbox_errors'>> {
  const groups = await outboxErrors(app.sql, actor.clinic_id, dead);
  return {
    items: groups.map((group) => ({
      ...group,
      first_at: group.first_at.toString(),
      last_at: group.last_at.toString(),
    })),
    next_cursor: null,
  };
}

/** One event, as far as anybody who has to mend it needs to know. */
export async function inspectEvent(
  app: App,
  actor: Actor,
  { event_id }: Input<'inspect_event'>,
): Promise<Output<'inspect_event'>> {
  const row = await findEvent(app.sql, event_id, actor.clinic_id);
  if (!row) {
    const next = 'petpro outbox list';
    throw new AppError('not_found', 'There is no such event, or it is no longer kept.', { next });
  }
  const { payload, ...item } = row;
  const event_type = event_types.find((known) => known === row.event_type);
  const faults =
    event_type === undefined
      ? [`${row.event_type}: no such type`]
      : payloadFaults(event_type, payload);
  return { ...eventItem(item), payload, faults, messages: await messagesOf(app.sql, event_id) };
}
