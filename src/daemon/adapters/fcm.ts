import { createPrivateKey, sign } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { PushMessage, SendResult } from '../../domain/ports.ts';
import {
  deferred,
  fieldOf,
  type HttpAnswer,
  isProviderTrouble,
  post,
  unreachable,
} from './http-answer.ts';

/** Push to phones by Firebase Cloud Messaging, HTTP v1. */

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ASSERTION_LIFE_S = 3_600;
/** An access token is renewed this long before its end. */
const RENEW_BEFORE_S = 300;
const TTL_S = 86_400;

export type FcmOptions = {
  readonly url: string;
  /** The service account as Google gives it: a JSON document. */
  readonly account: string;
};

type Account = {
  readonly project_id: string;
  readonly client_email: string;
  readonly private_key: string;
  readonly token_uri: string;
};

function readAccount(text: string): Account {
  const read = (name: keyof Account): string => {
    const value = fieldOf(text, name);
    if (typeof value === 'string' && value !== '') return value;
    throw new AppError('invalid_input', `PETPRO_FCM_ACCOUNT_FILE has no ${name}.`);
  };
  return {
    project_id: read('project_id'),
    client_email: read('client_email'),
    private_key: read('private_key'),
    token_uri: read('token_uri'),
  };
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const nowSeconds = () => Math.floor(Temporal.Now.instant().epochMilliseconds / 1_000);

/** Access tokens by a signed assertion (RFC 7523); one request at a time, however many wait. */
function tokenSource(account: Account): {
  /** A token, or what the token endpoint said instead of one. */
  readonly get: () => Promise<string | HttpAnswer>;
  readonly forget: () => void;
} {
  const key = createPrivateKey(account.private_key);
  let known: { readonly token: string; readonly until_s: number } | null = null;
  let asking: Promise<string | HttpAnswer> | null = null;
  const ask = async (): Promise<string | HttpAnswer> => {
    const now_s = nowSeconds();
    const claims = {
      iss: account.client_email,
      scope: SCOPE,
      aud: account.token_uri,
      iat: now_s,
      exp: now_s + ASSERTION_LIFE_S,
    };
    const text = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(claims)}`;
    const assertion = `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    const form = new URLSearchParams({ grant_type: GRANT, assertion });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await post(account.token_uri, headers, form.toString());
    const token = fieldOf(answer.text, 'access_token');
    if (answer.status !== 200 || typeof token !== 'string') return answer;
    const life_s = Number(fieldOf(answer.text, 'expires_in') ?? 0);
    known = { token, until_s: now_s + life_s - RENEW_BEFORE_S };
    return token;
  };
  return {
    get: async () => {
      if (known !== null && nowSeconds() < known.until_s) return known.token;
      asking ??= ask().finally(() => {
        asking = null;
      });
      return await asking;
    },
    forget: () => {
      known = null;
    },
  };
}

function bodyOf({ device, title, body, reference_code, message_id, is_urgent }: PushMessage) {
  return {
    message: {
      token: device.endpoint,
      notification: { title, body },
      data: { message_id, ...(reference_code === null ? {} : { reference_code }) },
      // A second message with the same key takes the place of the first.
      android: {
        collapse_key: message_id,
        priority: is_urgent ? 'high' : 'normal',
        ttl: `${TTL_S}s`,
        notification: { tag: message_id },
      },
      apns: { headers: { 'apns-collapse-id': message_id } },
    },
  };
}

/** FCM names the cause in `error.details[].errorCode`, else only in `error.status`. */
function causeOf(text: string): string {
  return (
    /"errorCode"\s*:\s*"([A-Z_]{1,40})"/.exec(text)?.[1] ??
    String(fieldOf(text, 'error', 'status') ?? 'unknown').slice(0, 40)
  );
}

function judge(answer: HttpAnswer): SendResult {
  const cause = causeOf(answer.text);
  const code = `fcm ${cause}`;
  const error = `FCM answered ${answer.status} ${cause}`;
  const is_gone = cause === 'UNREGISTERED' || cause === 'SENDER_ID_MISMATCH';
  if (is_gone) return { outcome: 'dead', code, error, is_bad_address: true };
  if (isProviderTrouble(answer.status)) return deferred('fcm', cause, answer);
  // INVALID_ARGUMENT is mostly a token that is none.
  const is_bad_address = answer.status === 404 || /registration token/i.test(answer.text);
  return { outcome: 'dead', code, error, is_bad_address };
}

/** Sends to phones. Never throws; a file that is no service account fails at once. */
export function openFcm(options: FcmOptions): (message: PushMessage) => Promise<SendResult> {
  const account = readAccount(options.account);
  const tokens = tokenSource(account);
  const address = `${options.url}/v1/projects/${encodeURIComponent(account.project_id)}/messages:send`;
  return async (message) => {
    try {
      const token = await tokens.get();
      if (typeof token !== 'string') return deferred('fcm', 'token', token);
      const headers = {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
      };
      const answer = await post(address, headers, JSON.stringify(bodyOf(message)));
      if (answer.status === 200) {
        const name = fieldOf(answer.text, 'name');
        return { outcome: 'sent', provider_id: typeof name === 'string' ? name : null };
      }
      if (answer.status === 401) tokens.forget();
      return judge(answer);
    } catch (error) {
      return unreachable('fcm', error);
    }
  };
}
