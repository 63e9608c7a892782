import type { EventEnvelope } from '../../domain/events.ts';
import { maskEvent } from './feed-mask.ts';

type Wire = { full?: Buffer; masked?: Buffer };

/**
 * Each event is turned into bytes once, and once more without names where somebody may not see
 * them: all its readers share the same buffers, also while they wait for a slow network. The bytes
 * live as long as the event itself does.
 */
const wires = new WeakMap<EventEnvelope, Wire>();

const bytesOf = (event: EventEnvelope) => Buffer.from(JSON.stringify({ type: 'event', ...event }));

/** The text of the event's frame. */
export function wireOf(event: EventEnvelope, is_masked: boolean): Buffer {
  const wire = wires.get(event) ?? {};
  wires.set(event, wire);
  if (is_masked) {
    wire.masked ??= bytesOf(maskEvent(event));
    return wire.masked;
  }
  wire.full ??= bytesOf(event);
  return wire.full;
}
