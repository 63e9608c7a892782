import { AppError } from '../domain/errors.ts';

/** Whom we may load: this machine, unless the person says twice that the target is theirs. */

const PROBE_MS = 5_000;
const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export type Target = {
  readonly url: string;
  /** `prod` comes from the target itself or from our own settings; null = it does not say. */
  readonly env: string | null;
  readonly version: string | null;
};

export type Insistence = { readonly is_mine: boolean; readonly yes_really: boolean };

export const isLoopback = (url: string): boolean => loopback.test(new URL(url).hostname);

/** Asks the target who it is; throws `unavailable` when it does not answer or is not ready. */
export async function askTarget(url: string, signal: AbortSignal): Promise<Target> {
  let response: Response;
  let body: unknown;
  try {
    const signals = AbortSignal.any([AbortSignal.timeout(PROBE_MS), signal]);
    response = await fetch(`${url}/readyz`, { signal: signals });
    body = await response.json();
  } catch (error) {
    const detail = `Nothing answers at ${url}.`;
    throw new AppError('unavailable', detail, { next: 'petpro demo up' }, { cause: error });
  }
  if (!response.ok) {
    throw new AppError('unavailable', `${url} is not ready.`, { next: 'petpro health --ready' });
  }
  const fields: Readonly<Record<string, unknown>> =
    typeof body === 'object' && body !== null ? { ...body } : {};
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : null);
  return { url, env: text('env'), version: text('version') };
}

/** Throws `policy_refused` for production and for other machines, unless both words were said. */
export function refuseForeign(
  target: Pick<Target, 'url' | 'env'>,
  our_env: string,
  insistence: Insistence,
): void {
  const is_prod = target.env === 'prod' || our_env === 'prod';
  const reasons = [
    ...(is_prod ? ['it is production'] : []),
    ...(isLoopback(target.url) ? [] : ['it is not on this machine']),
  ];
  if (reasons.length === 0) return;
  if (insistence.is_mine && insistence.yes_really) return;
  const { host } = new URL(target.url);
  throw new AppError('policy_refused', `No load on ${host}: ${reasons.join(' and ')}.`, {
    next: 'petpro load run --target-is-mine --yes-really',
  });
}

/** The API must see the clinic that we just made, or it works on another database. */
export async function checkSameDatabase(
  url: string,
  token: string,
  clinic_id: string,
  signal: AbortSignal,
): Promise<void> {
  const signals = AbortSignal.any([AbortSignal.timeout(PROBE_MS), signal]);
  const response = await fetch(`${url}/v1/clinics/${clinic_id}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: signals,
  });
  if (response.ok) return;
  const detail = `${url} answered ${response.status} for the load clinic: it uses another database.`;
  throw new AppError('unavailable', detail, {
    next: 'DATABASE_URL=.. PETPRO_URL=.. petpro load run',
  });
}
