import type { Request } from './harness.ts';
import type { World } from './world.ts';

/** A webhook endpoint whose address is refused without asking anybody. */
async function freshWebhook({ harness, clinic }: World): Promise<Request> {
  const [row] = await harness.sql<{ id: string }[]>`
    insert into webhook_endpoints (clinic_id, url, event_types, secret, listens_after)
    values (${clinic.id}, 'http://127.0.0.1:9/', '{*}', 'whsec_dGVzdA==', 0)
    returning id`;
  return { params: { webhook_id: row?.id ?? '' } };
}

/** An event of another service that could not be taken, and cannot now. */
async function freshParked({ harness }: World): Promise<Request> {
  const [row] = await harness.sql<{ id: string }[]>`
    insert into consumed_events (event_id, event_type, stream_id, status, reason, raw)
    select 'stream:' || one.id, 'user.updated', one.id, 'parked', 'test', '{'
    from (select gen_random_uuid()::text as id) as one
    returning id`;
  return { params: { parked_id: row?.id ?? '' } };
}

/** Requests of the endpoints of api-webhooks.ts and api-parked.ts. */
export const webhook_samples = {
  list_webhooks: async ({ clinic }: World) => ({ params: { clinic_id: clinic.id } }),
  create_webhook: async ({ other_clinic }: World) => ({
    params: { clinic_id: other_clinic.id },
    body: { url: 'https://hooks.example.com/petpro', events: ['booking.*'] },
  }),
  get_webhook: freshWebhook,
  set_webhook: async (world: World) => ({
    ...(await freshWebhook(world)),
    body: { status: 'disabled', reason: 'test' },
  }),
  rotate_webhook: freshWebhook,
  test_webhook: freshWebhook,
  replay_webhook: freshWebhook,
  list_webhook_deliveries: freshWebhook,
  list_parked_events: async (world: World) => {
    await freshParked(world);
    return {};
  },
  retry_parked_event: freshParked,
  discard_parked_event: async (world: World) => ({
    ...(await freshParked(world)),
    body: { reason: 'test' },
  }),
};
