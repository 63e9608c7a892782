import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic, listServices as read, type ServiceRow } from '../store/clinics.ts';
import { assertClinic } from './actor.ts';
import { moneyText } from './money-text.ts';
import { tiersOfServices } from './price-tiers.ts';

type Service = Output<'list_services'>['items'][number];

/** A service as the API shows it. */
function serviceJson(row: ServiceRow): Service {
  const { deposit, ...service } = row;
  return {
    ...service,
    price: moneyText(row.price, row.currency),
    deposit: deposit === null ? null : moneyText(deposit, row.currency),
  };
}

/** Services as the API shows them, those of several prices with their tiers. */
export async function servicesJson(
  app: App,
  rows: readonly ServiceRow[],
): Promise<readonly Service[]> {
  const tiered = rows.filter(({ has_tiers }) => has_tiers).map(({ service_id }) => service_id);
  const tiers = tiered.length === 0 ? [] : await tiersOfServices(app, tiered);
  return rows.map((row) => {
    const price_tiers = tiers.filter(({ service_id }) => service_id === row.service_id);
    return { ...serviceJson(row), ...(row.has_tiers ? { price_tiers } : {}) };
  });
}

/** What a clinic sells, with price, duration and capacity. */
export async function listServices(
  app: App,
  actor: Actor,
  input: Input<'list_services'>,
): Promise<Output<'list_services'>> {
  assertClinic(actor, input.clinic_id);
  const [clinic, rows] = await Promise.all([
    findClinic(app.sql, input.clinic_id),
    read(app.sql, input.clinic_id),
  ]);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  return { items: await servicesJson(app, rows), next_cursor: null };
}
