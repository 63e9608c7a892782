import type { FastifyRequest } from 'fastify';

/** What `format` or, without it, the first fitting type of `Accept` asks for. */
function formatOf({ query, headers }: Pick<FastifyRequest, 'query' | 'headers'>): string {
  const asked = typeof query === 'object' && query !== null ? Reflect.get(query, 'format') : null;
  if (typeof asked === 'string') return asked;
  for (const range of (headers.accept ?? '').split(',')) {
    const type = range.split(';')[0]?.trim().toLowerCase();
    if (type === 'text/html') return 'html';
    if (type === 'text/plain') return 'text';
    if (type === 'application/json' || type === '*/*') return 'json';
  }
  return 'json';
}

/** The receipt as a document of its own, or null when JSON was asked for. */
export function receiptDocument(
  output: unknown,
  request: Pick<FastifyRequest, 'query' | 'headers'>,
): { readonly type: string; readonly body: string } | null {
  const format = formatOf(request);
  if (format === 'json' || typeof output !== 'object' || output === null) return null;
  const body: unknown = Reflect.get(output, format);
  const type = format === 'html' ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
  return typeof body === 'string' ? { type, body } : null;
}
