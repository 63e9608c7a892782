// The pay page: one HTML form that works without scripts, and a button for each way a payment can
// go.

import { formatMoney } from '../domain/money.ts';
import type { PayOutcome } from './stripe-outcomes.ts';
import { type Lang, type Texts, texts } from './stripe-page-texts.ts';
import type { CheckoutSession, Delivery, LineItem, PaymentIntent } from './stripe-types.ts';

const style = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;display:grid;place-items:start center;min-height:100vh;padding:1.5rem 1rem}
main{width:100%;max-width:26rem}
h1{font-size:1rem;font-weight:600;margin:0}
.amount{font-size:2.25rem;font-weight:700;margin:.25rem 0}
.note{border-left:4px solid #b45309;padding:.25rem .75rem;margin:0 0 1.5rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1rem 0 1.5rem}
dd{margin:0;text-align:right}
button{display:block;width:100%;font:inherit;text-align:left;padding:.6rem .9rem;margin:.4rem 0;
border:1px solid #64748b;border-radius:.5rem;background:transparent;color:inherit;cursor:pointer}
button.main{background:#1d4ed8;border-color:#1d4ed8;color:#fff;font-weight:600}
button small{display:block;font-weight:400}
button:focus-visible,a:focus-visible,summary:focus-visible
{outline:3px solid #f59e0b;outline-offset:2px}
[role=status]{font-size:1.15rem;font-weight:600;margin:1rem 0}
ul{padding-left:1.2rem}code{font-size:.85em}`;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);
}

/** Only web addresses become links: a session may have been made with any text. */
function safeLink(url: string | null, label: string): string {
  if (url === null || !/^https?:\/\//.test(url)) return '';
  return `<p><a href="${escapeHtml(url)}">${escapeHtml(label)}</a></p>`;
}

function langOf(session: CheckoutSession): Lang {
  const short = session.locale?.slice(0, 2);
  return short === 'ja' || short === 'id' ? short : 'en';
}

function button(text: Texts, outcome: PayOutcome, look = ''): string {
  const { label, hint } = text.buttons[outcome];
  const name = `<button class="${look}" name="outcome" value="${outcome}">${escapeHtml(label)}`;
  return `${name}<small>${escapeHtml(hint)}</small></button>`;
}

function form(text: Texts, session: CheckoutSession): string {
  const odd: readonly PayOutcome[] = [
    'lost_webhook',
    'late',
    'duplicate',
    'reordered',
    'processing',
  ];
  return `<form method="post" action="/pay/${escapeHtml(session.id)}">
${button(text, 'success', 'main')}
${button(text, 'decline')}
${button(text, 'sca')}
<details open><summary>${escapeHtml(text.more)}</summary>
${odd.map((outcome) => button(text, outcome)).join('\n')}
</details></form>
${safeLink(session.cancel_url, text.cancel)}`;
}

export type PageView = {
  readonly session: CheckoutSession;
  readonly items: readonly LineItem[];
  readonly merchant: string;
  readonly now_s: number;
  /** The bank is waiting for the customer's word. */
  readonly challenged: boolean;
  /** What the last button did; null on a first visit. */
  readonly outcome: PayOutcome | null;
  /** Why the last button did nothing. */
  readonly refusal: string | null;
  readonly deliveries: readonly Delivery[];
};

function statusLine(text: Texts, view: PageView): string {
  if (view.refusal !== null) return view.refusal;
  if (view.outcome !== null) return text.results[view.outcome];
  if (view.session.status === 'expired') return text.over;
  if (view.session.status === 'complete') return text.done;
  return view.challenged ? text.challenge : '';
}

function deliveryList(text: Texts, deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return '';
  const rows = deliveries.map((one) => {
    const code = one.response_status === null ? '' : ` ${one.response_status}`;
    return `<li><code>${escapeHtml(one.event_type)}</code> ${one.status}${code}</li>`;
  });
  return `<h2>${escapeHtml(text.webhooks)}</h2><ul>${rows.join('')}</ul>`;
}

function facts(text: Texts, view: PageView): string {
  const { session } = view;
  const code = session.metadata['reference_code'] ?? session.client_reference_id ?? session.id;
  const minutes = Math.max(Math.ceil((session.expires_at - view.now_s) / 60), 0);
  const rows = view.items.map((item) => {
    const amount = formatMoney(
      { amount_minor: item.amount_total, currency: item.currency.toUpperCase() },
      langOf(session),
    );
    return `<dt>${escapeHtml(item.description)}</dt><dd>${escapeHtml(amount)}</dd>`;
  });
  rows.push(`<dt>${escapeHtml(text.reference)}</dt><dd>${escapeHtml(code)}</dd>`);
  if (session.status === 'open') {
    rows.push(`<dt>${escapeHtml(text.time_left)}</dt><dd>${text.minutes(minutes)}</dd>`);
  }
  return `<dl>${rows.join('\n')}</dl>`;
}

export type ChallengeView = {
  readonly intent: PaymentIntent;
  readonly merchant: string;
};

/** The page of a bank that asks the owner of a saved card (3-D Secure without a checkout). */
export function renderChallenge({ intent, merchant }: ChallengeView): string {
  const amount = formatMoney(
    { amount_minor: intent.amount, currency: intent.currency.toUpperCase() },
    'en',
  );
  const open = intent.status === 'requires_action';
  const status = open ? 'Your bank asks whether it is you.' : `This payment is ${intent.status}.`;
  const buttons = `<form method="post" action="/pay/intent/${escapeHtml(intent.id)}">
<button class="main" name="outcome" value="success">Approve</button>
<button name="outcome" value="decline">Refuse</button></form>`;
  return shell('en', merchant, [
    `<h1>${escapeHtml(merchant)}</h1>`,
    `<p class="amount">${escapeHtml(amount)}</p>`,
    `<p role="status">${escapeHtml(status)}</p>`,
    open ? buttons : '',
  ]);
}

function shell(lang: Lang, merchant: string, parts: readonly string[]): string {
  const text = texts[lang];
  return `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(`${text.title}: ${merchant}`)}</title><style>${style}</style></head>
<body><main>
<p class="note">${escapeHtml(text.test_note)}</p>
${parts.filter((part) => part !== '').join('\n')}
</main></body></html>
`;
}

/** The whole page. No scripts, no outside assets: it works in any browser and in none. */
export function renderPage(view: PageView): string {
  const { session, merchant } = view;
  const lang = langOf(session);
  const text = texts[lang];
  const amount = formatMoney(
    { amount_minor: session.amount_total, currency: session.currency.toUpperCase() },
    lang,
  );
  const status = statusLine(text, view);
  const link =
    session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', encodeURIComponent(session.id)) ??
    null;
  return shell(lang, merchant, [
    `<h1>${escapeHtml(merchant)}</h1>`,
    `<p class="amount">${escapeHtml(amount)}</p>`,
    facts(text, view),
    status === '' ? '' : `<p role="status">${escapeHtml(status)}</p>`,
    session.status === 'complete' ? safeLink(link, text.back) : '',
    session.status === 'expired' ? safeLink(session.cancel_url, text.back) : '',
    session.status === 'open' ? form(text, session) : '',
    deliveryList(text, view.deliveries),
  ]);
}
