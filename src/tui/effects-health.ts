import type { ApiClient } from '../domain/client.ts';
import { AppError } from '../domain/errors.ts';
import type { OpsOutside } from './effects-ops.ts';
import { problemOf } from './effects-problem.ts';
import type { Effect } from './model.ts';
import type { Got, HealthEffect, HealthResult, Ready, ReadyCheck } from './model-health.ts';

/** Carries out what the health screen asks for. Nothing here decides anything. */

const CALL_MS = 8_000;
/** The report looks at every slot, booking, payment and lock. */
const RECONCILE_MS = 60_000;
/** Checks of a daemon; theirs are fewer. */
const CHECKS_MAX = 60;

const health_types: Readonly<Record<HealthEffect['type'], true>> = {
  load_health: true,
  ack_alert: true,
  mute_alert: true,
  unmute_alert: true,
  request_refresh: true,
  reconcile_dry: true,
};

/** True when the effect belongs to the health screen. */
export function isHealthEffect(effect: Effect): effect is HealthEffect {
  return Object.hasOwn(health_types, effect.type);
}

const textIn = (value: object, name: string): string => {
  const found: unknown = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof found === 'string' ? found : '';
};

function checkOf(value: unknown): ReadyCheck | null {
  if (typeof value !== 'object' || value === null) return null;
  const status = textIn(value, 'status');
  if (status !== 'ok' && status !== 'degraded' && status !== 'down') return null;
  const latency: unknown = 'latency_ms' in value ? value.latency_ms : null;
  return {
    name: textIn(value, 'name'),
    status,
    detail: textIn(value, 'detail'),
    latency_ms: typeof latency === 'number' ? latency : null,
  };
}

/** What `/readyz` says, whichever version of the daemon says it; a 503 has the reason in its body too. */
export async function askReady(feed_url: string): Promise<Ready> {
  const url = new URL('/readyz', feed_url.replace(/^ws/, 'http'));
  const body = await fetch(url, { signal: AbortSignal.timeout(CALL_MS) })
    .then(async (response): Promise<unknown> => await response.json())
    .catch((cause: unknown) => {
      throw new AppError('unavailable', `${url.host} does not answer /readyz.`, {}, { cause });
    });
  const fields = typeof body === 'object' && body !== null ? body : {};
  const checks: unknown = 'checks' in fields ? fields.checks : [];
  return {
    version: textIn(fields, 'version'),
    draining: 'draining' in fields && fields.draining === true,
    checks: Array.isArray(checks)
      ? checks.slice(0, CHECKS_MAX).flatMap((one: unknown) => checkOf(one) ?? [])
      : [],
  };
}

/** A part that fails leaves the others standing. */
async function got<T>(work: Promise<T>): Promise<Got<T>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

export type HealthOutside = Pick<OpsOutside, 'client' | 'now'> & {
  readonly ready: () => Promise<Ready>;
};

async function look(
  { client, now, ready }: HealthOutside,
  effect: Extract<HealthEffect, { type: 'load_health' }>,
): Promise<HealthResult> {
  const from_ms = now();
  const options = { timeout_ms: CALL_MS };
  const [alerts, kpis, checks, views] = await Promise.all([
    got(client.call('list_alerts', {}, options)),
    got(client.call('get_kpis', {}, options)),
    got(ready()),
    effect.with_views ? got(client.call('list_views', {}, options)) : null,
  ]);
  const took_ms = now() - from_ms;
  return { type: 'health', seq: effect.seq, alerts, kpis, checks, views, took_ms };
}

async function change(
  client: ApiClient,
  effect: Exclude<HealthEffect, { type: 'load_health' }>,
): Promise<HealthResult> {
  const options = { idempotency_key: effect.key, timeout_ms: CALL_MS };
  switch (effect.type) {
    case 'ack_alert': {
      const alert = await client.call('ack_alert', { name: effect.name }, options);
      return { type: 'alert_changed', what: 'ack', alert };
    }
    case 'mute_alert': {
      const { name, for_s, reason } = effect;
      const alert = await client.call('mute_alert', { name, for_s, reason }, options);
      return { type: 'alert_changed', what: 'mute', alert };
    }
    case 'unmute_alert': {
      const alert = await client.call('unmute_alert', { name: effect.name }, options);
      return { type: 'alert_changed', what: 'unmute', alert };
    }
    case 'request_refresh': {
      const { view_name, concurrently } = effect;
      const view = await client.call('refresh_view', { view_name, concurrently }, options);
      return { type: 'view_requested', view };
    }
    case 'reconcile_dry': {
      const slow = { ...options, timeout_ms: RECONCILE_MS };
      return {
        type: 'reconciled',
        report: await client.call('reconcile', { dry_run: true }, slow),
      };
    }
  }
}

/** Asks the server for it. */
export async function askHealth(
  outside: HealthOutside,
  effect: HealthEffect,
): Promise<HealthResult> {
  return effect.type === 'load_health' ? look(outside, effect) : change(outside.client, effect);
}
