import type { Output } from '../domain/shapes.ts';
import type { TraceGapCode } from '../domain/trace.ts';
import { isForPeople, referenceOf } from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { isId, ownerOf } from './lookup.ts';
import { printList } from './output.ts';
import { openSession, type Session } from './session.ts';
import type { Args } from './spec.ts';

type Trace = Output<'trace_booking'>;
type Gap = NonNullable<Trace['gaps']>[number];

/** `120 ms` below ten seconds, then seconds, minutes, hours, days. */
function duration(milliseconds: number): string {
  if (milliseconds < 10_000) return `${milliseconds} ms`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} days`;
}

/** What is missing, and the command that shows or mends it. */
const gap_words: Readonly<
  Record<TraceGapCode, (gap: { readonly what: string; readonly wait: string }) => string>
> = {
  paid_not_booked: ({ wait }) => `paid, booked never (${wait})`,
  booked_late: ({ wait }) => `paid, booked only ${wait} later: the webhook came late`,
  hold_not_ended: ({ wait }) => `the hold is over since ${wait}, and nobody ended it`,
  news_not_out: ({ what, wait }) => `${what} is told to nobody since ${wait}`,
  message_not_out: ({ what, wait }) => `${what} has not left since ${wait}`,
  refund_not_out: ({ what, wait }) => `${what}: the money is not back after ${wait}`,
  reminder_not_out: ({ wait }) => `a reminder is due and was not sent (planned ${wait} ago)`,
};

const gap_next: Readonly<Record<TraceGapCode, string>> = {
  paid_not_booked: 'petpro payments inbox',
  booked_late: 'petpro doctor --only stripe',
  hold_not_ended: 'petpro health --ready',
  news_not_out: 'petpro outbox list',
  message_not_out: 'petpro deliveries list',
  refund_not_out: 'petpro payments inbox',
  reminder_not_out: 'petpro reminders list',
};

/** Reference or id as they are; of a phone or a name the owner, whose newest hold is meant. */
async function whichOf(context: Context, session: Session, words: string): Promise<string> {
  const reference = referenceOf(words);
  if (/^BP\d{8}$/.test(reference) || isId(reference)) return reference;
  const owner = await ownerOf(session, words);
  say(context, `The newest of ${owner.full_name} ${owner.phone ?? ''}`.trimEnd());
  return owner.user_id;
}

type Row = Omit<Trace['items'][number], 'part'> & {
  readonly part: Trace['items'][number]['part'] | 'gap';
};

/** A gap as a line of the story, so that tables, CSV and JSON have it alike. */
function rowOf({ code, at, what, wait_ms }: Gap): Row {
  const detail = gap_words[code]({ what, wait: duration(wait_ms) });
  const none = { source: null, request_id: null, sequence: null, out_ms: null };
  return { at, since_ms: 0, part: 'gap', what: code, detail, ...none, overdue: true };
}

/** `petpro bookings trace` */
export async function traceBooking(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const booking_id = await whichOf(context, session, args.positional.join(' '));
  const trace = await session.client.call('trace_booking', { booking_id });
  const clinic_id = trace.clinic_id ?? '';
  const look = lookOf(context, await session.client.call('get_clinic', { clinic_id, days: 0 }));
  const gaps = trace.gaps ?? [];
  const rows: readonly Row[] = [...trace.items, ...gaps.map(rowOf)];
  printList(context, {
    kind: 'Trace',
    items: rows,
    columns: [
      { head: 'AT', text: (one) => look.moment(one.at), whole: true },
      { head: 'AFTER', text: (one) => afterText(one), right: true },
      { head: 'T+', text: (one) => duration(one.total_ms ?? 0), right: true, wide: true },
      { head: 'WHAT', text: (one) => (one.part === 'gap' ? 'MISSING' : one.what), whole: true },
      { head: 'DETAIL', text: (one) => one.detail ?? '' },
      { head: 'FROM', text: (one) => one.source ?? '-', wide: true },
      { head: 'SEQ', text: (one) => String(one.sequence ?? ''), right: true },
      { head: 'OUT AFTER', text: outText, right: true },
    ],
    csv: [
      'at',
      'since_ms',
      'total_ms',
      'part',
      'what',
      'detail',
      'source',
      'request_id',
      'sequence',
      'out_ms',
      'overdue',
    ],
    name: (one) => one.what,
    as_of: look.now(),
    empty: 'Nothing is recorded.',
  });
  if (!isForPeople(context)) return;
  const next = new Set(gaps.map(({ code }) => gap_next[code]));
  if (next.size === 0) say(context, `${trace.reference_code}: nothing is missing.`);
  for (const command of next) say(context, `next: ${command}`);
}

const afterText = ({ part, since_ms }: Row) => (part === 'gap' ? '' : duration(since_ms));

function outText({ part, out_ms, overdue }: Row): string {
  if (out_ms !== null) return duration(out_ms);
  return overdue === true && part !== 'gap' ? 'OVERDUE' : '';
}
