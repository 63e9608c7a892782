import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Sql } from 'postgres';
import { afterAll } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openApp } from '../../src/daemon/app.ts';
import type { App, Worker } from '../../src/daemon/app-types.ts';
import { createDispatcher } from '../../src/daemon/workers/dispatch.ts';
import { openLog } from '../../src/log.ts';
import { type SmtpSink, startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import { addScene, mustBook, type Scene } from '../helpers/booking.ts';
import { createTestDatabase } from '../helpers/database.ts';
import { startProxy, type Proxy as Wire } from '../helpers/proxy.ts';
import { type HttpSink, startHttpSink } from './http-sink.ts';

/** Every way to reach people, each with a provider of its own that can be made to fail. */
export type Bench = {
  readonly app: App;
  readonly sql: Sql;
  readonly mail: SmtpSink;
  /** Stands between us and the mail server. */
  readonly wire: Wire;
  readonly sms: HttpSink;
  readonly push: HttpSink;
  /** A fresh app with circuits that never saw a failure, and its dispatchers. */
  readonly open: (env?: Readonly<Record<string, string>>) => Promise<Dispatchers>;
};

export type Dispatchers = {
  readonly app: App;
  readonly email: Worker;
  readonly sms: Worker;
  readonly push: Worker;
  /** Ticks one until nothing is left for it to do now. */
  readonly drain: (...workers: readonly Worker[]) => Promise<void>;
};

const never = new AbortController().signal;

export async function openBench(): Promise<Bench> {
  const database = await createTestDatabase({ max: 4 });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-messages-'));
  afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
  const mail = await startSmtpSink({ dir: path.join(dir, 'mail') });
  afterAll(() => mail.stop());
  const wire = await startProxy(mail.smtp_port);
  const sms = await startHttpSink();
  afterAll(() => sms.stop());
  const push = await startHttpSink();
  afterAll(() => push.stop());
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const vapid = path.join(dir, 'vapid.pem');
  fs.writeFileSync(vapid, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const base = {
    DATABASE_URL: database.url,
    SMTP_URL: `smtp://127.0.0.1:${wire.port}`,
    PETPRO_SMS_URL: sms.url,
    PETPRO_SMS_ACCOUNT: 'AC1',
    PETPRO_SMS_TOKEN: 'secret',
    PETPRO_SMS_FROM: '+15550100',
    PETPRO_VAPID_KEY_FILE: vapid,
    PETPRO_PUSH_HOSTS: new URL(push.url).host,
    PETPRO_PUBLIC_URL: 'https://petpro.example',
    PETPRO_HOME: dir,
  };
  const open = async (env: Readonly<Record<string, string>> = {}): Promise<Dispatchers> => {
    const level = process.env['PETPRO_TEST_LOG'] ? 'debug' : 'silent';
    const app = await openApp(loadConfig({ env: { ...base, ...env } }), openLog({ level }));
    const workers = {
      email: createDispatcher('email'),
      sms: createDispatcher('sms'),
      push: createDispatcher('push'),
    };
    afterAll(async () => {
      for (const worker of Object.values(workers)) await worker.settle?.();
      await app[Symbol.asyncDispose]();
    });
    const drain = async (...some: readonly Worker[]) => {
      for (const worker of some) while ((await worker.tick(app, never)) > 0);
    };
    return { app, ...workers, drain };
  };
  const { app } = await open();
  return { app, sql: database.sql, mail, wire, sms, push, open };
}

/** Numbers and publishes what is committed. */
export async function relay(sql: Sql): Promise<void> {
  await sql`select sequence_events(1000)`;
  await sql`select event_id from fan_out_events(1000)`;
}

/** The owner wants SMS, day and night. */
export async function wantSms(sql: Sql, user_id: string, number: string): Promise<void> {
  await sql`
    insert into notification_preferences (user_id, channel, enabled, address)
    values (${user_id}, 'sms', true, ${number})`;
  await sql`
    insert into notification_settings (user_id, quiet_from, quiet_until)
    values (${user_id}, '00:00', '00:00')
    on conflict do nothing`;
}

/** A booking whose messages are queued. */
export async function bookOne(
  sql: Sql,
  prepare: (scene: Scene) => Promise<void> = async () => {},
  in_hours = 72,
): Promise<Scene & { readonly booking_id: string }> {
  const scene = await addScene(sql, in_hours);
  await prepare(scene);
  const booking_id = await mustBook(sql, scene.slot_id, scene.owner);
  await relay(sql);
  return { ...scene, booking_id };
}

export type DeliveryState = {
  readonly id: string;
  readonly channel: string;
  readonly status: string;
  readonly attempts: number;
  readonly deferrals: number;
  readonly error_code: string | null;
  readonly last_error: string | null;
  readonly due_at: Temporal.Instant;
  readonly address: string;
};

export async function deliveriesOf(
  sql: Sql,
  booking_id: string,
): Promise<readonly DeliveryState[]> {
  return await sql<DeliveryState[]>`
    select id, channel, status, attempts, deferrals, error_code, last_error, due_at, address
    from deliveries
    where booking_id = ${booking_id}
    order by channel, created_at`;
}
