import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeWords, parseMail, type SinkMail } from '../../src/sandbox/mail-parse.ts';
import { type SmtpSink, startSmtpSink } from '../../src/sandbox/smtp-sink.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-mail-'));
let sink: SmtpSink;

beforeAll(async () => {
  sink = await startSmtpSink({ dir });
});
afterAll(async () => {
  await sink.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const json = async (route: string, init?: RequestInit) => {
  const response = await fetch(`${sink.outbox_url}${route}`, init);
  const body = (await response.json()) as { items: SinkMail[] };
  return { status: response.status, body };
};

async function send(mail: { subject: string; text: string; to?: string; html?: string }) {
  const transport = createTransport(sink.smtp_url);
  try {
    return await transport.sendMail({
      from: '"さくら動物病院" <desk@sakura.example>',
      to: 'taro@example.jp',
      ...mail,
    });
  } finally {
    transport.close();
  }
}

const long_japanese = '山田様、ムギちゃんの予約を承りました。'.repeat(8);

test('keeps a Japanese mail readable, subject, sender, long text and calendar part', async () => {
  const transport = createTransport(sink.smtp_url);
  await transport.sendMail({
    from: '"さくら動物病院" <desk@sakura.example>',
    to: 'taro@example.jp',
    bcc: 'owner@example.jp',
    subject: `予約確認 BP12345678 ${long_japanese}`,
    text: `${long_japanese}\nRp 250.000 = ok`,
    html: `<p>${long_japanese}</p>`,
    icalEvent: { method: 'REQUEST', content: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n' },
  });
  transport.close();
  const { body } = await json('/messages');
  const mail = body.items[0]!;
  expect(mail.subject).toBe(`予約確認 BP12345678 ${long_japanese}`);
  expect(mail.from).toBe('さくら動物病院 <desk@sakura.example>');
  expect(mail.to).toBe('taro@example.jp, owner@example.jp');
  expect(mail.text.trim()).toBe(`${long_japanese}\nRp 250.000 = ok`);
  expect(Date.parse(mail.received_at)).toBeGreaterThan(Date.now() - 60_000);
  const source = await fetch(`${sink.outbox_url}/messages/${mail.id}.eml`);
  expect(await source.text()).toContain('BEGIN:VCALENDAR');
});

test('shows the list as a page without scripts and escapes what mails say', async () => {
  await send({ subject: '<script>alert(1)</script>', text: 'a & b' });
  const page = await fetch(sink.outbox_url);
  const html = await page.text();
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(html).not.toContain('<script>');
});

test('refuses mail larger than 1 MB and mail during a fault', async () => {
  await expect(send({ subject: 'big', text: 'x'.repeat(1_100_000) })).rejects.toMatchObject({
    responseCode: 552,
  });
  await json('/faults', { method: 'POST', body: '{"mode":"defer"}' });
  await expect(send({ subject: 'now', text: 'x' })).rejects.toMatchObject({ responseCode: 451 });
  await json('/faults', { method: 'POST', body: '{"mode":"none"}' });
  await send({ subject: 'later', text: 'x' });
  expect(sink.list()[0]?.subject).toBe('later');
});

test('filters by receiver, answers 404 for unknown mails, finds old mails after a restart', async () => {
  await send({ subject: 'for siti', text: 'halo', to: 'siti@example.id' });
  const { body } = await json('/messages?to=siti@example.id');
  expect(body.items).toHaveLength(1);
  expect((await json('/messages/none.eml')).status).toBe(404);
  const again = await startSmtpSink({ dir });
  expect(again.list()).toEqual(sink.list());
  await again.stop();
});

test('joins encoded words that cut a character, in the charsets of Japan', () => {
  const bytes = Buffer.from('予約');
  const [head, tail] = [bytes.subarray(0, 4), bytes.subarray(4)];
  const cut = `=?utf-8?B?${head.toString('base64')}?=\r\n =?UTF-8?B?${tail.toString('base64')}?=`;
  expect(decodeWords(cut)).toBe('予約');
  expect(decodeWords('=?ISO-2022-JP?B?GyRCTT1McxsoQg==?= ok')).toBe('予約 ok');
  expect(decodeWords('=?utf-8?Q?a=5Fb_c?=')).toBe('a_b c');
  expect(decodeWords('plain =?nonsense')).toBe('plain =?nonsense');
});

test('never throws on broken mail', () => {
  const endless = 'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n'.repeat(50);
  for (const raw of ['', '\r\n\r\n', 'Subject', ': :', endless, '\xff\xfe']) {
    expect(typeof parseMail(Buffer.from(raw, 'latin1')).text).toBe('string');
  }
  const html = 'Content-Type: text/html; charset=nope\n\n<p>Hi &amp; <b>bye</b></p>';
  expect(parseMail(Buffer.from(html)).text).toBe('Hi & bye');
});
