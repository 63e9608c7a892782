import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeFailure, type Mailer, openSmtp } from '../../src/daemon/adapters/smtp.ts';
import { renderMail } from '../../src/daemon/messages/render.ts';
import { calendarDocument } from '../../src/domain/calendar.ts';
import { type MailFacts, mail_types } from '../../src/domain/message.ts';
import type { EmailMessage } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';
import { type SmtpSink, startSmtpSink } from '../../src/sandbox/smtp-sink.ts';

const log = openLog({ level: 'silent' });
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-mail-'));

const facts: MailFacts = {
  lang: 'ja',
  reference_code: 'BP12345678',
  owner_name: '山田 太郎',
  pet_name: 'ムギ',
  service_name: '健康診断',
  staff_name: '佐藤 花子',
  clinic_name: 'さくら動物病院',
  clinic_address: '東京都渋谷区1-2-3',
  clinic_phone: '+81 3-1234-5678',
  clinic_email: 'sakura@petpro.localhost',
  time_zone: 'Asia/Tokyo',
  starts_at: Temporal.Instant.from('2026-11-20T14:30:00+09:00'),
  ends_at: Temporal.Instant.from('2026-11-20T15:00:00+09:00'),
  quantity: 1,
  amount: { amount_minor: 3_500, currency: 'JPY' },
  payment_state: 'paid',
  refund: null,
  refund_percent: null,
  cancelled_by: null,
  answer_by: Temporal.Instant.from('2026-11-20T10:00:00Z'),
  has_card: false,
};

const rendered = await renderMail('booking_confirmed', facts);

const message = (over: Partial<EmailMessage> = {}): EmailMessage => ({
  message_id: 'delivery-1',
  to: 'taro@petpro.localhost',
  ...rendered,
  calendar: calendarDocument({
    uid: 'BP12345678@petpro',
    sequence: 1,
    status: 'confirmed',
    starts_at: facts.starts_at,
    ends_at: facts.ends_at,
    time_zone: facts.time_zone,
    stamped_at: facts.starts_at,
    summary: 'ムギ: 健康診断',
    description: 'BP12345678',
    location: facts.clinic_address,
    organizer: { name: facts.clinic_name, email: 'sakura@petpro.localhost' },
  }),
  ...over,
});

