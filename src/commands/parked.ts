import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { plainLine } from '../domain/width.ts';
import { callOptions, firstWord } from './choice.ts';
import type { Context } from './context.ts';
import { isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, textOption } from './spec.ts';

/** Events of other services that could not be taken. */

type Parked = Output<'retry_parked_event'>;

const csv = [
  'parked_id',
  'event_id',
  'event_type',
  'thing_id',
  'status',
  'attempts',
  'reason',
  'created_at',
];

const minuteOf = (instant: string) => instant.slice(0, 16).replace('T', ' ');

/** `petpro events parked` */
export async function listParked(context: Context, args: Args): Promise<undefined> {
  const { client } = openSession(context, 'sre');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await client.call('list_parked_events', {
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'ParkedEventList',
    items: page.items,
    columns: [
      { head: 'PARKED (UTC)', text: (one) => minuteOf(one.created_at), whole: true },
      { head: 'EVENT', text: (one) => one.event_type, whole: true },
      { head: 'TRIES', text: (one) => String(one.attempts), whole: true },
      { head: 'REASON', text: (one) => plainLine(one.reason ?? '') },
      { head: 'ID', text: (one) => one.parked_id, whole: true },
      { head: 'EVENT ID', text: (one) => plainLine(one.event_id), wide: true },
    ],
    csv,
    name: (one) => one.parked_id,
    cursor: page.next_cursor,
    empty: 'Nothing is parked.',
  });
  return;
}

function parkedId(args: Args): string {
  const word = firstWord(args);
  if (isId(word)) return word;
  const detail = `"${word}" is no id of a parked event.`;
  throw new AppError('invalid_input', detail, { next: 'petpro events parked' });
}

function show(context: Context, one: Parked, verb: string): void {
  printOne(context, {
    kind: 'ParkedEvent',
    item: one,
    csv,
    name: one.parked_id,
    lines: [
      [verb, `${one.event_type} ${plainLine(one.event_id)}`],
      ['status', one.status],
      ['reason', plainLine(one.reason ?? '')],
    ],
  });
}

/** Exit code of "not finished": it is parked still. */
const STILL_PARKED = 8;

/** `petpro events retry` */
export async function retryParked(context: Context, args: Args): Promise<number | undefined> {
  const parked_id = parkedId(args);
  const { client } = openSession(context, 'sre');
  const one = await client.call('retry_parked_event', { parked_id }, callOptions(args));
  show(context, one, one.status === 'parked' ? 'Not taken' : 'Taken');
  return one.status === 'parked' ? STILL_PARKED : undefined;
}

/** `petpro events discard` */
export async function discardParked(context: Context, args: Args): Promise<undefined> {
  const parked_id = parkedId(args);
  const reason = textOption(args, 'reason');
  if (reason === null) {
    const next = `petpro events discard ${parked_id} --reason ".."`;
    throw new AppError('invalid_input', 'Say why nobody needs it.', { next });
  }
  const { client } = openSession(context, 'sre');
  const wish = { parked_id, reason };
  const one = await client.call('discard_parked_event', wish, callOptions(args));
  show(context, one, 'Discarded');
  return;
}
