import type { Sql } from 'postgres';
import { setPriceTier } from '../../src/daemon/store/prices.ts';
import { desk } from '../helpers/booking.ts';
import { addClinic, addService, addSlot, type Clinic } from '../helpers/database.ts';

/** A manager of any clinic, for the store. */
export const manager = { ...desk, request_id: 'req-manager' };

type Tier = {
  readonly name: string;
  readonly price: string;
  readonly seats_limit?: number;
  readonly is_default?: boolean;
  readonly slot_id?: string;
  readonly sale_from?: string;
  readonly sale_until?: string;
  readonly min_quantity?: number;
  readonly max_quantity?: number;
  readonly weekdays?: readonly number[];
  readonly quantity_prices?: readonly {
    readonly from: number;
    readonly price: string;
    readonly per: 'seat' | 'package';
  }[];
};

/** Sets a tier as the action does, with its defaults. */
export async function setTier(sql: Sql, service_id: string, tier: Tier) {
  const { name, ...given } = tier;
  const fields = {
    slot_id: null,
    seats_limit: null,
    sale_from: null,
    sale_until: null,
    min_quantity: 1,
    max_quantity: 50,
    is_default: false,
    weekdays: [1, 2, 3, 4, 5, 6, 7],
    from_time: '00:00',
    to_time: '24:00',
    quantity_prices: [],
    ...given,
  };
  return await setPriceTier(sql, service_id, name, fields, null, manager);
}

export type Show = {
  readonly clinic: Clinic;
  readonly service_id: string;
  readonly slot_id: string;
};

/** A venue with one show of so many seats, and its tiers. */
export async function addShow(
  sql: Sql,
  options: {
    readonly capacity?: number;
    readonly currency?: string;
    readonly tax_bp?: number;
    readonly tax_on_top?: boolean;
    readonly price?: string;
    readonly deposit?: string;
    readonly tiers: readonly Tier[];
  },
): Promise<Show> {
  const { capacity = 50, currency, tax_bp, price = '100000', deposit, tiers } = options;
  const clinic = await addClinic(sql, { currency, tax_bp });
  if (options.tax_on_top)
    await sql`update clinics set tax_included = false where id = ${clinic.id}`;
  const service_id = await addService(sql, clinic, { price, capacity, deposit });
  const slot_id = await addSlot(sql, clinic, service_id, { capacity });
  for (const tier of tiers) {
    const set = await setTier(sql, service_id, tier);
    if (set.outcome !== 'ok') throw new Error(`the tier ${tier.name}: ${set.outcome} ${set.rule}`);
  }
  return { clinic, service_id, slot_id };
}
