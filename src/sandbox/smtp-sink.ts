import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { parseMail, type SinkMail } from './mail-parse.ts';
import { outboxPage } from './outbox-page.ts';
import { listenLoopback } from './process.ts';

const MAX_MAILS = 1_000;
const MAX_MAIL_BYTES = 1_048_576;
const MAX_REQUEST_BYTES = 10_000;

/** `defer` answers 451 (try later), `reject` 550 (never). */
type Fault = 'none' | 'defer' | 'reject';

export type SmtpSink = {
  readonly smtp_url: string;
  readonly outbox_url: string;
  readonly smtp_port: number;
  readonly outbox_port: number;
  /** Newest first. */
  readonly list: () => readonly SinkMail[];
  readonly stop: () => Promise<void>;
};

type Store = {
  readonly dir: string;
  readonly mails: SinkMail[];
  fault: Fault;
  last_id: string;
};

/** `2026-11-20T07:36:30.123Z` and a counter, so that names sort by arrival and never clash. */
function nextId(store: Store): string {
  const stamp = new Date().toISOString().replace(/[-:]/g, '');
  const [last_stamp, last_count] = store.last_id.split('_');
  const count = last_stamp === stamp ? Number(last_count) + 1 : 1;
  store.last_id = `${stamp}_${String(count).padStart(4, '0')}`;
  return store.last_id;
}

function receivedAt(id: string): string {
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d+Z).*/, '$1-$2-$3T$4:$5:$6');
}

function describe(id: string, bytes: Uint8Array): SinkMail {
  const { headers, subject, from, to, text } = parseMail(bytes);
  const envelope_to = headers.get('x-envelope-to');
  return { id, to: envelope_to || to, from, subject, received_at: receivedAt(id), text };
}

function remember(store: Store, mail: SinkMail): void {
  store.mails.push(mail);
  while (store.mails.length > MAX_MAILS) {
    const oldest = store.mails.shift();
    if (oldest) fs.rmSync(path.join(store.dir, `${oldest.id}.eml`), { force: true });
  }
}

/** Mails of earlier runs stay readable. */
function reload(store: Store): void {
  const files = fs.readdirSync(store.dir).filter((file) => /^\d{8}T[\w.]+\.eml$/.test(file));
  for (const file of files.sort()) {
    const id = file.slice(0, -'.eml'.length);
    remember(store, describe(id, fs.readFileSync(path.join(store.dir, file))));
    store.last_id = id;
  }
}

function refusal(code: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode: code });
}

/** Takes an SMS as Twilio's API does and keeps it beside the mails; the same faults hold. */
async function takeSms(
  store: Store,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const form = new URLSearchParams(await readBody(request));
  const [to, from, body] = ['To', 'From', 'Body'].map((name) => form.get(name) ?? '');
  if (!to || !from || !body) {
    return sendJson(response, 400, { code: 21602, message: 'To, From and Body are needed' });
  }
  if (store.fault === 'defer') return sendJson(response, 503, { code: 20503, message: 'later' });
  if (store.fault === 'reject') {
    return sendJson(response, 400, { code: 21211, message: 'number refused (sandbox fault)' });
  }
  const id = nextId(store);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const lines = [
    `X-Envelope-From: ${from.replace(/\p{Cc}/gu, '')}`,
    `X-Envelope-To: ${to.replace(/\p{Cc}/gu, '')}`,
    `Subject: =?utf-8?B?${base64('SMS')}?=`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    base64(body),
    '',
  ];
  const bytes = Buffer.from(lines.join('\r\n'));
  fs.writeFileSync(path.join(store.dir, `${id}.eml`), bytes, { mode: 0o600 });
  remember(store, describe(id, bytes));
  sendJson(response, 201, { sid: `SM${id}`, status: 'queued' });
}

/** The envelope is what was asked of us; the headers only say what the sender shows. */
function withEnvelope(session: SMTPServerSession, body: Buffer): Buffer {
  const to = session.envelope.rcptTo.map((recipient) => recipient.address).join(', ');
  const from = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
  return Buffer.concat([Buffer.from(`X-Envelope-From: ${from}\r\nX-Envelope-To: ${to}\r\n`), body]);
}

