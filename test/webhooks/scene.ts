import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { createWebhook, getWebhook } from '../../src/daemon/actions/webhook-endpoints.ts';
import { openApp } from '../../src/daemon/app.ts';
import type { Actor } from '../../src/daemon/app-types.ts';
import { sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { createWebhookSender, guardOf } from '../../src/daemon/workers/webhooks.ts';
import type { Guard } from '../../src/daemon/workers/webhooks-guard.ts';
import { openLog } from '../../src/log.ts';
import { addClinic, createTestDatabase } from '../helpers/database.ts';

/** The sender on a real database; events are written as the state changes write them. */
export async function openScene() {
  const { sql, url } = await createTestDatabase({ max: 4 });
  const env = { DATABASE_URL: url, PETPRO_WEBHOOK_ALLOW: '127.0.0.1' };
  const lines: string[] = [];
  const log = openLog({ destination: { write: (line) => lines.push(line) } });
  const app = await openApp(loadConfig({ env }), log);
  afterAll(() => app[Symbol.asyncDispose]());
  const stop = new AbortController();
  const makeSender = (guard: Guard = guardOf(app)) => createWebhookSender(() => guard);
  const sender = makeSender();
  afterAll(async () => {
    stop.abort();
    await sender.settled();
  });

  const admin = (clinic_id: string | null = null): Actor => ({
    role: 'admin',
    id: randomUUID(),
    user_id: null,
    clinic_id,
    name: 'admin',
    source: 'api',
    request_id: randomUUID(),
  });
  const emit = async (clinic_id: string, event_type = 'booking.confirmed'): Promise<string> => {
    const [row] = await sql<{ id: string }[]>`
      insert into booking_events_outbox (
        aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload
      )
      values (
        'booking', ${randomUUID()}, ${event_type}, ${clinic_id}, ${randomUUID()},
        ${sql.json({ reference_code: 'BP10000127', owner: 'Ayu \u{1f408}' })}
      )
      returning id`;
    await sequenceEvents(sql, 500);
    return row?.id ?? '';
  };
  const add = async (clinic_id: string, address: string, events: readonly string[] = ['*']) =>
    await createWebhook(app, admin(), { clinic_id, url: address, events: [...events] });
  const look = async (webhook_id: string) => await getWebhook(app, admin(), { webhook_id });
  /** Ticks until nothing is due, and waits for what is under way. */
  const drain = async (): Promise<void> => {
    for (let round = 0; round < 200; round += 1) {
      const done = await sender.worker.tick(app, stop.signal);
      await sender.settled();
      if (done === 0) return;
    }
    throw new Error('the sender never came to an end');
  };
  /** Makes waiting tries due now: time passes without waiting. */
  const pass = async (interval: string) => {
    await sql`
      update webhook_deliveries
      set next_attempt_at = next_attempt_at - ${interval}::interval,
        first_attempt_at = first_attempt_at - ${interval}::interval
      where status in ('pending', 'sending')`;
    await sql`
      update webhook_endpoints set failing_since = failing_since - ${interval}::interval`;
  };
  const newClinic = async () => (await addClinic(sql)).id;
  return {
    sql,
    app,
    admin,
    emit,
    add,
    look,
    drain,
    pass,
    newClinic,
    sender,
    makeSender,
    stop,
    lines,
  };
}
