import { createTransport } from 'nodemailer';
import type { EmailMessage, SendResult } from '../../domain/ports.ts';
import type { Log } from '../../log.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const GREETING_TIMEOUT_MS = 5_000;
/** Silence on an open connection; a whole mail is far below. */
const SOCKET_TIMEOUT_MS = 15_000;
export const smtp_connections_max = 5;
/** Servers that greylist want to be asked again after minutes, not after seconds. */
const GREYLIST_MS = 300_000;

/** Only what a failed send can tell us; nodemailer adds these to a plain Error. */
function smtpFacts(error: unknown): {
  readonly response_code: number | null;
  readonly code: string | null;
  readonly text: string;
} {
  if (!(error instanceof Error)) return { response_code: null, code: null, text: String(error) };
  const { responseCode, code } = error as Error & { responseCode?: unknown; code?: unknown };
  return {
    response_code: typeof responseCode === 'number' ? responseCode : null,
    code: typeof code === 'string' ? code : null,
    text: error.message.slice(0, 500),
  };
}

/** Our own settings or the session are wrong, not this mail: 421, 454, 503, 53x (RFC 4954). */
const provider_codes: readonly number[] = [421, 454, 503, 530, 534, 535, 538];
const address_codes: readonly number[] = [550, 551, 553];

/**
 * Whether a failed mail can ever go out, and whether others can. 5xx is a final no of the other
 * side (RFC 5321 4.2.1), 4xx a no for now; what goes wrong before a mail is looked at goes wrong
 * for all of them.
 */
export function judgeFailure(error: unknown): SendResult {
  const { response_code, code, text } = smtpFacts(error);
  if (response_code === null) {
    const name = `smtp ${code ?? 'unknown'}`;
    const is_unsendable = code === 'EENVELOPE' || code === 'EMESSAGE';
    return { outcome: is_unsendable ? 'dead' : 'defer', code: name, error: text };
  }
  // RFC 3463: `550 5.1.1 no such user` or, over several lines, `550-5.1.1 no such user`.
  const enhanced = /\b\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1] ?? null;
  const name = ['smtp', response_code, enhanced].filter((part) => part !== null).join(' ');
  const is_ours = code === 'EAUTH' || code === 'ENOAUTH' || provider_codes.includes(response_code);
  if (is_ours) return { outcome: 'defer', code: name, error: text };
  if (response_code < 500) {
    const is_greylist = /gr[ea]y-?list/i.test(text) || enhanced === '4.7.1';
    const wait = is_greylist ? { retry_after_ms: GREYLIST_MS } : {};
    return { outcome: 'retry', code: name, error: text, ...wait };
  }
  // 5.7.x is a rule against the mail, 5.2.2 a full mailbox: the address may be good.
  const blames_address = enhanced === null || /^5\.1\.|^5\.2\.1$/.test(enhanced);
  const is_bad_address = address_codes.includes(response_code) && blames_address;
  return { outcome: 'dead', code: name, error: text, is_bad_address };
}

const methodOf = (calendar: string) =>
  calendar.includes('\r\nMETHOD:CANCEL\r\n') ? 'CANCEL' : 'PUBLISH';

/** `PetPro <no-reply@petpro.example>` -> `petpro.example`: the right side of our Message-IDs. */
export function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'petpro.localhost';
}

/** The headers that a mail program threads and files by. */
function headersOf(message: EmailMessage, domain: string) {
  const { thread = null, unsubscribe_url = null } = message;
  const root = thread === null ? null : `<${thread}@${domain}>`;
  return {
    messageId: `<${message.message_id}@${domain}>`,
    // All mails of a booking answer one that was never sent: that is enough to thread them.
    ...(root === null ? {} : { inReplyTo: root, references: [root] }),
    headers: {
      // RFC 3834: keeps vacation notices from answering.
      'Auto-Submitted': 'auto-generated',
      ...(unsubscribe_url === null
        ? {}
        : {
            'List-Unsubscribe': `<${unsubscribe_url}>`,
            'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          }),
    },
  };
}

function contentOf(message: EmailMessage) {
  return {
    text: message.text,
    html: message.html,
    attachments: (message.attachments ?? []).map(({ file_name, type, content }) => ({
      filename: file_name,
      contentType: type,
      content: Buffer.from(content),
    })),
    ...(message.calendar === null
      ? {}
      : {
          icalEvent: {
            method: methodOf(message.calendar),
            filename: 'appointment.ics',
            content: message.calendar,
          },
        }),
  };
}

/** The private key is a PEM document. */
type Dkim = { readonly domain: string; readonly selector: string; readonly private_key: string };

function dkimOf(dkim: Dkim | null) {
  if (dkim === null) return {};
  const { domain: domainName, selector: keySelector, private_key: privateKey } = dkim;
  return { dkim: { domainName, keySelector, privateKey } };
}

type SmtpOptions = {
  readonly url: string;
  readonly from: string;
  readonly dkim?: Dkim | null;
  readonly log: Log;
};

export type Mailer = {
  readonly send: (message: EmailMessage) => Promise<SendResult>;
  readonly health: () => Promise<{ readonly ok: boolean; readonly detail: string }>;
  readonly close: () => Promise<void>;
};

/** Mail over SMTP with a small pool of connections. `send` never throws. */
export function openSmtp(options: SmtpOptions): Mailer {
  const { from, log, dkim = null } = options;
  const url = new URL(options.url);
  const domain = domainOf(from);
  const transport = createTransport({
    pool: true,
    host: url.hostname,
    port: Number(url.port) || (url.protocol === 'smtps:' ? 465 : 587),
    secure: url.protocol === 'smtps:',
    ...(url.username
      ? {
          auth: {
            user: decodeURIComponent(url.username),
            pass: decodeURIComponent(url.password),
          },
        }
      : {}),
    ...dkimOf(dkim),
    maxConnections: smtp_connections_max,
    // The dispatcher retries with backoff and counts the tries; a second queue would hide them.
    maxRequeues: 0,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  transport.on('error', (error) => log.debug('mail.connection_error', { err: error }));

  return {
    send: async (message) => {
      const { to, subject } = message;
      const envelope = { from, to, subject, ...headersOf(message, domain) };
      try {
        const info = await transport.sendMail({ ...envelope, ...contentOf(message) });
        return { outcome: 'sent', provider_id: info.response.slice(0, 200) };
      } catch (error) {
        return judgeFailure(error);
      }
    },
    health: async () => {
      try {
        await transport.verify();
        return { ok: true, detail: url.host };
      } catch (error) {
        return { ok: false, detail: smtpFacts(error).text };
      }
    },
    close: async () => transport.close(),
  };
}
