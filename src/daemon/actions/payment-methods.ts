import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { auditRemoval, findPayer, keepCustomer, type Payer } from '../store/saved-payments.ts';
import { dbActor, scopeOf } from './actor.ts';
import { failure } from './outcome.ts';

type Methods = Output<'list_payment_methods'>['items'];

async function payerOf(app: App, actor: Actor, user_id: string): Promise<Payer> {
  const payer = await findPayer(app.sql, user_id, scopeOf(actor));
  if (payer === null) throw failure('not_found', {}, 'There is no such owner.');
  return payer;
}

/** The provider's name for an owner, made when they save their first method. */
export async function customerOf(app: App, user_id: string): Promise<string> {
  const payer = await findPayer(app.sql, user_id, { user_id: null, clinic_id: null });
  if (payer === null) throw failure('not_found', {}, 'There is no such owner.');
  if (payer.customer_id !== null) return payer.customer_id;
  return await keepCustomer(app.sql, user_id, await app.payments.createCustomer(payer));
}

/**
 * A saved method and whose it is at the provider. Somebody else's method is answered as if it did
 * not exist.
 */
export async function findMethod(
  app: App,
  user_id: string,
  payment_method_id: string,
): Promise<{ readonly customer_id: string }> {
  const payer = await findPayer(app.sql, user_id, { user_id: null, clinic_id: null });
  const customer_id = payer?.customer_id ?? null;
  const saved = customer_id === null ? [] : await app.payments.listMethods(customer_id);
  if (customer_id === null || !saved.some((one) => one.payment_method_id === payment_method_id)) {
    const next = 'petpro payments methods --owner ..';
    throw failure('not_found', { next }, 'The owner has saved no such payment method.');
  }
  return { customer_id };
}

/** What an owner saved at the provider: brand, last four digits and end, never a number. */
export async function listPaymentMethods(
  app: App,
  actor: Actor,
  { user_id }: Input<'list_payment_methods'>,
): Promise<Output<'list_payment_methods'>> {
  const { customer_id } = await payerOf(app, actor, user_id);
  const items: Methods =
    customer_id === null ? [] : [...(await app.payments.listMethods(customer_id))];
  return { items, next_cursor: null };
}

/** Makes the provider forget a method. Payments made with it stay. */
export async function removePaymentMethod(
  app: App,
  actor: Actor,
  { user_id, payment_method_id }: Input<'remove_payment_method'>,
): Promise<Output<'remove_payment_method'>> {
  await payerOf(app, actor, user_id);
  await findMethod(app, user_id, payment_method_id);
  await auditRemoval(app.sql, user_id, payment_method_id, dbActor(actor));
  await app.payments.detachMethod(payment_method_id);
  return { success: true };
}