/** A mail server that turns every recipient away with one reply. */
async function refusingServer(reply: string): Promise<{ url: string; close: () => void }> {
  const server = net.createServer((socket) => {
    socket.write('220 test\r\n');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      const verb = chunk.toString().slice(0, 4).toUpperCase();
      socket.write(verb === 'RCPT' ? `${reply}\r\n` : '250 ok\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `smtp://127.0.0.1:${address.port}`, close: () => server.close() };
}

describe('mail over a real SMTP server', () => {
  let sink: SmtpSink;
  let messenger: Mailer;
  beforeAll(async () => {
    sink = await startSmtpSink({ dir });
    messenger = openSmtp({ url: sink.smtp_url, from: 'PetPro <hello@petpro.localhost>', log });
  });
  afterAll(async () => {
    await messenger.close();
    await sink.stop();
    fs.rmSync(dir, { recursive: true, force: true });
  });

  test('arrives readable in Japanese, with the calendar file', async () => {
    expect(await messenger.health()).toMatchObject({ ok: true });
    expect(await messenger.send(message())).toMatchObject({ outcome: 'sent' });
    const [mail] = sink.list();
    expect(mail?.to).toContain('taro@petpro.localhost');
    expect(mail?.subject).toContain('ムギ');
    expect(mail?.text).toContain('予約番号: BP12345678');
    expect(mail?.text).toContain('2026年11月20日');
    expect(mail?.text).toContain('￥3,500');
    const raw = await (await fetch(`${sink.outbox_url}/messages/${mail?.id}.eml`)).text();
    expect(raw).toContain('Message-ID: <delivery-1@petpro.localhost>');
    expect(raw).toMatch(/Content-Type: text\/calendar;[\s\S]*method=PUBLISH/i);
    const attachment = /filename=appointment\.ics[\s\S]*?\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)/.exec(
      raw,
    )?.[1];
    const calendar = Buffer.from(attachment ?? '', 'base64').toString();
    expect(calendar).toContain('DTSTART;TZID=Asia/Tokyo:20261120T143000');
    expect(calendar).toContain('ムギ');
  });
});

test('a final no is dead, anything else is tried again', async () => {
  for (const [reply, outcome] of [
    ['550 no such user', 'dead'],
    ['451 try later', 'retry'],
    ['503 bad sequence', 'defer'],
  ] as const) {
    const server = await refusingServer(reply);
    const messenger = openSmtp({ url: server.url, from: 'a@petpro.localhost', log });
    const result = await messenger.send(message());
    expect(result).toMatchObject({ outcome, error: expect.stringContaining(reply) });
    await messenger.close();
    server.close();
  }
  expect(
    judgeFailure(Object.assign(new Error('login'), { code: 'EAUTH', responseCode: 535 })),
  ).toMatchObject({ outcome: 'defer', code: 'smtp 535' });
});

test('no server there: the mail waits', async () => {
  const gone = await refusingServer('250 ok');
  gone.close();
  const messenger = openSmtp({ url: gone.url, from: 'a@petpro.localhost', log });
  expect(await messenger.send(message())).toMatchObject({ outcome: 'defer' });
  expect(await messenger.health()).toMatchObject({ ok: false });
  await messenger.close();
});

describe('mail texts', () => {
  test('every mail exists in every language, and no language leaks into another', async () => {
    for (const type of mail_types) {
      const langs = ['en', 'ja', 'id'] as const;
      const written = langs.map(async (lang) => {
        const refund = { amount_minor: 1_750, currency: 'JPY' };
        const mail = await renderMail(type, { ...facts, lang, refund, refund_percent: 50 });
        expect(mail.text).toContain('BP12345678');
        expect(mail.text).not.toMatch(/undefined|null|\[object/);
        expect(mail.html).toContain(`<html lang="${lang}">`);
        return mail.subject;
      });
      expect(new Set(await Promise.all(written)).size).toBe(3);
    }
  });

  test("times are the clinic's, amounts are as people write them", async () => {
    const indonesian: MailFacts = {
      ...facts,
      lang: 'id',
      time_zone: 'Asia/Jakarta',
      starts_at: Temporal.Instant.from('2026-11-20T07:30:00Z'),
      amount: { amount_minor: 25_000_000, currency: 'IDR' },
      payment_state: 'due',
    };
    const { text } = await renderMail('booking_confirmed', indonesian);
    expect(text).toContain('Jumat, 20 November 2026 pukul 14.30 WIB');
    expect(text).toContain('Rp 250.000 (dibayar saat kunjungan)');
  });

  test('names cannot break out of HTML or of the subject line', async () => {
    const evil = '<script>alert(1)</script>"&\r\nBcc: all@example.org';
    const mail = await renderMail('booking_confirmed', { ...facts, lang: 'en', pet_name: evil });
    expect(mail.html).not.toContain('<script>');
    expect(mail.html).toContain('&lt;script&gt;');
    expect(mail.subject).not.toMatch(/[\r\n]/);
  });

  test('a cancellation says who cancelled and what comes back', async () => {
    const cancelled = { ...facts, lang: 'en', cancelled_by: 'clinic' } as const;
    expect((await renderMail('booking_cancelled', cancelled)).text).toContain('We are sorry');
    const refund = { amount_minor: 1_750, currency: 'JPY' };
    const { text } = await renderMail('booking_cancelled', {
      ...cancelled,
      cancelled_by: 'owner',
      refund,
      refund_percent: 50,
    });
    expect(text).toContain('¥1,750 (50 %)');
    expect(text).toContain('as you asked');
  });
});
