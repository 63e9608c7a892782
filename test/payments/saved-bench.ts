import type { Sql } from 'postgres';
import type { Bench } from '../actions/bench.ts';

/** What tests of saved methods do at the provider, with its own key and wire format. */

export type Card = 'pm_card_visa' | 'pm_card_authenticationRequired' | 'pm_card_chargeDeclined';

type Answer = { readonly id: string; readonly [field: string]: unknown };

/** One request of the provider's API. */
export async function atStripe(
  { app }: Pick<Bench, 'app'>,
  address: string,
  form?: Readonly<Record<string, string>>,
): Promise<Answer> {
  const { stripe_api_base, stripe_secret_key } = app.config;
  const response = await fetch(`${stripe_api_base}/v1/${address}`, {
    headers: { authorization: `Bearer ${stripe_secret_key}` },
    ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    signal: AbortSignal.timeout(10_000),
  });
  const answer: Answer = JSON.parse(await response.text());
  if (!response.ok) throw new Error(`${address}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A card that an owner has saved; answers the method's id. */
export async function saveCard(
  bench: Pick<Bench, 'app' | 'sql'>,
  user_id: string,
  card: Card = 'pm_card_visa',
): Promise<string> {
  const [known] = await bench.sql<{ id: string }[]>`
    select provider_customer_id as id from payment_customers where user_id = ${user_id}`;
  const customer = known?.id ?? (await atStripe(bench, 'customers', {})).id;
  await bench.sql`
    insert into payment_customers (user_id, provider_customer_id)
    values (${user_id}, ${customer})
    on conflict do nothing`;
  return (await atStripe(bench, `payment_methods/${card}/attach`, { customer })).id;
}

/** The charges that the provider made for a hold, by status. */
export async function chargesOf(
  bench: Pick<Bench, 'app'>,
  reservation_id: string,
): Promise<readonly string[]> {
  const list = await atStripe(bench, 'payment_intents?limit=100');
  const data = list['data'] as { status: string; metadata: Record<string, string> }[];
  return data
    .filter(({ metadata }) => metadata['reservation_id'] === reservation_id)
    .map(({ status }) => status);
}

/** The bank's page: the owner says yes, or no. */
export async function answerBank(payment_url: string, outcome: 'success' | 'decline') {
  const response = await fetch(payment_url, {
    method: 'POST',
    body: new URLSearchParams({ outcome }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`the bank's page answered ${response.status}`);
}

/** Every webhook that is on its way arrives. */
export async function arrive({ control }: Pick<Bench, 'control'>): Promise<void> {
  await control('flush', { kinds: ['deliver'] });
  await control('deliveries?wait_ms=1&status=scheduled');
}

/** Pretends that a minute has gone by since the payments of a hold began. */
export async function ageOf(sql: Sql, reservation_id: string): Promise<void> {
  await sql`
    update payments set created_at = now() - interval '2 minutes'
    where reservation_id = ${reservation_id}`;
}
