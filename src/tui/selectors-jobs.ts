import { patternMatches } from '../domain/feed-filter.ts';
import type { State } from './model.ts';
import type {
  CauseChoice,
  JobCause,
  JobItem,
  JobsLevel,
  QueueItem,
  TailEvent,
} from './model-jobs.ts';
import { foldText } from './rows.ts';
import { layoutOf } from './selectors.ts';

/** What the jobs screen and the tail of events read from the state. */

/** One line of the list, whichever level is shown. */
export type JobRow =
  | { readonly kind: 'queue'; readonly id: string; readonly item: QueueItem }
  | { readonly kind: 'cause'; readonly id: string; readonly item: JobCause }
  /** Every job of the queue, whatever its state. */
  | { readonly kind: 'all'; readonly id: 'all' }
  | { readonly kind: 'job'; readonly id: string; readonly item: JobItem };

export const causeId = ({ state, cause }: Pick<JobCause, 'state' | 'cause'>) => `${state}|${cause}`;

/** The rows of the shown level. */
export function jobRows(state: State): readonly JobRow[] {
  const { page, detail, level } = state.jobs;
  switch (level) {
    case 'queues':
      return (page?.items ?? []).map((item) => ({ kind: 'queue', id: item.queue, item }));
    case 'causes':
      if (detail === null) return [];
      return [
        ...detail.causes.map((item) => ({ kind: 'cause', id: causeId(item), item }) as const),
        { kind: 'all', id: 'all' },
      ];
    case 'jobs':
      return (detail?.items ?? []).map((item) => ({ kind: 'job', id: item.job_id, item }));
  }
}

export function selectedJobRow(state: State): JobRow | null {
  return jobRows(state).find((row) => row.id === state.jobs.cursor_id) ?? null;
}

/** The counts of the queue that is looked into. */
export function shownQueue(state: State): QueueItem | null {
  return state.jobs.page?.items.find((one) => one.queue === state.jobs.queue) ?? null;
}

/** Rows of the list: below its title, which takes the line of the columns' names on other screens. */
export function jobRoom(state: State): number {
  return Math.max(1, layoutOf(state).list_rows - 1);
}

/** The level above; null at the top. */
export function levelAbove(level: JobsLevel): JobsLevel | null {
  if (level === 'queues') return null;
  return level === 'jobs' ? 'causes' : 'queues';
}

export function sameChoice(a: CauseChoice, b: CauseChoice): boolean {
  return a?.state === b?.state && a?.cause === b?.cause;
}

/** Jobs that need somebody, over all queues: beside the name of the screen. */
export function deadJobs(state: State): number {
  return (state.jobs.page?.items ?? []).reduce((sum, one) => sum + one.dead, 0);
}

function textOf(event: TailEvent): string {
  if (event.kind === 'gap') return '';
  const { reference_code, reason, source } = event.payload;
  const parts = [event.event_type, event.aggregate_id, reference_code, reason, source];
  return foldText(parts.filter((part) => typeof part === 'string').join(' '));
}

/** A filter is words: with a dot or a star it is a kind of event (any of them), else a text (all of them). */
export function tailFilter(filter: string): (event: TailEvent) => boolean {
  const words = filter
    .trim()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const kinds = words.filter((word) => /[.*]/.test(word));
  const texts = words.filter((word) => !/[.*]/.test(word)).map(foldText);
  return (event) => {
    // A gap is never filtered away: whoever looks for something must know that it may be in there.
    if (event.kind === 'gap') return true;
    const is_kind =
      kinds.length === 0 || kinds.some((one) => patternMatches(one, event.event_type));
    if (!is_kind || texts.length === 0) return is_kind;
    const text = textOf(event);
    return texts.every((one) => text.includes(one));
  };
}

/** The events on the list, newest first; while it stands still, none that came later. */
export function tailRows(state: State): readonly TailEvent[] {
  const { items, filter, paused_at } = state.tail;
  const fits = tailFilter(filter);
  return items.filter(
    (event) => (paused_at === null || event.sequence <= paused_at) && fits(event),
  );
}

/** How many fitting events came since it stands still. */
export function tailNews(state: State): number {
  const { items, filter, paused_at } = state.tail;
  if (paused_at === null) return 0;
  const fits = tailFilter(filter);
  return items.filter((event) => event.sequence > paused_at && fits(event)).length;
}

export function selectedEvent(state: State): TailEvent | null {
  return tailRows(state).find((event) => event.sequence === state.tail.cursor_seq) ?? null;
}

const named_by = ['reference_code', 'booking_id', 'reservation_id'] as const;

/** What an event calls the booking that it is about: events of one booking share at least one of these names. */
function namesOf(event: TailEvent): readonly string[] {
  if (event.kind === 'gap') return [];
  const said = named_by.map((name) => event.payload[name]);
  return [...said, event.aggregate_id].filter((name) => typeof name === 'string');
}

/** True when both are about the same booking or hold. */
export function isSameBooking(one: TailEvent, other: TailEvent): boolean {
  const names = namesOf(one);
  return namesOf(other).some((name) => names.includes(name));
}

const referenceIn = (event: TailEvent): string | null => {
  const said = event.kind === 'gap' ? null : event.payload['reference_code'];
  return typeof said === 'string' ? said : null;
};

/** The reference of the event's booking, from another event where it does not say it itself. */
export function referenceOf(state: State, event: TailEvent): string | null {
  const own = referenceIn(event);
  if (own !== null || event.kind === 'gap') return own;
  const { booking_id } = event.payload;
  if (typeof booking_id !== 'string') return null;
  const named = state.tail.items.find(
    (one) =>
      one.kind === 'event' && one.payload['booking_id'] === booking_id && referenceIn(one) !== null,
  );
  return named === undefined ? null : referenceIn(named);
}

/** What leads to everything about its booking: the reference, else the booking's id. */
export function bookingOf(state: State, event: TailEvent): string | null {
  if (event.kind === 'gap') return null;
  const { booking_id } = event.payload;
  return referenceOf(state, event) ?? (typeof booking_id === 'string' ? booking_id : null);
}

/** What to call that which the event is about. */
export function aboutOf(state: State, event: TailEvent): string {
  return event.kind === 'gap' ? '' : (bookingOf(state, event) ?? event.aggregate_id);
}
