import type { z } from 'zod';
import type { BookedItem } from '../../domain/item-schema.ts';
import type { HeldItem } from '../store/items.ts';
import { zonedText } from './slot-time.ts';

/** Items of a hold or booking in the clinic's time, as a field of an answer; nothing where there is one service. */
export function itemsField(
  items: readonly HeldItem[] | undefined,
  time_zone: string,
): { readonly items?: readonly z.output<typeof BookedItem>[] } {
  if (items === undefined || items.length === 0) return {};
  const local = (text: string) => zonedText(Temporal.Instant.from(text), time_zone);
  return {
    items: items.map((item) => ({
      ...item,
      starts_at: local(item.starts_at),
      ends_at: local(item.ends_at),
    })),
  };
}
