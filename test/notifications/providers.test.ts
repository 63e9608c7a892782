import { createHash, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { openFcm } from '../../src/daemon/adapters/fcm.ts';
import { openSms } from '../../src/daemon/adapters/sms.ts';
import { judgeFailure, openSmtp } from '../../src/daemon/adapters/smtp.ts';
import { isPushHost, openWebPush } from '../../src/daemon/adapters/webpush.ts';
import type { EmailMessage, PushMessage } from '../../src/domain/ports.ts';
import { openLog } from '../../src/log.ts';
import { startSmtpSink } from '../../src/sandbox/smtp-sink.ts';
import { makeBrowser, readVapid } from './browser.ts';
import { startHttpSink } from './http-sink.ts';

const sink = await startHttpSink();
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-providers-'));
afterAll(async () => {
  await sink.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => {
  sink.told.length = 0;
  sink.answer = () => ({ status: 201 });
});

const pemOf = (key: { export: (o: { type: 'pkcs8'; format: 'pem' }) => string | Buffer }) =>
  String(key.export({ type: 'pkcs8', format: 'pem' }));

describe('SMS', () => {
  const send = openSms({ url: sink.url, account: 'AC1', token: 'secret', from: '+15550100' });
  const message = { message_id: 'd-1', to: '+6281234567890', text: 'モチ & co' };

  test('are handed over as a form, with the account and the id of the message', async () => {
    sink.answer = () => ({ status: 201, body: { sid: 'SM123' } });
    expect(await send(message)).toEqual({ outcome: 'sent', provider_id: 'SM123' });
    const [told] = sink.told;
    expect(told?.path).toBe('/2010-04-01/Accounts/AC1/Messages.json');
    expect(told?.headers.authorization).toBe(`Basic ${btoa('AC1:secret')}`);
    expect(told?.headers['idempotency-key']).toBe('d-1');
    const form = Object.fromEntries(new URLSearchParams(told?.body.toString()));
    expect(form).toEqual({ To: '+6281234567890', From: '+15550100', Body: 'モチ & co' });
  });

  test.each([
    [400, 21211, { outcome: 'dead', code: 'sms 21211', is_bad_address: true }],
    [400, 21610, { outcome: 'dead', code: 'sms 21610', is_bad_address: true }],
    [400, 21617, { outcome: 'dead', code: 'sms 21617', is_bad_address: false }],
    [401, 20003, { outcome: 'defer', code: 'sms 20003' }],
    [429, 20429, { outcome: 'defer', code: 'sms 20429', retry_after_ms: 7_000 }],
    [503, 503, { outcome: 'defer', code: 'sms 503' }],
  ])('an answer %i of cause %i', async (status, code, expected) => {
    const headers: Record<string, string> = status === 429 ? { 'retry-after': '7' } : {};
    sink.answer = () => ({ status, headers, body: { code, message: 'no' } });
    expect(await send(message)).toMatchObject(expected);
  });

  test('a redirect is not followed', async () => {
    sink.answer = () => ({ status: 302, headers: { location: `${sink.url}/inside` } });
    expect(await send(message)).toMatchObject({ outcome: 'dead' });
    expect(sink.told).toHaveLength(1);
  });

  test('nobody there is the trouble of the provider', async () => {
    const gone = await startHttpSink();
    await gone.stop();
    const send_there = openSms({ url: gone.url, account: 'a', token: 'b', from: 'c' });
    expect(await send_there(message)).toMatchObject({ outcome: 'defer', code: 'sms ECONNREFUSED' });
  });
});

describe('Web Push', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const host = new URL(sink.url).host;
  const push = openWebPush({
    private_key: pemOf(privateKey),
    contact: 'mailto:ops@petpro.example',
    hosts: [host, '*.push.apple.com'],
  });
  const browser = makeBrowser();
  const message = (endpoint = `${sink.url}/push/1`): PushMessage => ({
    message_id: '0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa',
    device: {
      device_id: 'd',
      kind: 'webpush',
      endpoint,
      p256dh: browser.p256dh,
      auth: browser.auth,
    },
    title: 'ご予約確定',
    body: 'モチ',
    reference_code: 'BP10000127',
    is_urgent: true,
  });

  test('can be read by the browser alone, and says who sends it', async () => {
    expect(await push.send(message())).toEqual({ outcome: 'sent' });
    const [told] = sink.told;
    expect(JSON.parse(browser.read(told!.body))).toEqual({
      title: 'ご予約確定',
      body: 'モチ',
      reference_code: 'BP10000127',
      tag: '0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa',
    });
    expect(() => makeBrowser().read(told!.body)).toThrow();
    expect(told?.headers).toMatchObject({
      'content-encoding': 'aes128gcm',
      ttl: '86400',
      urgency: 'high',
      topic: '0198c9a26b1e7c339d702f4f0b9a11aa',
    });
    const claims = readVapid(String(told?.headers.authorization));
    expect(claims).toMatchObject({ aud: sink.url, sub: 'mailto:ops@petpro.example' });
    const hours = (Number(claims['exp']) - Date.now() / 1_000) / 3_600;
    expect(hours).toBeGreaterThan(10);
    expect(hours).toBeLessThanOrEqual(24);
    expect(String(told?.headers.authorization)).toContain(push.public_key);
  });

  test.each([
    [404, { outcome: 'dead', is_bad_address: true, code: 'webpush 404' }],
    [410, { outcome: 'dead', is_bad_address: true, code: 'webpush 410' }],
    [413, { outcome: 'dead', code: 'webpush 413' }],
    [429, { outcome: 'defer', code: 'webpush 429' }],
    [503, { outcome: 'defer', code: 'webpush 503' }],
  ])('an answer %i', async (status, expected) => {
    sink.answer = () => ({ status });
    expect(await push.send(message())).toMatchObject(expected);
  });

  test('goes to known services only, and to no key that is none', async () => {
    for (const endpoint of [
      'https://10.0.0.1/x',
      `http://petpro.example/x`,
      'file:///etc/passwd',
    ]) {
      expect(await push.send(message(endpoint))).toMatchObject({ code: 'webpush host' });
    }
    const hosts = ['fcm.googleapis.com', '*.push.apple.com'];
    expect(isPushHost('https://web.push.apple.com/q', hosts)).toBe(true);
    expect(isPushHost('https://evilpush.apple.com/q', hosts)).toBe(false);
    expect(isPushHost('https://fcm.googleapis.com.evil.example/q', hosts)).toBe(false);
    expect(isPushHost('https://user@fcm.googleapis.com/q', hosts)).toBe(false);
    expect(isPushHost('http://fcm.googleapis.com/q', hosts)).toBe(false);
    const bad = message();
    const device = { ...bad.device, p256dh: Buffer.alloc(65, 4).toString('base64url') };
    expect(await push.send({ ...bad, device })).toMatchObject({ code: 'webpush keys' });
    expect(sink.told).toHaveLength(0);
  });
});

describe('FCM', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = JSON.stringify({
    project_id: 'petpro',
    client_email: 'push@petpro.example',
    private_key: pemOf(privateKey),
    token_uri: `${sink.url}/token`,
  });
  const message: PushMessage = {
    message_id: 'd-1',
    device: { device_id: 'd', kind: 'fcm', endpoint: 'phone-token', p256dh: null, auth: null },
    title: 'Booked',
    body: 'Mochi',
    reference_code: null,
    is_urgent: false,
  };
  const answering =
    (status: number, body: unknown): typeof sink.answer =>
    ({ path: asked }) =>
      asked === '/token'
        ? { status: 200, body: { access_token: 'at-1', expires_in: 3_600 } }
        : { status, body };

  test('asks for a token once, by a signed assertion, and sends with it', async () => {
    const send = openFcm({ url: sink.url, account });
    sink.answer = answering(200, { name: 'projects/petpro/messages/1' });
    const results = await Promise.all([send(message), send(message), send(message)]);
    expect(results).toEqual(
      Array.from({ length: 3 }, () => ({
        outcome: 'sent',
        provider_id: 'projects/petpro/messages/1',
      })),
    );
    const asked = sink.told.filter((one) => one.path === '/token');
    expect(asked).toHaveLength(1);
    const form = new URLSearchParams(asked[0]!.body.toString());
    const [head = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const text = Buffer.from(`${head}.${claims}`);
    expect(verify('sha256', text, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'push@petpro.example',
      aud: `${sink.url}/token`,
    });
    const sent = sink.told.find((one) => one.path.includes('messages:send'));
    expect(sent?.path).toBe('/v1/projects/petpro/messages:send');
    expect(sent?.headers.authorization).toBe('Bearer at-1');
    expect(JSON.parse(sent!.body.toString())).toMatchObject({
      message: { token: 'phone-token', android: { collapse_key: 'd-1' } },
    });
  });

  test.each([
    [404, 'UNREGISTERED', { outcome: 'dead', code: 'fcm UNREGISTERED', is_bad_address: true }],
    [403, 'SENDER_ID_MISMATCH', { outcome: 'dead', is_bad_address: true }],
    [429, 'QUOTA_EXCEEDED', { outcome: 'defer', code: 'fcm QUOTA_EXCEEDED' }],
    [503, 'UNAVAILABLE', { outcome: 'defer' }],
    [400, 'INVALID_ARGUMENT', { outcome: 'dead', is_bad_address: false }],
  ])('an answer %i %s', async (status, errorCode, expected) => {
    const send = openFcm({ url: sink.url, account });
    sink.answer = answering(status, { error: { status: 'X', details: [{ errorCode }] } });
    expect(await send(message)).toMatchObject(expected);
  });

  test('a token that is refused is the trouble of the provider; a wrong file fails at once', async () => {
    const send = openFcm({ url: sink.url, account });
    sink.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    expect(await send(message)).toMatchObject({ outcome: 'defer', code: 'fcm token' });
    expect(() => openFcm({ url: sink.url, account: '{}' })).toThrow(/project_id/);
  });
});

describe('SMTP', () => {
  const failed = (responseCode: number, text: string, code = 'EENVELOPE') =>
    judgeFailure(Object.assign(new Error(text), { responseCode, code }));

  test.each([
    [550, '550 5.1.1 no such user', { outcome: 'dead', code: 'smtp 550 5.1.1', bad: true }],
    [550, '550 no such user', { outcome: 'dead', code: 'smtp 550', bad: true }],
    [550, '550-5.7.1 looks like spam', { outcome: 'dead', code: 'smtp 550 5.7.1', bad: false }],
    [552, '552 5.2.2 mailbox full', { outcome: 'dead', code: 'smtp 552 5.2.2', bad: false }],
    [451, '451 4.7.1 Greylisted, come back', { outcome: 'retry', retry_after_ms: 300_000 }],
    [452, '452 4.2.2 over quota', { outcome: 'retry', code: 'smtp 452 4.2.2' }],
    [421, '421 4.3.0 closing', { outcome: 'defer', code: 'smtp 421 4.3.0' }],
    [535, '535 5.7.8 bad credentials', { outcome: 'defer' }],
  ])('%i: %s', (responseCode, text, { bad, ...expected }: Record<string, unknown>) => {
    expect(failed(responseCode, text)).toMatchObject({
      ...expected,
      ...(bad === undefined ? {} : { is_bad_address: bad }),
    });
  });

  /** RFC 6376 3.4: relaxed canonicalization. */
  const relaxed = (line: string) => {
    const [name = '', ...rest] = line.split(':');
    const value = rest.join(':').replaceAll(/\s+/g, ' ').trim();
    return `${name.toLowerCase().trim()}:${value}`;
  };

  test('signs by DKIM, threads by booking and offers to unsubscribe', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const mail = await startSmtpSink({ dir: path.join(dir, 'mail') });
    const from = 'PetPro <no-reply@petpro.example>';
    const dkim = { domain: 'petpro.example', selector: 's1', private_key: pemOf(privateKey) };
    const log = openLog({ level: 'silent' });
    const mailer = openSmtp({ url: mail.smtp_url, from, dkim, log });
    const message: EmailMessage = {
      message_id: 'd-1',
      to: 'rina@petpro.localhost',
      subject: 'ご予約確定 モチ',
      text: 'モチのご予約\n\nお待ちしております。\n',
      html: '<!doctype html><p>モチ</p>',
      calendar: null,
      thread: 'BP10000127',
      unsubscribe_url: 'https://petpro.example/unsubscribe/1',
    };
    try {
      expect(await mailer.send(message)).toMatchObject({ outcome: 'sent' });
      const { id } = mail.list()[0]!;
      const raw = fs.readFileSync(path.join(dir, 'mail', `${id}.eml`), 'utf8');
      const [, own = ''] = /^(?:X-Envelope-[^\r]+\r\n){2}([\s\S]*)$/.exec(raw) ?? [];
      const split = own.indexOf('\r\n\r\n');
      const headers = own
        .slice(0, split)
        .replaceAll(/\r\n[ \t]+/g, ' ')
        .split('\r\n');
      const headerOf = (name: string) =>
        headers.find((line) => line.toLowerCase().startsWith(`${name}:`)) ?? '';
      expect(headerOf('message-id')).toBe('Message-ID: <d-1@petpro.example>');
      expect(headerOf('in-reply-to')).toContain('<BP10000127@petpro.example>');
      expect(headerOf('references')).toContain('<BP10000127@petpro.example>');
      expect(headerOf('list-unsubscribe')).toContain('<https://petpro.example/unsubscribe/1>');
      expect(headerOf('list-unsubscribe-post')).toContain('List-Unsubscribe=One-Click');
      expect(own).toMatch(/multipart\/alternative/);

      const signature = headerOf('dkim-signature');
      const tagOf = (tag: string) =>
        (new RegExp(`[;\\s]${tag}=([^;]*)`).exec(signature)?.[1] ?? '').replaceAll(/\s/g, '');
      const body = own
        .slice(split + 4)
        .replaceAll(/[ \t]+(?=\r\n)/g, '')
        .replaceAll(/[ \t]+/g, ' ')
        .replace(/(\r\n)*$/, '\r\n');
      expect(tagOf('bh')).toBe(createHash('sha256').update(body).digest('base64'));
      const signed = tagOf('h')
        .split(':')
        .flatMap((name) => (headerOf(name) === '' ? [] : [relaxed(headerOf(name))]));
      const unsigned = relaxed(signature.replace(/([;\s]b=)[^;]*/, '$1'));
      const text = [...signed, unsigned].join('\r\n');
      const is_true = verify(
        'sha256',
        Buffer.from(text),
        createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
        Buffer.from(tagOf('b'), 'base64'),
      );
      expect(is_true).toBe(true);
      expect([tagOf('d'), tagOf('s')]).toEqual(['petpro.example', 's1']);
      expect(tagOf('h').split(':')).toEqual(expect.arrayContaining(['from', 'subject', 'to']));
    } finally {
      await mailer.close();
      await mail.stop();
    }
  });
});
