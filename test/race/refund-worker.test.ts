import { beforeAll, expect, test } from 'vitest';
import { cancelBooking } from '../../src/daemon/actions/cancel-booking.ts';
import type { App } from '../../src/daemon/app-types.ts';
import { createRefunder } from '../../src/daemon/workers/refunds.ts';
import type { PaymentGateway } from '../../src/domain/ports.ts';
import { openBench, staff } from '../actions/bench.ts';
import { expectInvariants } from '../actions/invariants.ts';
import { makeWorld, startBooking } from '../actions/world.ts';

const { app, sql, pay, control, stripe } = await openBench();
const never = new AbortController().signal;
const desk = staff('desk');

/** Paid bookings, made while the provider could still tell us of its payments. */
const paid: string[] = [];
beforeAll(async () => {
  for (let n = 0; n < 5; n += 1) {
    const { reference_code } = await startBooking(app, await makeWorld(sql));
    await pay(reference_code);
    paid.push(reference_code);
  }
  // Its word of a refund would end every story early.
  await control('webhook', { url: null });
});

/** A booking cancelled with all its money to go back; the worker has not been there yet. */
async function owedRefund(): Promise<string> {
  const booking_id = paid.pop() ?? '';
  await cancelBooking(app, desk, { booking_id, by: 'clinic', quote: false });
  const [row] = await sql<{ id: string }[]>`
    select f.id from refunds f
    join bookings b on b.id = f.booking_id
    where b.reference_code = ${booking_id}`;
  if (!row) throw new Error('no refund was asked for');
  return row.id;
}

/** The lease of a worker that died runs out. */
const leaseEnds = () => sql`
  update refunds set next_attempt_at = now(), leased_until = now() where status = 'processing'`;

/** What the provider itself says it has given back. */
async function atProvider(): Promise<readonly Record<string, unknown>[]> {
  const response = await fetch(`${stripe.url}/v1/refunds?limit=100`, {
    headers: { authorization: 'Bearer sk_test_actions' },
    signal: AbortSignal.timeout(5_000),
  });
  const body: unknown = await response.json();
  return (body as { data: Record<string, unknown>[] }).data;
}

const ofRefund = async (refund_id: string) =>
  (await atProvider()).filter(
    ({ metadata }) => (metadata as Record<string, unknown>)['refund_id'] === refund_id,
  );

class Died extends Error {}

/** A worker whose process ends right after the provider took the refund, before it is noted. */
async function dieAfterSending(refund: PaymentGateway['refund']): Promise<void> {
  const payments: PaymentGateway = {
    ...app.payments,
    refund: async (wish) => {
      await refund(wish);
      throw new Died('the process ended here');
    },
  };
  const dying: App = {
    ...app,
    payments,
    // Nothing is noted any more, as of a process that is gone.
    sql: new Proxy(app.sql, {
      apply: (target, self, args: Parameters<typeof app.sql>) => {
        if (String(args[0]).includes('finish_refund')) throw new Died('the process ended here');
        return Reflect.apply(target, self, args);
      },
    }),
  };
  await expect(createRefunder().tick(dying, never)).rejects.toThrow(Died);
}

const noted = async (refund_id: string) => {
  const [row] = await sql<{ status: string; attempts: number; external_reference: string }[]>`
    select status, attempts, external_reference from refunds where id = ${refund_id}`;
  return row;
};

test('two workers die between the provider and the database, a third ends it: paid once', async () => {
  const refund_id = await owedRefund();
  await dieAfterSending(app.payments.refund);
  await leaseEnds();
  await dieAfterSending(app.payments.refund);
  expect(await noted(refund_id)).toMatchObject({ status: 'processing', external_reference: null });
  await leaseEnds();
  await createRefunder().tick(app, never);
  const [refund, ...more] = await ofRefund(refund_id);
  expect(more).toEqual([]);
  expect(await noted(refund_id)).toEqual({
    status: 'completed',
    attempts: 3,
    external_reference: refund?.['id'],
  });
  await expectInvariants(sql);
});

test('five workers at once, their leases over at once: paid once', async () => {
  const ids = [await owedRefund(), await owedRefund(), await owedRefund()];
  const workers = Array.from({ length: 5 }, () => createRefunder());
  await Promise.all(
    workers.map(async (worker, index) => {
      if (index % 2 === 1) await leaseEnds();
      await worker.tick(app, never);
    }),
  );
  await leaseEnds();
  await createRefunder().tick(app, never);
  for (const id of ids) {
    expect(await ofRefund(id)).toHaveLength(1);
    expect(await noted(id)).toMatchObject({ status: 'completed' });
  }
  await expectInvariants(sql);
});

test('control: without a key of its own and without asking first it is paid twice', async () => {
  const refund_id = await owedRefund();
  const careless: PaymentGateway['refund'] = (wish) =>
    app.payments.refund({
      ...wish,
      amount: { ...wish.amount, amount_minor: Math.floor(wish.amount.amount_minor / 2) },
      // Another key with every try, and no look whether there was one before.
      tries_failed: Math.floor(Math.random() * 1e9),
      may_exist: false,
    });
  await dieAfterSending(careless);
  await leaseEnds();
  await dieAfterSending(careless);
  expect(await ofRefund(refund_id)).toHaveLength(2);
});
