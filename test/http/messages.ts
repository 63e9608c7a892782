import type { Role } from '../../src/domain/roles.ts';
import type { Request } from './harness.ts';
import type { World } from './world.ts';

/** Requests of the endpoints of messages, for the walk over all endpoints. */

let counter = 0;

/** A message that was told in the app, to the world's owner. */
async function oneNotification({ harness, owner }: World): Promise<string> {
  const [row] = await harness.sql<{ id: string }[]>`
    insert into notifications (user_id, type, title, content)
    values (${owner.user_id}, 'note', 'Opening hours', 'Closed on Monday.')
    returning id`;
  return row!.id;
}

/** A message that could not be sent. */
async function deadDelivery({ harness, owner, clinic }: World): Promise<string> {
  const [row] = await harness.sql<{ id: string }[]>`
    insert into deliveries (
      asked_id, clinic_id, user_id, channel, type, address, lang, payload, status, dead_at,
      last_error, error_code
    )
    values (
      gen_random_uuid(), ${clinic.id}, ${owner.user_id}, 'email', 'note', 'a@petpro.localhost',
      'en', '{}', 'dead', now(), '550 no such user', 'smtp 550'
    )
    returning id`;
  return row!.id;
}

async function oneDevice({ harness, owner }: World): Promise<string> {
  counter += 1;
  const [row] = await harness.sql<{ id: string }[]>`
    insert into push_devices (user_id, kind, endpoint)
    values (${owner.user_id}, 'fcm', ${`token-of-some-phone-${counter}`})
    returning id`;
  return row!.id;
}

const change = async (world: World): Promise<Request> => ({
  body: { delivery_id: await deadDelivery(world), reason: 'test' },
});

type Sample = (world: World, role: Role) => Promise<Request>;

export const message_samples = {
  list_notifications: async ({ owner }) => ({ query: { user_id: owner.user_id } }),
  send_notification: async ({ owner, clinic }) => ({
    body: {
      user_id: owner.user_id,
      clinic_id: clinic.id,
      title: 'Opening hours',
      content: 'Closed on Monday.',
    },
  }),
  read_notification: async (world) => ({
    params: { notification_id: await oneNotification(world) },
  }),
  get_preferences: async ({ owner }) => ({ params: { user_id: owner.user_id } }),
  set_preferences: async ({ owner }) => ({
    params: { user_id: owner.user_id },
    body: { sms: { enabled: true, address: '+6281234567890' }, email: { enabled: true } },
  }),
  get_push_key: async () => ({}),
  add_push_device: async ({ owner }) => {
    counter += 1;
    return {
      params: { user_id: owner.user_id },
      body: { kind: 'fcm', token: `token-of-some-phone-${counter}` },
    };
  },
  remove_push_device: async (world) => ({
    params: { user_id: world.owner.user_id, device_id: await oneDevice(world) },
  }),
  preview_message: async () => ({
    query: { type: 'booking_confirmed', lang: 'ja' },
  }),
  list_deliveries: async () => ({ query: { status: 'dead' } }),
  list_delivery_errors: async () => ({ query: { dead: '1' } }),
  inspect_delivery: async (world) => ({ params: { delivery_id: await deadDelivery(world) } }),
  retry_deliveries: change,
  discard_deliveries: change,
  list_channels: async () => ({}),
  pause_channel: async () => ({ body: { channel: 'sms', reason: 'test' } }),
  resume_channel: async () => ({ body: { channel: 'sms', reason: 'test' } }),
} as const satisfies Readonly<Record<string, Sample>>;
