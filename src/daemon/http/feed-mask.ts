import type { EventEnvelope } from '../../domain/events.ts';

/** Names that say who somebody is or how to reach them, wherever in a payload they stand. */
const personal = /^(?:.*_)?(?:name|phone|email|address|contact|notes?|reason|comment)$/;
/** Names of things for sale are nobody's secret. */
const harmless: ReadonlySet<string> = new Set(['clinic_name', 'service_name', 'category_name']);

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => {
    const hide = personal.test(key) && !harmless.has(key) && inner !== null;
    return [key, hide ? '***' : masked(inner)] as const;
  });
  return Object.fromEntries(entries);
}

/** The same fields, with stars where they would say who somebody is. */
export function maskPayload(payload: EventEnvelope['payload']): EventEnvelope['payload'] {
  const shown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(payload)) {
    Object.assign(shown, masked({ [key]: value }));
  }
  return shown;
}

/** The event for those who run the machines: who is affected by id, never by name or number. */
export function maskEvent(event: EventEnvelope): EventEnvelope {
  return { ...event, payload: maskPayload(event.payload) };
}
