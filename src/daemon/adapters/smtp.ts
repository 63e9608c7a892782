import { createTransport } from 'nodemailer';
import type { EmailMessage, Messenger, SendResult } from '../../domain/ports.ts';
import type { Log } from '../../log.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const GREETING_TIMEOUT_MS = 5_000;
/** Silence on an open connection; a whole mail is far below. */
const SOCKET_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 3;

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

/**
 * Whether a failed mail can ever go out. 5xx is a final no of the other side (RFC 5321 4.2.1), but
 * 503 speaks of the session and authentication failures of our own settings: those pass when
 * somebody repairs them.
 */
export function judgeFailure(error: unknown): SendResult {
  const { response_code, code, text } = smtpFacts(error);
  const is_ours = code === 'EAUTH' || code === 'ENOAUTH' || response_code === 503;
  const is_final = response_code !== null && response_code >= 500 && !is_ours;
  const is_unsendable = response_code === null && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return { outcome: is_final || is_unsendable ? 'dead' : 'retry', error: text };
}

const methodOf = (calendar: string) =>
  calendar.includes('\r\nMETHOD:CANCEL\r\n') ? 'CANCEL' : 'PUBLISH';

/** Mail over SMTP with a small pool of connections. `sendEmail` never throws. */
export function openSmtp(options: {
  readonly url: string;
  readonly from: string;
  readonly log: Log;
}): Messenger {
  const { from, log } = options;
  const url = new URL(options.url);
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
    maxConnections: MAX_CONNECTIONS,
    // The dispatcher retries with backoff and counts the tries; a second queue would hide them.
    maxRequeues: 0,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: GREETING_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  transport.on('error', (error) => log.debug('mail.connection_error', { err: error }));

  const send = async (message: EmailMessage): Promise<SendResult> => {
    try {
      await transport.sendMail({
        from,
        to: message.to,
        subject: message.subject,
        text: message.text,
        html: message.html,
        messageId: `<${message.message_id}@petpro>`,
        // RFC 3834: keeps vacation notices from answering.
        headers: { 'Auto-Submitted': 'auto-generated' },
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
      });
      return { outcome: 'sent' };
    } catch (error) {
      return judgeFailure(error);
    }
  };

  return {
    sendEmail: send,
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

/** No mail server configured: mails stay in the outbox and go out once there is one. */
export function openNoMail(): Messenger {
  return {
    sendEmail: async () => ({ outcome: 'retry', error: 'SMTP_URL is not set' }),
    health: async () => ({ ok: false, detail: 'SMTP_URL is not set' }),
    close: async () => {},
  };
}