function onData(store: Store) {
  return (
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error?: Error | null, message?: string) => void,
  ) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_MAIL_BYTES) chunks.push(chunk);
    });
    stream.on('error', (error) => done(error));
    stream.on('end', () => {
      if (size > MAX_MAIL_BYTES) return done(refusal(552, 'message is larger than 1 MB'));
      if (store.fault === 'defer') return done(refusal(451, 'try again later (sandbox fault)'));
      if (store.fault === 'reject') return done(refusal(550, 'mailbox refused (sandbox fault)'));
      const id = nextId(store);
      const bytes = withEnvelope(session, Buffer.concat(chunks));
      try {
        fs.writeFileSync(path.join(store.dir, `${id}.eml`), bytes, { mode: 0o600 });
      } catch {
        return done(refusal(452, 'the outbox folder cannot be written'));
      }
      remember(store, describe(id, bytes));
      return done(null, `stored as ${id}`);
    });
  };
}

function answer(
  response: http.ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
) {
  response.writeHead(status, {
    'content-type': type,
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  response.end(body);
}

const sendJson = (response: http.ServerResponse, status: number, body: unknown) =>
  answer(response, status, 'application/json', JSON.stringify(body));

async function readBody(request: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_REQUEST_BYTES) throw new Error('body too large');
  }
  return text;
}

async function handle(
  store: Store,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const route = `${request.method} ${url.pathname}`;
  const newest_first = store.mails.toReversed();
  if (route === 'GET /') {
    return answer(response, 200, 'text/html; charset=utf-8', outboxPage(newest_first));
  }
  if (route === 'GET /messages') {
    const to = url.searchParams.get('to');
    const items = to ? newest_first.filter((mail) => mail.to.includes(to)) : newest_first;
    return sendJson(response, 200, { items });
  }
  if (route === 'DELETE /messages') {
    for (const mail of store.mails.splice(0)) {
      fs.rmSync(path.join(store.dir, `${mail.id}.eml`), { force: true });
    }
    return sendJson(response, 200, { items: [] });
  }
  if (/^POST \/2010-04-01\/Accounts\/[^/]+\/Messages\.json$/.test(route)) {
    return await takeSms(store, request, response);
  }
  if (route === 'POST /faults') {
    const mode = /"mode"\s*:\s*"(none|defer|reject)"/.exec(await readBody(request))?.[1];
    const known = (['none', 'defer', 'reject'] as const).find((fault) => fault === mode);
    if (!known) return sendJson(response, 400, { detail: 'mode is none, defer or reject' });
    store.fault = known;
    return sendJson(response, 200, { mode: known });
  }
  const id = /^GET \/messages\/([\w.]+?)(\.eml)?$/.exec(route);
  const mail = store.mails.find((candidate) => candidate.id === id?.[1]);
  if (mail && id?.[2]) {
    const bytes = fs.readFileSync(path.join(store.dir, `${mail.id}.eml`));
    return answer(response, 200, 'message/rfc822', bytes);
  }
  if (mail) return sendJson(response, 200, mail);
  return sendJson(response, 404, { detail: 'There is no such mail.' });
}

/**
 * Starts a mail server that keeps what it gets as .eml files (the last 1000, 1 MB each) and shows
 * them over HTTP: `/`, `/messages`, `/messages/{id}.eml`. SMS come in there too. Loopback only.
 */
export async function startSmtpSink(options: {
  readonly dir: string;
  readonly smtp_port?: number;
  readonly outbox_port?: number;
}): Promise<SmtpSink> {
  const store: Store = { dir: options.dir, mails: [], fault: 'none', last_id: '' };
  fs.mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  reload(store);
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    size: MAX_MAIL_BYTES,
    banner: 'petpro outbox: mail goes no further',
    closeTimeout: 1_000,
    onData: onData(store),
  });
  // A client that hangs up in the middle is its own problem.
  smtp.on('error', () => {});
  const outbox = http.createServer((request, response) => {
    handle(store, request, response).catch(() => {
      if (!response.headersSent) sendJson(response, 500, { detail: 'The outbox broke.' });
    });
  });
  const smtp_port = await listenLoopback(smtp.server, options.smtp_port ?? 0);
  const outbox_port = await listenLoopback(outbox, options.outbox_port ?? 0);
  return {
    smtp_url: `smtp://127.0.0.1:${smtp_port}`,
    outbox_url: `http://127.0.0.1:${outbox_port}`,
    smtp_port,
    outbox_port,
    list: () => store.mails.toReversed(),
    stop: async () => {
      outbox.closeAllConnections();
      await Promise.all([
        new Promise<void>((resolve) => smtp.close(() => resolve())),
        new Promise<void>((resolve) => outbox.close(() => resolve())),
      ]);
    },
  };
}
