import type { SinkMail } from './mail-parse.ts';

const SHOWN = 100;

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const safe = (text: string) => text.replace(/[&<>"']/g, (char) => escapes[char] ?? char);

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto }
  details { border-top: 1px solid #8888; padding: .6rem 0 }
  summary { cursor: pointer } summary small { opacity: .75 }
  pre { white-space: pre-wrap; overflow-wrap: anywhere }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } a { color: #9cf } }
`;

function row(mail: SinkMail): string {
  const at = mail.received_at;
  return `<details><summary><strong>${safe(mail.subject || '(no subject)')}</strong>
<small>to ${safe(mail.to)}, <time datetime="${at}">${at}</time></small>
</summary><pre>${safe(mail.text)}</pre>
<p><a href="/messages/${mail.id}.eml">Source</a></p></details>`;
}

/** The outbox for people: newest first, plain HTML without scripts. */
export function outboxPage(mails: readonly SinkMail[]): string {
  const shown = mails.slice(0, SHOWN);
  const more = mails.length > SHOWN ? `<p>${mails.length - SHOWN} older ones are kept.</p>` : '';
  const list = shown.map(row).join('\n') || '<p>No mail has been sent yet.</p>';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>PetPro outbox (${mails.length})</title>
<meta name="viewport" content="width=device-width"><style>${style}</style></head>
<body><h1>Outbox</h1><p>Mails and SMS that the demo sent. They went no further than this machine.</p>
<main>${list}</main>${more}</body></html>`;
}
