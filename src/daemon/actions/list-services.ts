import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findClinic, listServices as read, type ServiceRow } from '../store/clinics.ts';
import { assertClinic } from './actor.ts';
import { moneyText } from './money-text.ts';

type Service = Output<'list_services'>['items'][number];

/** A service as the API shows it. */
export function serviceJson(row: ServiceRow): Service {
  const { deposit: _deposit, ...service } = row;
  return { ...service, price: moneyText(row.price, row.currency) };
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
  return { items: rows.map(serviceJson), next_cursor: null };
}
