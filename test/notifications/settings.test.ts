import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { openMessenger } from '../../src/daemon/messages/messenger.ts';
import { openLog } from '../../src/log.ts';
import { startSmtpSink } from '../../src/sandbox/smtp-sink.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-settings-'));
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));
const log = openLog({ level: 'silent' });
const open = (env: Readonly<Record<string, string>>) => openMessenger(loadConfig({ env }), log);

test('settings that cannot work are named before anything starts', () => {
  const broken = path.join(dir, 'broken.pem');
  fs.writeFileSync(broken, 'no key');
  const missing = path.join(dir, 'missing.pem');
  for (const [env, words] of [
    [{ PETPRO_SMS_URL: 'https://sms.example' }, 'PETPRO_SMS_URL needs PETPRO_SMS_ACCOUNT'],
    [{ PETPRO_DKIM_DOMAIN: 'petpro.example' }, 'go together'],
    [{ PETPRO_VAPID_KEY_FILE: missing }, 'cannot be read (ENOENT)'],
    [{ PETPRO_VAPID_KEY_FILE: broken }, 'holds no private key'],
    [{ PETPRO_FCM_ACCOUNT_FILE: broken }, 'has no project_id'],
  ] as const) {
    expect(() => open(env), words).toThrow(words);
  }
});

test('without settings nothing is sent, and nothing is lost', async () => {
  const messenger = open({});
  for (const channel of ['email', 'sms', 'push'] as const) expect(messenger.room(channel)).toBe(0);
  const sms = { message_id: 'd', to: '+6281234567890', text: 'x' };
  expect(await messenger.sendSms(sms)).toMatchObject({ outcome: 'defer' });
  expect(await messenger.health()).toEqual({ ok: false, detail: 'SMTP_URL is not set' });
  expect(messenger.push_key).toBeNull();
});

test('the sandbox takes SMS as the provider does, and shows them beside the mails', async () => {
  const sink = await startSmtpSink({ dir: path.join(dir, 'mail') });
  const messenger = open({
    PETPRO_SMS_URL: sink.outbox_url,
    PETPRO_SMS_ACCOUNT: 'demo',
    PETPRO_SMS_TOKEN: 'demo',
    PETPRO_SMS_FROM: 'PetPro',
  });
  const sms = { message_id: 'd', to: '+6281234567890', text: 'モチのご予約\nを承りました' };
  try {
    expect(await messenger.sendSms(sms)).toMatchObject({
      outcome: 'sent',
      provider_id: expect.stringMatching(/^SM/),
    });
    expect(sink.list()).toMatchObject([{ to: '+6281234567890', subject: 'SMS' }]);
    expect(sink.list()[0]?.text.trim()).toBe(sms.text);
    for (const [mode, expected] of [
      ['reject', { outcome: 'dead', code: 'sms 21211', is_bad_address: true }],
      ['defer', { outcome: 'defer' }],
    ] as const) {
      await fetch(`${sink.outbox_url}/faults`, { method: 'POST', body: JSON.stringify({ mode }) });
      expect(await messenger.sendSms(sms)).toMatchObject(expected);
    }
    const empty = await fetch(`${sink.outbox_url}/2010-04-01/Accounts/demo/Messages.json`, {
      method: 'POST',
      body: 'To=1',
    });
    expect(empty.status).toBe(400);
  } finally {
    await messenger.close();
    await sink.stop();
  }
});
