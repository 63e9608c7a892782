// The pay page: one HTML form that works without scripts, and a button for each way a payment can go.

import { formatMoney } from '../domain/money.ts';
import type { PayOutcome } from './stripe-outcomes.ts';
import type { CheckoutSession, Delivery, LineItem } from './stripe-types.ts';

type Lang = 'en' | 'ja' | 'id';

type Texts = {
  readonly title: string;
  readonly test_note: string;
  readonly reference: string;
  readonly time_left: string;
  readonly minutes: (minutes: number) => string;
  readonly over: string;
  readonly done: string;
  readonly challenge: string;
  readonly back: string;
  readonly cancel: string;
  readonly webhooks: string;
  readonly more: string;
  readonly buttons: Readonly<Record<PayOutcome, { label: string; hint: string }>>;
  readonly results: Readonly<Record<PayOutcome, string>>;
};

const texts: Readonly<Record<Lang, Texts>> = {
  en: {
    title: 'Pay',
    test_note: 'Test payment. No money moves.',
    reference: 'Reference',
    time_left: 'Time left',
    minutes: (minutes) => (minutes === 1 ? '1 minute' : `${minutes} minutes`),
    over: 'This checkout has expired. Nothing was charged.',
    done: 'This checkout is complete.',
    challenge: 'Your bank asks whether it is you. Pay approves, Decline refuses.',
    back: 'Back to the clinic',
    cancel: 'Cancel and go back',
    webhooks: 'Messages to the clinic',
    more: 'What can go wrong',
    buttons: {
      success: { label: 'Pay', hint: 'The card is charged at once.' },
      decline: { label: 'Decline', hint: 'The bank refuses; you may try again.' },
      sca: { label: '3-D Secure challenge', hint: 'The bank asks first.' },
      lost_webhook: { label: 'Pay, webhook lost', hint: 'The clinic is never told.' },
      late: { label: 'Pay late', hint: 'The money arrives after the hold has lapsed.' },
      duplicate: { label: 'Pay, webhook twice', hint: 'The clinic is told two times.' },
      processing: { label: 'Processing delay', hint: 'The bank takes a few seconds.' },
      reordered: { label: 'Pay, news out of order', hint: 'Old news arrives after new news.' },
    },
    results: {
      success: 'Paid. Thank you.',
      decline: 'The card was declined. Nothing was charged.',
      sca: 'Your bank wants to check that it is you.',
      lost_webhook: 'Paid. The webhook was lost on purpose.',
      late: 'Accepted. The money arrives after the hold has lapsed.',
      duplicate: 'Paid. The webhook was sent twice.',
      processing: 'Accepted. The bank is still working on it.',
      reordered: 'Paid. The webhooks were sent in the wrong order.',
    },
  },
  ja: {
    title: 'お支払い',
    test_note: 'テスト決済です。実際の請求はありません。',
    reference: '予約番号',
    time_left: '残り時間',
    minutes: (minutes) => `${minutes}分`,
    over: 'この決済ページは期限切れです。請求はありません。',
    done: 'お支払い手続きは完了しています。',
    challenge: 'カード会社が本人確認を求めています。',
    back: 'クリニックに戻る',
    cancel: 'キャンセルして戻る',
    webhooks: 'クリニックへの通知',
    more: '異常系を試す',
    buttons: {
      success: { label: '支払う', hint: 'すぐに決済されます。' },
      decline: { label: '拒否', hint: 'カードが拒否されます。' },
      sca: { label: '3Dセキュア認証', hint: '本人確認が先に入ります。' },
      lost_webhook: { label: '支払う（通知なし）', hint: 'クリニックに通知が届きません。' },
      late: { label: '遅れて支払う', hint: '仮予約の期限後に入金されます。' },
      duplicate: { label: '支払う（二重通知）', hint: '通知が2回届きます。' },
      processing: { label: '処理遅延', hint: '銀行の処理に数秒かかります。' },
      reordered: { label: '支払う（順序逆転）', hint: '通知が逆順で届きます。' },
    },
    results: {
      success: 'お支払いが完了しました。',
      decline: 'カードが拒否されました。請求はありません。',
      sca: 'カード会社が本人確認を求めています。',
      lost_webhook: 'お支払い完了。通知は送られていません。',
      late: '受け付けました。期限後に入金されます。',
      duplicate: 'お支払い完了。通知は2回送られました。',
      processing: '受け付けました。銀行が処理中です。',
      reordered: 'お支払い完了。通知は逆順で送られました。',
    },
  },
  id: {
    title: 'Bayar',
    test_note: 'Pembayaran uji coba. Tidak ada uang yang berpindah.',
    reference: 'Kode',
    time_left: 'Sisa waktu',
    minutes: (minutes) => `${minutes} menit`,
    over: 'Halaman pembayaran ini sudah kedaluwarsa. Tidak ada tagihan.',
    done: 'Pembayaran ini sudah selesai.',
    challenge: 'Bank Anda meminta konfirmasi. Bayar menyetujui, Tolak membatalkan.',
    back: 'Kembali ke klinik',
    cancel: 'Batal dan kembali',
    webhooks: 'Pesan ke klinik',
    more: 'Coba gangguan',
    buttons: {
      success: { label: 'Bayar', hint: 'Kartu langsung didebit.' },
      decline: { label: 'Tolak', hint: 'Bank menolak; boleh coba lagi.' },
      sca: { label: 'Verifikasi 3-D Secure', hint: 'Bank bertanya dulu.' },
      lost_webhook: { label: 'Bayar, webhook hilang', hint: 'Klinik tidak diberi tahu.' },
      late: { label: 'Bayar terlambat', hint: 'Uang masuk setelah batas waktu.' },
      duplicate: { label: 'Bayar, webhook ganda', hint: 'Klinik diberi tahu dua kali.' },
      processing: { label: 'Proses tertunda', hint: 'Bank butuh beberapa detik.' },
      reordered: { label: 'Bayar, urutan terbalik', hint: 'Kabar lama tiba belakangan.' },
    },
    results: {
      success: 'Lunas. Terima kasih.',
      decline: 'Kartu ditolak. Tidak ada tagihan.',
      sca: 'Bank Anda meminta konfirmasi.',
      lost_webhook: 'Lunas. Webhook sengaja dihilangkan.',
      late: 'Diterima. Uang masuk setelah batas waktu.',
      duplicate: 'Lunas. Webhook dikirim dua kali.',
      processing: 'Diterima. Bank masih memproses.',
      reordered: 'Lunas. Webhook dikirim dengan urutan terbalik.',
    },
  },
};

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
button:focus-visible,a:focus-visible,summary:focus-visible{outline:3px solid #f59e0b;outline-offset:2px}
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

export function langOf(session: CheckoutSession): Lang {
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
  return `<!doctype html>
<html lang="${lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(`${text.title}: ${merchant}`)}</title><style>${style}</style></head>
<body><main>
<p class="note">${escapeHtml(text.test_note)}</p>
<h1>${escapeHtml(merchant)}</h1>
<p class="amount">${escapeHtml(amount)}</p>
${facts(text, view)}
${status === '' ? '' : `<p role="status">${escapeHtml(status)}</p>`}
${session.status === 'complete' ? safeLink(link, text.back) : ''}
${session.status === 'expired' ? safeLink(session.cancel_url, text.back) : ''}
${session.status === 'open' ? form(text, session) : ''}
${deliveryList(text, view.deliveries)}
</main></body></html>
`;
}
