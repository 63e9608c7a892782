import { AppError } from '../domain/errors.ts';
import { event_types } from '../domain/events.ts';
import type { Output } from '../domain/shapes.ts';
import { firstWord } from './choice.ts';
import { type Context, say } from './context.ts';
import { withOps } from './ops.ts';
import { printList, printOne } from './output.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, textOption } from './spec.ts';

/** `petpro outbox list` and `show`: what hangs, and why. */

type Item = Output<'list_outbox'>['items'][number];

const states = ['waiting', 'retrying', 'dead', 'published'] as const;

const csv = [
  'event_id',
  'sequence',
  'event_type',
  'state',
  'occurred_at',
  'attempts',
  'error_code',
  'error',
  'aggregate_type',
  'aggregate_id',
  'aggregate_version',
  'clinic_id',
  'correlation_id',
  'next_attempt_at',
  'published_at',
  'dead_at',
];

const shortTime = (instant: string) => instant.slice(0, 19).replace('T', ' ');

/** The kind of event that --type names; undefined = any. */
export function typeOf(args: Args): (typeof event_types)[number] | undefined {
  const text = textOption(args, 'type');
  if (text === null) return undefined;
  const known = event_types.find((name) => name === text);
  if (known !== undefined) return known;
  throw new AppError('invalid_input', `--type ${text} is no kind of event.`, {
    known: event_types,
    next: 'petpro outbox list --type booking.confirmed',
  });
}

function secondsOf(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

function sayState(context: Context, page: Output<'list_outbox'>): void {
  const { waiting, retrying, dead, lag_ms, last_sequence } = page;
  const lag = waiting > 0 ? `, the oldest for ${secondsOf(lag_ms)}` : '';
  say(
    context,
    `${waiting} waiting (${retrying} retrying)${lag}; ${dead} dead; at ${last_sequence}`,
  );
  if (dead > 0) say(context, 'Next: petpro outbox list --dead --by-error');
}

async function listErrors(context: Context, args: Args, dead: boolean): Promise<undefined> {
  await withOps(context, args, async (ops) => {
    const { items } = await ops.call('list_outbox_errors', { dead: dead ? '1' : '0' });
    printList(context, {
      kind: 'OutboxErrorList',
      items,
      columns: [
        { head: 'ERROR', text: (one) => one.error_code, whole: true },
        { head: 'TYPE', text: (one) => one.event_type, whole: true },
        { head: 'DEAD', text: (one) => String(one.dead), right: true },
        { head: 'RETRYING', text: (one) => String(one.retrying), right: true },
        { head: 'SINCE', text: (one) => shortTime(one.first_at), wide: true },
        { head: 'SAYS', text: (one) => one.sample_error },
        { head: 'SUCH AS', text: (one) => one.sample_event_id, wide: true },
      ],
      csv: [
        'error_code',
        'event_type',
        'dead',
        'retrying',
        'first_at',
        'last_at',
        'sample_error',
        'sample_event_id',
      ],
      name: (one) => one.error_code,
      empty: 'No event has failed.',
    });
    const [first] = items;
    if (first && first.dead > 0) {
      const code = JSON.stringify(first.error_code);
      say(context, `Next: petpro outbox retry --dead --error ${code} --dry-run`);
    }
  });
  return undefined;
}

/** `petpro outbox list` */
export async function listOutbox(context: Context, args: Args): Promise<undefined> {
  const is_dead = flagOption(args, 'dead');
  const word = textOption(args, 'state');
  if (is_dead && word !== null && word !== 'dead') {
    throw new AppError('invalid_input', `--dead and --state ${word} are two different things.`);
  }
  if (flagOption(args, 'by_error')) {
    return await listErrors(context, args, is_dead || word === 'dead');
  }
  const state = is_dead ? 'dead' : states.find((known) => known === word);
  const error_code = textOption(args, 'error');
  const event_type = typeOf(args);
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const is_filtered = state !== undefined || error_code !== null || event_type !== undefined;
  await withOps(context, args, async (ops) => {
    const page = await ops.call('list_outbox', {
      ...(state === undefined ? {} : { state }),
      ...(error_code === null ? {} : { error_code }),
      ...(event_type === undefined ? {} : { event_type }),
      ...(cursor === null ? {} : { cursor }),
      ...(limit === null ? {} : { limit }),
    });
    printList(context, {
      kind: 'OutboxList',
      items: page.items,
      columns: [
        { head: 'SEQUENCE', text: (one) => String(one.sequence ?? '-'), right: true, whole: true },
        { head: 'TYPE', text: (one) => one.event_type, whole: true },
        { head: 'STATE', text: (one) => one.state, whole: true },
        { head: 'AT (UTC)', text: (one) => shortTime(one.occurred_at) },
        { head: 'TRIES', text: (one) => String(one.attempts), right: true },
        { head: 'ERROR', text: (one) => one.error_code ?? '' },
        { head: 'ID', text: (one) => one.event_id },
        { head: 'SAYS', text: (one) => one.error ?? '', wide: true },
      ],
      csv,
      name: (one) => one.event_id,
      cursor: page.next_cursor,
      as_of: page.as_of,
      empty: is_filtered ? 'No such event.' : 'Every event is out.',
    });
    sayState(context, page);
  });
  return undefined;
}

function eventLines(one: Item): readonly (readonly [string, string])[] {
  return [
    ['about', `${one.aggregate_type} ${one.aggregate_id}`],
    ['version', one.aggregate_version === null ? '' : String(one.aggregate_version)],
    ['sequence', one.sequence === null ? 'not numbered yet' : String(one.sequence)],
    ['happened', one.occurred_at],
    ['caused by', one.correlation_id],
    ['tries', String(one.attempts)],
    ['next try', one.next_attempt_at ?? ''],
    ['published', one.published_at ?? ''],
    ['dead since', one.dead_at ?? ''],
    ['error', one.error === null ? '' : `${one.error_code}: ${one.error}`],
  ];
}

/** `petpro outbox show` */
export async function showEvent(context: Context, args: Args): Promise<undefined> {
  const event_id = firstWord(args);
  await withOps(context, args, async (ops) => {
    const event = await ops.call('inspect_event', { event_id });
    printOne(context, {
      kind: 'OutboxEvent',
      item: event,
      csv,
      name: event.event_id,
      lines: [
        [event.state, event.event_type],
        ...eventLines(event),
        ...event.faults.map((fault) => ['wrong', fault] as const),
        ...event.messages.map(
          ({ channel, type, status, error }) =>
            ['message', `${type} by ${channel}: ${status}${error ? ` (${error})` : ''}`] as const,
        ),
        ['payload', JSON.stringify(event.payload)],
      ],
    });
    if (event.state === 'dead') {
      say(context, `Next: petpro outbox retry ${event.event_id} --reason ..`);
    }
  });
  return undefined;
}
