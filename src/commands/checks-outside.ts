import { run } from '../daemon/store/db.ts';
import {
  CALL_TIMEOUT_MS,
  type Check,
  type Finding,
  fail,
  pass,
  sentenceOf,
  skip,
  type Tools,
  warn,
} from './checks.ts';
import { readDemo } from './session.ts';

/** Checks of what stands outside: the payment provider and the mail server. */

const STRIPE_ITSELF = 'https://api.stripe.com';
/** Customers who paid see "waiting" until the webhook has come; Stripe sends it within seconds. */
const SILENT_WARN_MINUTES = 15;

type Balance = { readonly status: number; readonly livemode: boolean | null };

async function askBalance({ stripe_api_base, stripe_key }: Tools): Promise<Balance> {
  const headers: Record<string, string> =
    stripe_key === null ? {} : { authorization: `Bearer ${stripe_key}` };
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const response = await fetch(`${stripe_api_base}/v1/balance`, { headers, signal });
  const body: unknown = await response.json().catch(() => null);
  const livemode =
    typeof body === 'object' && body !== null && 'livemode' in body ? body.livemode : null;
  return { status: response.status, livemode: typeof livemode === 'boolean' ? livemode : null };
}

const hasStripe = ({ stripe_key, stripe_api_base }: Tools) =>
  stripe_key !== null || stripe_api_base !== STRIPE_ITSELF;
const no_stripe = skip('STRIPE_SECRET_KEY is not set: only pay at clinic works');

const reach: Check = {
  id: 'stripe.reach',
  about: 'the payment provider answers and takes the key',
  look: async (tools) => {
    if (!hasStripe(tools)) return no_stripe;
    const { stripe_api_base, stripe_key } = tools;
    let status: number;
    try {
      ({ status } = await askBalance(tools));
    } catch (error) {
      const next = 'does this machine get out to the internet? then: https://status.stripe.com';
      return fail(`${stripe_api_base}: ${sentenceOf(error)}`, next);
    }
    if (stripe_key === null) return pass(`${stripe_api_base} answers (no key here to try)`);
    return status === 200
      ? pass(`${stripe_api_base} takes the key`)
      : fail(`${stripe_api_base} refuses the key (${status})`, 'set STRIPE_SECRET_KEY');
  },
};

type Mode = {
  /** PETPRO_ENV. */
  readonly env: 'dev' | 'staging' | 'prod';
  /** What the profile in force says about the server. */
  readonly server_env: string | null;
  readonly key: string;
  readonly livemode: boolean | null;
  readonly api_base: string;
};

/** Live money where it belongs, test money everywhere else. */
export function judgeMode({ env, server_env, key, livemode, api_base }: Mode): Finding {
  const is_live = livemode ?? /^[a-z]+_live_/.test(key);
  const is_test = livemode === null ? /^[a-z]+_test_/.test(key) : !livemode;
  const is_prod = env === 'prod' || server_env === 'prod';
  if (!is_live && !is_test) return warn('the key does not say live or test', 'is it a secret key?');
  if (is_prod && is_test) {
    return fail(
      'production takes test money: nobody would really pay',
      'set STRIPE_SECRET_KEY to the live key',
    );
  }
  if (!is_prod && is_live) {
    return fail(
      `real money in ${env}: cards would be charged`,
      'set STRIPE_SECRET_KEY to a test key (sk_test_..), or PETPRO_ENV=prod',
    );
  }
  if (is_prod && api_base !== STRIPE_ITSELF) {
    return fail(`production pays at ${api_base}`, 'unset STRIPE_API_BASE');
  }
  return pass(`${is_live ? 'live' : 'test'} key in ${is_prod ? 'prod' : env}`);
}

const mode: Check = {
  id: 'stripe.mode',
  about: 'a live key in production, a test key everywhere else',
  look: async (tools) => {
    const { stripe_key: key, stripe_api_base: api_base, context } = tools;
    if (key === null) return hasStripe(tools) ? skip("the key is the demo's own") : no_stripe;
    // Without an answer the key's own name tells.
    const { livemode } = await askBalance(tools).catch(() => ({ livemode: null }));
    const { env, server } = context.config;
    return judgeMode({ env, server_env: server?.env ?? null, key, livemode, api_base });
  },
};

