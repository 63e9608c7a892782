import type { Gap, WantedSlot } from '../../domain/schedule.ts';
import type { Changes, KnownSlot } from '../../domain/schedule-changes.ts';
import type { Output } from '../../domain/shapes.ts';
import { localTime } from '../../domain/time.ts';
import type { Db } from '../store/db.ts';
import { claimedBy } from '../store/generate-slots.ts';
import { zonedText } from './slot-time.ts';

/** What is told of a run: the visits that are hit first, then the rest as far as it is readable. */

type Report = Output<'generate_slots'>;
type Item = Report['items'][number];
type Slot = WantedSlot | KnownSlot;

const ITEMS_MAX = 500;
/** In the order in which people want to know. */
const kinds = ['kept', 'overlap', 'close', 'open', 'reopen'] as const;

export type Names = ReadonlyMap<string, string>;

export type GenerationNotes = {
  readonly add: (changes: Changes, gaps: readonly Gap[]) => void;
  readonly told: (
    sql: Db,
    time_zone: string,
    names: { readonly services: Names; readonly staff: Names },
  ) => Promise<Pick<Report, 'items' | 'items_left_out' | 'gaps'>>;
};

const idOf = (slot: Slot): string | null => {
  if ('slot_id' in slot) return slot.slot_id;
  return 'in_the_way' in slot && typeof slot.in_the_way === 'string' ? slot.in_the_way : null;
};

/** Collects what weeks of a run did. */
export function generationNotes(): GenerationNotes {
  const found: { readonly change: Item['change']; readonly slot: Slot }[] = [];
  const by_reason = new Map<Gap['reason'], { count: number; first: string }>();
  let left_out = 0;

  const add: GenerationNotes['add'] = (changes, gaps) => {
    const lists = {
      kept: changes.kept,
      overlap: changes.overlaps,
      close: changes.close,
      open: changes.open,
      reopen: changes.reopen,
    };
    for (const change of kinds) {
      for (const slot of lists[change]) {
        // A visit that is hit is always told of.
        if (found.length < ITEMS_MAX || change === 'kept') found.push({ change, slot });
        else left_out += 1;
      }
    }
    for (const { reason, date, time } of gaps) {
      const known = by_reason.get(reason);
      if (known) known.count += 1;
      else by_reason.set(reason, { count: 1, first: `${date} ${time}` });
    }
  };

  const told: GenerationNotes['told'] = async (sql, time_zone, names) => {
    const hit = found.flatMap(({ change, slot }) =>
      change === 'kept' || change === 'overlap' ? [idOf(slot) ?? ''] : [],
    );
    const known = hit.filter((slot_id) => slot_id !== '');
    const claimed = Map.groupBy(await claimedBy(sql, known), ({ slot_id }) => slot_id);
    const items = found.map(({ change, slot }): Item => {
      const starts_at = Temporal.Instant.fromEpochMilliseconds(slot.starts_ms);
      const { date, time } = localTime(starts_at, time_zone);
      const slot_id = idOf(slot);
      return {
        change,
        slot_id,
        date,
        time,
        starts_at: zonedText(starts_at, time_zone),
        service_id: slot.service_id,
        service_name: names.services.get(slot.service_id) ?? '',
        staff_id: slot.staff_id,
        staff_name: slot.staff_id === null ? null : (names.staff.get(slot.staff_id) ?? null),
        reference_codes: (claimed.get(slot_id ?? '') ?? []).map((one) => one.reference_code),
      };
    });
    return {
      items: items.toSorted((a, b) => kinds.indexOf(a.change) - kinds.indexOf(b.change)),
      items_left_out: left_out,
      gaps: [...by_reason].map(([reason, gap]) => ({ reason, ...gap })),
    };
  };
  return { add, told };
}
