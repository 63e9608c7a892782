/** As much of MIME as an outbox needs: headers, encoded words, nested parts, transfer encodings. */

const MAX_DEPTH = 10;
const MAX_PARTS = 100;
const MAX_TEXT_CHARS = 20_000;

export type ParsedMail = {
  /** Lower-case names; the first of each. */
  readonly headers: ReadonlyMap<string, string>;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  /** The plain text part, or the HTML part without its tags. */
  readonly text: string;
};

/** A mail of the outbox. */
export type SinkMail = {
  readonly id: string;
  readonly to: string;
  readonly from: string;
  readonly subject: string;
  /** RFC 3339, UTC. */
  readonly received_at: string;
  readonly text: string;
};

/** An unknown charset label must not lose a mail: UTF-8 is the best guess then. */
function decodeBytes(bytes: Uint8Array, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function fromQuotedPrintable(text: string): Buffer {
  const joined = text.replace(/[ \t]+$/gm, '').replace(/=\r?\n/g, '');
  const bytes = joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}

const encoded_word = /=\?([^?*]+)(?:\*[^?]*)?\?([bq])\?([^?]*)\?=/gi;

/**
 * Decodes RFC 2047 words. Blanks between two words vanish, and words of one charset are joined as
 * bytes first, because some senders cut a Japanese character in half.
 */
export function decodeWords(header: string): string {
  const joined = header.replace(/(\?=)\s+(?==\?)/g, '$1');
  let out = '';
  let at = 0;
  let pending: { charset: string; bytes: Buffer[] } | null = null;
  const flush = () => {
    if (pending) out += decodeBytes(Buffer.concat(pending.bytes), pending.charset);
    pending = null;
  };
  for (const match of joined.matchAll(encoded_word)) {
    const [whole, charset = '', encoding = '', data = ''] = match;
    if (match.index > at) {
      flush();
      out += joined.slice(at, match.index);
    }
    const bytes =
      encoding.toLowerCase() === 'b'
        ? Buffer.from(data, 'base64')
        : fromQuotedPrintable(data.replaceAll('_', ' ').replace(/ $/, '=20'));
    const label = charset.toLowerCase();
    if (pending && pending.charset !== label) flush();
    pending ??= { charset: label, bytes: [] };
    pending.bytes.push(bytes);
    at = match.index + whole.length;
  }
  flush();
  return out + joined.slice(at);
}

function splitHead(raw: string): { headers: Map<string, string>; body: string } {
  const end = /\r?\n\r?\n/.exec(raw);
  const head = end ? raw.slice(0, end.index) : raw;
  const body = end ? raw.slice(end.index + end[0].length) : '';
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  return { headers, body };
}

/** `text/plain; charset="utf-8"` -> the value of one parameter. */
function parameter(header: string, name: string): string | null {
  const match = new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, 'i').exec(header);
  return match?.[1] ?? match?.[2] ?? null;
}

function decodeBody(headers: ReadonlyMap<string, string>, body: string): string {
  const encoding = (headers.get('content-transfer-encoding') ?? '7bit').toLowerCase();
  const charset = parameter(headers.get('content-type') ?? '', 'charset') ?? 'utf-8';
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body, 'base64')
      : encoding === 'quoted-printable'
        ? fromQuotedPrintable(body)
        : Buffer.from(body, 'latin1');
  return decodeBytes(bytes, charset);
}

function splitParts(body: string, boundary: string): readonly string[] {
  const literal = boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const delimiter = new RegExp(`(?:^|\\r?\\n)--${literal}(--)?[ \\t]*(?:\\r?\\n|$)`);
  const pieces: string[] = [];
  let rest = body;
  while (pieces.length < MAX_PARTS) {
    const match = delimiter.exec(rest);
    if (!match) break;
    pieces.push(rest.slice(0, match.index));
    rest = rest.slice(match.index + match[0].length);
    if (match[1]) break;
  }
  // What stands before the first delimiter is for readers without MIME.
  return pieces.slice(1);
}

function withoutTags(html: string): string {
  const names: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };
  return html
    .replace(/<(style|script)[\s\S]*?<\/\1>/gi, '')
    .replace(/<br\s*\/?>|<\/(p|div|tr|h\d|li)>/gi, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(\w+);/g, (whole, name: string) => names[name] ?? whole)
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

type Texts = { plain: string | null; html: string | null };

function collect(raw: string, found: Texts, depth: number): void {
  const { headers, body } = splitHead(raw);
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = parameter(type, 'boundary');
  if (/^multipart\//i.test(type) && boundary !== null) {
    if (depth < MAX_DEPTH) {
      for (const part of splitParts(body, boundary)) collect(part, found, depth + 1);
    }
    return;
  }
  if (/^attachment/i.test(headers.get('content-disposition') ?? '')) return;
  if (/^text\/html/i.test(type)) found.html ??= decodeBody(headers, body);
  else if (/^text\/plain/i.test(type)) found.plain ??= decodeBody(headers, body);
}

/** Reads a raw message. Never throws: broken mail shows as much of itself as can be read. */
export function parseMail(bytes: Uint8Array): ParsedMail {
  // latin1 keeps every byte as one character, so that charsets are applied part by part later.
  const raw = Buffer.from(bytes).toString('latin1');
  const { headers } = splitHead(raw);
  const found: Texts = { plain: null, html: null };
  collect(raw, found, 0);
  const utf8 = (name: string) =>
    decodeWords(Buffer.from(headers.get(name) ?? '', 'latin1').toString('utf8'));
  const text = found.plain ?? withoutTags(found.html ?? '');
  return {
    headers,
    subject: utf8('subject'),
    from: utf8('from'),
    to: utf8('to'),
    text: text.replaceAll('\r\n', '\n').slice(0, MAX_TEXT_CHARS),
  };
}