const secret: Check = {
  id: 'stripe.webhook_secret',
  about: 'signing secrets of the webhook are set and look like ones',
  look: async (tools) => {
    if (tools.stripe_key === null)
      return hasStripe(tools) ? skip("they are the demo's own") : no_stripe;
    const secrets = tools.context.config.stripe_webhook_secret;
    // A key without any secret is refused with the settings, before any check.
    if (secrets.length === 0) return skip('the demo has its own');
    const strange = secrets.filter((one) => !one.startsWith('whsec_')).length;
    if (strange > 0) {
      return warn(
        `${strange} of ${secrets.length} do not begin with whsec_: is it the API key?`,
        'copy it from the endpoint in the dashboard of Stripe (whsec_..)',
      );
    }
    return pass(secrets.length === 1 ? 'set' : `${secrets.length} set: one is being rotated`);
  },
};

export type WebhookRow = {
  readonly last_s: number | null;
  /** Pages whose time was over, or that are paid, since the last webhook; each of them makes Stripe say something. */
  readonly unheard: number;
};

function ago(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h ago`
    : `${Math.round(seconds / 86_400)} days ago`;
}

export function judgeWebhooks({ last_s, unheard }: WebhookRow): Finding {
  const said = last_s === null ? 'no webhook has ever come' : `the last one came ${ago(last_s)}`;
  if (unheard > 0) {
    return warn(
      `${said}, and ${unheard} payment pages ended without a word since`,
      'stripe dashboard > webhooks: is the endpoint reachable, is the secret right?',
    );
  }
  return last_s === null ? skip(said) : pass(said);
}

const webhook: Check = {
  id: 'stripe.last_webhook',
  about: 'news of payments arrive: the age of the last, and pages that ended without any',
  look: async (tools) => {
    if (tools.database_url === null) return skip('DATABASE_URL is not set and no demo runs');
    const sql = await tools.sql().catch(() => null);
    if (sql === null) return skip('PostgreSQL does not answer');
    const [row] = await run(sql<WebhookRow[]>`
      with last as (select max(received_at) as at from webhook_events)
      select extract(epoch from now() - last.at)::float8 as last_s,
        (
          select count(*)::integer
          from payments p
          where p.session_id is not null and p.status = 'pending' and p.session_closed_at is null
            and p.session_expires_at > now() - interval '1 day'
            and p.session_expires_at
              < now() - ${SILENT_WARN_MINUTES}::integer * interval '1 minute'
            and p.session_expires_at > coalesce(last.at, '-infinity')
        ) as unheard
      from last`);
    return judgeWebhooks(row ?? { last_s: null, unheard: 0 });
  },
};

const smtp: Check = {
  id: 'smtp.verify',
  about: 'the mail server takes us, and our password',
  look: async (tools) => {
    const { smtp_url, context } = tools;
    if (smtp_url === null) return skip('SMTP_URL is not set: mails wait in the outbox');
    const { createTransport } = await import('nodemailer');
    const { host } = new URL(smtp_url);
    // In the address, because options beside one are for the mails, not for the connection.
    const limited = new URL(smtp_url);
    for (const name of ['connectionTimeout', 'greetingTimeout', 'socketTimeout', 'dnsTimeout']) {
      limited.searchParams.set(name, String(CALL_TIMEOUT_MS));
    }
    const transport = createTransport(limited.href);
    try {
      await transport.verify();
      return pass(`${host} takes mail`);
    } catch (error) {
      const is_demo = readDemo(context.config) !== null && context.config.smtp_url === null;
      return fail(`${host}: ${sentenceOf(error)}`, is_demo ? 'petpro demo up' : 'set SMTP_URL');
    } finally {
      transport.close();
    }
  },
};

export const checks_outside: readonly Check[] = [reach, mode, secret, webhook, smtp];
