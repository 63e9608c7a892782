import { afterEach, expect, test, vi } from 'vitest';
import { createTestDatabase } from '../helpers/database.ts';
import { call, member } from '../http/harness.ts';
import { expectCrash, expectSound, openCrashBench, patiently, type Scene } from './bench.ts';

const bench = await openCrashBench(await createTestDatabase({ max: 3 }));
const { sql, start, makeScene, book, control, provider, desk } = bench;

// Each test starts two daemons, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
afterEach(() => expectSound(bench));

const api_only = { PETPRO_ONLY: 'api' } as const;

const bookingsOf = async ({ slot_id }: Scene) =>
  (await sql`select from bookings where slot_id = ${slot_id} and status = 'confirmed'`).length;

/** A request that waits for the clinic, its card authorised. */
async function askedScene(url: string, scene: Scene): Promise<string> {
  await sql`
    update services set requires_approval = true where id = ${scene.body.service_id}`;
  const held = await book(url, scene);
  expect(held.status, held.text).toBe(201);
  const ref = String(member(held.json, 'reference_code'));
  await control('pay', { ref, outcome: 'success' });
  await patiently('the clinic is asked', async () => {
    const [row] = await sql<{ asked: boolean }[]>`
      select approval_asked_at is not null as asked from reservations
      where reference_code = ${ref}`;
    return row?.asked === true;
  });
  return ref;
}

const decide = (url: string, reservation_id: string, decision: 'approved' | 'rejected') =>
  call(url, 'decide_approval', { params: { reservation_id }, body: { decision } }, { token: desk });

/** The lease of whoever died is over. */
const leaseOver = () => sql`update authorisations set next_attempt_at = now()`;

async function statusesOf(scene: Scene): Promise<readonly unknown[]> {
  const intents = await provider('payment_intents?limit=100');
  const [row] = await sql<{ id: string }[]>`
    select id from reservations where slot_id = ${scene.slot_id}`;
  return intents
    .filter(({ metadata }) => Object(metadata).reservation_id === row?.id)
    .map(({ status }) => status);
}

test.each(['approved', 'rejected'] as const)(
  'dead when the provider has followed the answer, before it is stored: %s',
  async (decision) => {
    const scene = await makeScene();
    const first = await start({ ...api_only, PETPRO_FAILPOINT: 'after-capture' });
    const ref = await askedScene(first.url, scene);
    // Nobody tells the next daemon: its worker has to find out.
    await control('webhook', { url: null });
    await expectCrash(first, decide(first.url, ref, decision));
    expect(await bookingsOf(scene)).toBe(0);
    await leaseOver();
    await start();
    const is_yes = decision === 'approved';
    await patiently('the worker ends it', async () => {
      const [row] = await sql`
        select from authorisations a join reservations r on r.id = a.reservation_id
        where r.reference_code = ${ref} and a.status = ${is_yes ? 'captured' : 'voided'}`;
      return row !== undefined;
    });
    expect(await bookingsOf(scene)).toBe(is_yes ? 1 : 0);
    expect(await statusesOf(scene)).toEqual([is_yes ? 'succeeded' : 'canceled']);
    await control('resend-lost', {});
    await control(`deliveries?ref=${ref}&status=delivered&wait_ms=15000`);
    expect(await bookingsOf(scene)).toBe(is_yes ? 1 : 0);
  },
);

test('dead after a saved card was charged: the webhook or the same request books, once', async () => {
  const scene = await makeScene();
  const first = await start({ ...api_only, PETPRO_FAILPOINT: 'after-charge' });
  const held = await call(
    first.url,
    'create_reservation',
    { body: { ...scene.body, ...scene.owner } },
    { token: desk },
  );
  const reservation_id = String(member(held.json, 'reservation_id'));
  const form = (fields: Record<string, string>) => ({
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { authorization: `Bearer ${bench.env['STRIPE_SECRET_KEY']}` },
  });
  const made = await fetch(`${bench.stripe.url}/v1/customers`, form({}));
  const customer: { id: string } = JSON.parse(await made.text());
  await sql`
    insert into payment_customers (user_id, provider_customer_id)
    values (${scene.owner.user_id}, ${customer.id})`;
  const card_address = `${bench.stripe.url}/v1/payment_methods/pm_card_visa/attach`;
  const attached = await fetch(card_address, form({ customer: customer.id }));
  const card: { id: string } = JSON.parse(await attached.text());
  const body = { reservation_id, payment_method_id: card.id };
  await control('webhook', { url: null });
  await expectCrash(first, call(first.url, 'create_payment', { body }, { token: desk }));
  expect(await bookingsOf(scene)).toBe(0);
  const second = await start(api_only);
  const again = await call(second.url, 'create_payment', { body }, { token: desk });
  expect(again.status, again.text).toBe(201);
  expect(member(again.json, 'status')).toBe('success');
  await control('resend-lost', {});
  await control('flush', { kinds: ['deliver'] });
  expect(await bookingsOf(scene)).toBe(1);
  expect(await statusesOf(scene)).toEqual(['succeeded']);
});
