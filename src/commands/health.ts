import { AppError } from '../domain/errors.ts';
import type { Context } from './context.ts';
import { askHttp } from './http.ts';
import { printOne } from './output.ts';
import { serverOf } from './session.ts';
import { type Args, flagOption } from './spec.ts';

/** What the daemon says of itself; fields beyond these pass through. */
export type Health = Readonly<Record<string, unknown>>;

/** Asks a health address; also a 503 has a body that says why. Throws `unavailable` when nobody answers. */
export async function askHealth(
  context: Context,
  path: '/healthz' | '/readyz',
): Promise<{ readonly ok: boolean; readonly body: Health; readonly url: string }> {
  const { url } = serverOf(context.config);
  const deadline = AbortSignal.timeout(context.config.timeout_ms);
  const signal = AbortSignal.any([deadline, context.signal]);
  try {
    const { status, text } = await askHttp({ url: `${url}${path}`, signal });
    const body: unknown = JSON.parse(text);
    const fields = typeof body === 'object' && body !== null ? { ...body } : {};
    return { ok: status >= 200 && status < 300, body: fields, url };
  } catch (error) {
    const detail = `No PetPro daemon answers at ${url}.`;
    throw new AppError(
      'unavailable',
      detail,
      { next: 'petpro doctor --only daemon' },
      { cause: error },
    );
  }
}

/** One line per check of `/readyz`. */
function checkLines(body: Health): readonly (readonly [string, string])[] {
  const { checks } = body;
  if (!Array.isArray(checks)) return [];
  return checks.map((check: Health) => {
    const text = `${String(check['status'])}, ${String(check['detail'])}`;
    return [String(check['name']), text] as const;
  });
}

/** `petpro health`: 0 healthy, 10 unhealthy, 11 not reached. */
export async function health(context: Context, args: Args): Promise<number> {
  const ready = flagOption(args, 'ready');
  const { ok, body, url } = await askHealth(context, ready ? '/readyz' : '/healthz');
  if (!context.quiet || context.mode !== 'table') {
    printOne(context, {
      kind: 'Health',
      item: { url, ok, ...body },
      csv: ['url', 'ok', 'status', 'version'],
      name: ok ? 'ok' : 'unhealthy',
      lines: [[ok ? 'ok' : 'UNHEALTHY', url], ...checkLines(body)],
    });
  }
  return ok ? 0 : 10;
}
