import { type EventEnvelope, event_types, type FeedFilter } from './events.ts';

/** Longer lists are no filter any more. */
export const patterns_max = 50;

/** `booking.*, payment.late` as a list of patterns. */
export function readPatterns(text: string): readonly string[] {
  return text
    .split(',')
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '');
}

/** True when the pattern is this name; each `*` stands for any number of any signs. Takes linear time. */
export function patternMatches(pattern: string, name: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return pattern === name;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}

/** The patterns that no event of ours will ever match: slips of the pen, worth a refusal. */
export function hopelessPatterns(patterns: readonly string[]): readonly string[] {
  return patterns.filter(
    (pattern) => !event_types.some((event_type) => patternMatches(pattern, event_type)),
  );
}

/** What to say about such patterns. */
export function hopelessText(patterns: readonly string[]): string {
  const named = patterns.map((pattern) => `"${pattern}"`).join(', ');
  return `${named}: no event is called so; the events are ${event_types.join(', ')}.`;
}

/** The filter as a test of one event. The kind of an event decides first: it is cheapest. */
export function filterTest(filter: FeedFilter): (event: EventEnvelope) => boolean {
  const { types, clinic_id, aggregate_id } = filter;
  return (event) =>
    (clinic_id === null || event.clinic_id === clinic_id) &&
    (aggregate_id === null || event.aggregate_id === aggregate_id) &&
    (types.length === 0 || types.some((pattern) => patternMatches(pattern, event.event_type)));
}
