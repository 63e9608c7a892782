import { createPrivateKey } from 'node:crypto';
import fs from 'node:fs';
import type { Config } from '../../config.ts';
import { AppError } from '../../domain/errors.ts';
import type {
  Channel,
  Messenger,
  Provider,
  ProviderState,
  PushMessage,
  SendResult,
} from '../../domain/ports.ts';
import type { Log } from '../../log.ts';
import { type Breaker, type BreakerOptions, createBreaker } from '../adapters/breaker.ts';
import { openFcm } from '../adapters/fcm.ts';
import { openSms } from '../adapters/sms.ts';
import { type Mailer, openSmtp } from '../adapters/smtp.ts';
import { openWebPush } from '../adapters/webpush.ts';

/** A provider that failed for five messages within a minute is asked again after 2, 4 .. 60 s. */
const circuit: BreakerOptions = {
  failures: 5,
  window_ms: 60_000,
  open_ms: 2_000,
  open_max_ms: 60_000,
  // Longer than the slowest send.
  probe_ms: 40_000,
};

type Way<Message> = {
  readonly provider: Provider;
  readonly channel: Channel;
  readonly breaker: Breaker;
  /** Null while it is not configured. */
  readonly send: ((message: Message) => Promise<SendResult>) | null;
};

/** Sends where the circuit allows it, and tells the circuit how it went. */
async function pass<Message>(way: Way<Message>, message: Message): Promise<SendResult> {
  const { provider, breaker, send } = way;
  if (send === null) {
    return { outcome: 'defer', code: `${provider} not configured`, error: 'no such provider here' };
  }
  if (!breaker.allows()) {
    return { outcome: 'defer', code: `${provider} circuit`, error: 'the provider failed just now' };
  }
  const result = await send(message);
  if (result.outcome === 'defer') breaker.failed();
  else breaker.succeeded();
  return result;
}

/** A file of the settings; a daemon that cannot sign must not start and look well. */
function readSetting(env: string, file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const detail = `${env}: ${file} cannot be read (${why}).`;
    throw new AppError('invalid_input', detail, { next: 'petpro config show' }, { cause });
  }
}

function readKey(env: string, file: string): string {
  const text = readSetting(env, file);
  try {
    createPrivateKey(text);
    return text;
  } catch (cause) {
    const detail = `${env}: ${file} holds no private key in PEM.`;
    throw new AppError('invalid_input', detail, { next: 'petpro config show' }, { cause });
  }
}

function mailerOf(config: Config, log: Log): Mailer | null {
  if (!config.smtp_url) return null;
  const { dkim_domain: domain, dkim_selector: selector, dkim_key_file: file } = config;
  const dkim =
    domain === null || file === null
      ? null
      : { domain, selector, private_key: readKey('PETPRO_DKIM_KEY_FILE', file) };
  return openSmtp({ url: config.smtp_url, from: config.mail_from, dkim, log });
}

function smsOf({ sms_url, sms_account, sms_token, sms_from }: Config) {
  if (!sms_url || !sms_account || !sms_token || !sms_from) return null;
  return openSms({ url: sms_url, account: sms_account, token: sms_token, from: sms_from });
}

function webPushOf({ vapid_key_file, vapid_contact, push_hosts }: Config) {
  if (vapid_key_file === null) return null;
  const private_key = readKey('PETPRO_VAPID_KEY_FILE', vapid_key_file);
  return openWebPush({ private_key, contact: vapid_contact, hosts: push_hosts });
}

function fcmOf({ fcm_account_file, fcm_url }: Config) {
  if (fcm_account_file === null) return null;
  return openFcm({
    url: fcm_url,
    account: readSetting('PETPRO_FCM_ACCOUNT_FILE', fcm_account_file),
  });
}

const roomOf = ({ breaker, send }: Way<never>): number => {
  if (send === null) return 0;
  const state = breaker.state();
  return state === 'open' ? 0 : state === 'half_open' ? 1 : Number.POSITIVE_INFINITY;
};

/** Every way to reach people that the settings name, each behind a circuit of its own. */
export function openMessenger(config: Config, log: Log): Messenger {
  const mailer = mailerOf(config, log);
  const web_push = webPushOf(config);
  const breaker = () => createBreaker(circuit);
  const smtp = { provider: 'smtp', channel: 'email', breaker: breaker() } as const;
  const email = { ...smtp, send: mailer?.send ?? null };
  const sms = { provider: 'sms', channel: 'sms', breaker: breaker(), send: smsOf(config) } as const;
  const push: Readonly<Record<'webpush' | 'fcm', Way<PushMessage>>> = {
    webpush: {
      provider: 'webpush',
      channel: 'push',
      breaker: breaker(),
      send: web_push?.send ?? null,
    },
    fcm: { provider: 'fcm', channel: 'push', breaker: breaker(), send: fcmOf(config) },
  };
  const ways = [email, sms, push.webpush, push.fcm];
  const of = (channel: Channel) => ways.filter((way) => way.channel === channel);

  return {
    sendEmail: (message) => pass(email, message),
    sendSms: (message) => pass(sms, message),
    sendPush: (message) => pass(push[message.device.kind], message),
    room: (channel) => Math.max(...of(channel).map(roomOf)),
    recoveries: (channel) => of(channel).reduce((sum, way) => sum + way.breaker.recoveries(), 0),
    providers: (): readonly ProviderState[] =>
      ways.map(({ provider, channel, breaker: { state }, send }) => {
        return { provider, channel, is_configured: send !== null, circuit: state() };
      }),
    push_key: web_push?.public_key ?? null,
    health: async () => (await mailer?.health()) ?? { ok: false, detail: 'SMTP_URL is not set' },
    close: async () => await mailer?.close(),
  };
}
