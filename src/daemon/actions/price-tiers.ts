import type { Output } from '../../domain/shapes.ts';
import type { App } from '../app-types.ts';
import { listTiers, slotTiers, type TierJson } from '../store/prices.ts';

type Tier = Output<'list_prices'>['items'][number];

/** A tier as the API shows it; PostgreSQL writes instants its own way. */
export function tierJson(tier: TierJson, remaining: number | null): Tier {
  const at = (text: string | null) => text && Temporal.Instant.from(text).toString();
  const { sale_from, sale_until } = tier;
  return { ...tier, sale_from: at(sale_from), sale_until: at(sale_until), remaining };
}

/** The tiers of services, without what is left: that is a matter of slots. */
export async function tiersOfServices(
  app: App,
  service_ids: readonly string[],
): Promise<readonly Tier[]> {
  const tiers = await listTiers(app.sql, service_ids);
  return tiers.map((tier) => tierJson(tier, null));
}

/** The tiers of many slots at once, with what is left of each. */
export async function tiersBySlot(
  app: App,
  slot_ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Tier[]>> {
  const rows = await slotTiers(app.sql, slot_ids);
  const by_slot = Map.groupBy(rows, ({ slot_id }) => slot_id);
  return new Map(
    [...by_slot].map(([slot_id, found]) => [
      slot_id,
      found.map(({ tier, remaining }) => tierJson(tier, remaining)),
    ]),
  );
}
