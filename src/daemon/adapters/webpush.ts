import {
  createCipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import type { PushMessage, SendResult } from '../../domain/ports.ts';
import { deferred, isProviderTrouble, post, unreachable } from './http-answer.ts';

/** Web Push: RFC 8030 (delivery), RFC 8291 (encryption), RFC 8292 (who we are). */

/** The push service keeps it for a device that is off; an appointment's news is stale after a day. */
const TTL_S = 86_400;
/** RFC 8292: 24 hours at most. */
const TOKEN_LIFE_S = 43_200;
const TOKEN_RENEW_S = 3_600;
const RECORD_BYTES = 4_096;

const base64url = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64url');
const derive = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));
const label = (text: string, ...more: readonly Uint8Array[]) =>
  Buffer.concat([Buffer.from(`${text}\0`), ...more]);

/** Content for one device: one record of aes128gcm (RFC 8188), readable by that device alone. */
export function encryptPush(
  text: string,
  keys: { readonly p256dh: string; readonly auth: string },
): Uint8Array<ArrayBuffer> {
  const receiver = Buffer.from(keys.p256dh, 'base64url');
  const ecdh = createECDH('prime256v1');
  const sender = ecdh.generateKeys();
  const secret = ecdh.computeSecret(receiver);
  const about = label('WebPush: info', receiver, sender);
  const material = derive(secret, Buffer.from(keys.auth, 'base64url'), about, 32);
  const salt = randomBytes(16);
  const key = derive(material, salt, label('Content-Encoding: aes128gcm'), 16);
  const nonce = derive(material, salt, label('Content-Encoding: nonce'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  // 2 marks the last record.
  const plain = Buffer.concat([Buffer.from(text), Buffer.from([2])]);
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(RECORD_BYTES);
  head.writeUInt8(sender.length, 4);
  return new Uint8Array(Buffer.concat([salt, head, sender, sealed]));
}

/** The public half of our key as browsers want it: the uncompressed point, base64url. */
export function vapidPublicKey(key: KeyObject): string {
  const { x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  const point = [Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  return base64url(Buffer.concat(point));
}

function signToken(key: KeyObject, origin: string, contact: string, now_s: number): string {
  const claims = { aud: origin, exp: now_s + TOKEN_LIFE_S, sub: contact };
  const parts = [{ typ: 'JWT', alg: 'ES256' }, claims].map((part) =>
    base64url(JSON.stringify(part)),
  );
  const text = parts.join('.');
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${base64url(signature)}`;
}

/** Whether we send to this address at all: a subscription is a URL that a stranger gave us. */
export function isPushHost(endpoint: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname, host, username } = new URL(endpoint);
  const is_loopback = hostname === '127.0.0.1' || hostname === 'localhost';
  if (username !== '' || (protocol !== 'https:' && !(protocol === 'http:' && is_loopback))) {
    return false;
  }
  return hosts.some((known) =>
    known.startsWith('*.')
      ? hostname.endsWith(known.slice(1))
      : known === hostname || known === host,
  );
}

export type WebPushOptions = {
  /** PEM of a P-256 key. */
  readonly private_key: string;
  readonly contact: string;
  readonly hosts: readonly string[];
};

type WebPush = {
  readonly public_key: string;
  readonly send: (message: PushMessage) => Promise<SendResult>;
};

function judge(status: number): SendResult {
  const code = `webpush ${status}`;
  const error = `the push service answered ${status}`;
  // 404 and 410: the subscription is gone (RFC 8030 7.3).
  if (status === 404 || status === 410) {
    return { outcome: 'dead', code, error, is_bad_address: true };
  }
  return { outcome: 'dead', code, error };
}

/** Sends to browsers. `send` never throws. */
export function openWebPush(options: WebPushOptions): WebPush {
  const { contact, hosts } = options;
  const key = createPrivateKey(options.private_key);
  const public_key = vapidPublicKey(key);
  // One per push service: bounded by `hosts` and the few names under them.
  const tokens = new Map<string, { readonly token: string; readonly made_s: number }>();
  const tokenFor = (origin: string): string => {
    const now_s = Math.floor(Temporal.Now.instant().epochMilliseconds / 1_000);
    const known = tokens.get(origin);
    if (known && now_s - known.made_s < TOKEN_RENEW_S) return known.token;
    if (tokens.size > 1_000) tokens.clear();
    const token = signToken(key, origin, contact, now_s);
    tokens.set(origin, { token, made_s: now_s });
    return token;
  };
  const send = async (message: PushMessage): Promise<SendResult> => {
    const { device, title, body, reference_code, message_id } = message;
    const { endpoint, p256dh, auth } = device;
    const is_known = isPushHost(endpoint, hosts);
    if (!is_known || p256dh === null || auth === null) {
      const error = 'its push service is none of PETPRO_PUSH_HOSTS';
      return { outcome: 'dead', code: 'webpush host', error, is_bad_address: true };
    }
    try {
      const { origin } = new URL(endpoint);
      const text = JSON.stringify({ title, body, reference_code, tag: message_id });
      const headers = {
        authorization: `vapid t=${tokenFor(origin)}, k=${public_key}`,
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        ttl: String(TTL_S),
        urgency: message.is_urgent ? 'high' : 'normal',
        // A repeated message takes the place of the one that still waits. At most 32 signs.
        topic: message_id.replaceAll('-', '').slice(0, 32),
      };
      const answer = await post(endpoint, headers, encryptPush(text, { p256dh, auth }));
      if (answer.status >= 200 && answer.status < 300) return { outcome: 'sent' };
      if (isProviderTrouble(answer.status)) return deferred('webpush', answer.status, answer);
      return judge(answer.status);
    } catch (error) {
      const is_bad_key =
        error instanceof Error && 'code' in error && /ECDH/.test(String(error.code));
      if (!is_bad_key) return unreachable('webpush', error);
      const text = 'the keys of the subscription are none';
      return { outcome: 'dead', code: 'webpush keys', error: text, is_bad_address: true };
    }
  };
  return { public_key, send };
}
