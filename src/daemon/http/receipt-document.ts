import type { FastifyRequest } from 'fastify';
import type { EndpointName } from '../../domain/api.ts';

type Asking = Pick<FastifyRequest, 'query' | 'headers'>;
export type Document = {
  readonly type: string;
  readonly body: string | Buffer;
  /** Null: shown, not saved. */
  readonly file_name: string | null;
};

/** Endpoints whose answer can be a document, and the member that its file is named by. */
const documents: Partial<Record<EndpointName, { readonly file: string; readonly by: string }>> = {
  get_receipt: { file: 'receipt', by: 'receipt_number' },
  get_tickets: { file: 'tickets', by: 'reference_code' },
  get_calendar: { file: 'calendar', by: 'from' },
  get_booking_calendar: { file: 'booking', by: 'reference_code' },
};

const type_formats: Readonly<Record<string, string>> = {
  'text/html': 'html',
  'text/plain': 'text',
  'application/pdf': 'pdf',
  'text/calendar': 'ics',
  'application/json': 'json',
  '*/*': 'json',
};

function accepted({ headers }: Asking): readonly string[] {
  return (headers.accept ?? '')
    .split(',')
    .map((range) => range.split(';')[0]?.trim().toLowerCase() ?? '');
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

/** What `format` or, without it, the first fitting type of `Accept` asks for. */
function formatOf(request: Asking): string {
  const asked = member(request.query, 'format');
  if (typeof asked === 'string') return asked;
  const first = accepted(request).find((type) => type in type_formats);
  return type_formats[first ?? ''] ?? 'json';
}

/** The query with the format that `Accept` asks for, where an action has to know: a PDF is drawn. */
export function withFormat(name: EndpointName, request: Asking): unknown {
  const { query } = request;
  if (!(name in documents) || formatOf(request) !== 'pdf') return query;
  return { ...Object(query), format: 'pdf' };
}

/**
 * The answer as a document of its own, or null when JSON was asked for. A PDF for a client that
 * accepts JSON alone stays inside the JSON.
 */
export function documentOf(name: EndpointName, output: unknown, request: Asking): Document | null {
  const names = documents[name];
  if (!names) return null;
  const format = formatOf(request);
  if (format === 'json') return null;
  const body = member(output, format);
  if (typeof body !== 'string') return null;
  if (format === 'ics') {
    const file_name = `${names.file}-${String(member(output, names.by))}.ics`;
    return { type: 'text/calendar; charset=utf-8', body, file_name };
  }
  if (format !== 'pdf') {
    const type = format === 'html' ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
    return { type, body, file_name: null };
  }
  if (accepted(request)[0] === 'application/json') return null;
  const file_name = `${names.file}-${String(member(output, names.by))}.pdf`;
  return { type: 'application/pdf', body: Buffer.from(body, 'base64'), file_name };
}

/** The headers of a document; that no cache keeps it is said of every answer (request-log.ts). */
export function documentHeaders({ type, file_name }: Document): Readonly<Record<string, string>> {
  return {
    'content-type': type,
    vary: 'accept',
    ...(file_name === null ? {} : { 'content-disposition': `inline; filename="${file_name}"` }),
  };
}
