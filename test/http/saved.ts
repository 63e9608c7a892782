import type { World } from './world.ts';

/** A card that `owner` has saved at the provider. */
async function freshCard({ harness, owner }: World): Promise<string> {
  const { user_id } = owner;
  const { payments } = harness.daemon.app;
  const customer = await payments.createCustomer({ user_id, email: null });
  await harness.sql`
    insert into payment_customers (user_id, provider_customer_id) values (${user_id}, ${customer})
    on conflict do nothing`;
  const address = `${harness.stripe_url}/v1/payment_methods/pm_card_visa/attach`;
  const response = await fetch(address, {
    method: 'POST',
    headers: { authorization: `Bearer ${harness.env['STRIPE_SECRET_KEY']}` },
    body: new URLSearchParams({ customer }),
  });
  const method: { id: string } = JSON.parse(await response.text());
  return method.id;
}

/** Requests about payment pages and saved cards (api-saved.ts). */
export const savedSamples = (freshHold: (world: World) => Promise<string>) => ({
  create_payment: async (world: World) => ({
    body: {
      reservation_id: await freshHold(world),
      payment_method_id: await freshCard(world),
    },
  }),
  create_payment_session: async (world: World) => ({
    body: { reservation_id: await freshHold(world) },
  }),
  list_payment_methods: async ({ owner: { user_id } }: World) => ({ params: { user_id } }),
  remove_payment_method: async (world: World) => {
    const payment_method_id = await freshCard(world);
    return { params: { user_id: world.owner.user_id, payment_method_id } };
  },
});
