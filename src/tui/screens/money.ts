import { parseAmount } from '../../domain/money.ts';
import { displayWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import type { Catalogue } from '../i18n/catalogue.ts';
import { dateText, moneyText, wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import type { CashUp, MoneyRow, PaymentBox } from '../model-money.ts';
import { moneyRoom, moneyRows, rowsOf, sectionsOf, selectedMoney } from '../money.ts';
import { clockText, instantOf, layoutOf, timeZone } from '../selectors.ts';
import { cell, fitLine, type Line, lineOf, retone, span, wrap } from '../text.ts';
import type { SpanTone } from '../theme.ts';
import type { Screen } from './book.ts';
import { fillLines, packLines } from './chrome.ts';
import { paper } from './life.ts';
import { factLine } from './locks.ts';

/** Screen 4: the takings of a day, and the lists of money that somebody may have to look at. */

export const money_columns = { when: 11, amount: 16, ref: 10 } as const;

/** `20/11 10:42` by the clock of the clinic. */
function momentText(state: State, instant: string): string {
  const ms = Temporal.Instant.from(instant).epochMilliseconds;
  const { day, month } = instantOf(ms).toZonedDateTimeISO(timeZone(state)).toPlainDate();
  const date = `${String(day).padStart(2, '0')}/${String(month).padStart(2, '0')}`;
  return `${date} ${clockText(state, ms, 'minute')}`;
}

function sum(texts: readonly string[], currency: string, lang: State['session']['lang']): string {
  const total = texts.reduce((all, text) => all + parseAmount(text, currency).amount_minor, 0);
  const exponent = parseAmount('1', currency).amount_minor;
  const digits = Math.max(0, String(exponent).length - 1);
  const whole = Math.floor(total / exponent);
  const rest = String(total % exponent).padStart(digits, '0');
  return moneyText(digits === 0 ? String(whole) : `${whole}.${rest}`, currency, lang);
}

/** By means of payment: how many, how much, and what of it went back. */
function meansTexts(state: State, { items, currency }: CashUp): readonly string[] {
  const { lang } = state.session;
  const words = wordsOf(lang).money;
  return items.map((item) => {
    const back = item.returned_count === 0 ? '' : ` (-${moneyText(item.returned, currency, lang)})`;
    const taken = moneyText(item.taken, currency, lang);
    return `${words.means(item.payment_method)} ${item.taken_count} x ${taken}${back}`;
  });
}

function drawerText(state: State, { count, expected_cash, currency }: CashUp): string {
  const { lang } = state.session;
  const words = wordsOf(lang).money;
  const drawer = words.drawer(moneyText(expected_cash, currency, lang));
  if (count === null) return `${drawer}   ${words.not_counted}`;
  const who = plainLine(count.counted_by_name ?? '-');
  const at = momentText(state, count.counted_at).slice(6);
  const counted = moneyText(count.counted, currency, lang);
  const difference = moneyText(count.difference, currency, lang);
  return `${drawer}   ${words.counted_by(counted, who, at, difference)}`;
}

function sectionLine(state: State): Line {
  const words = wordsOf(state.session.lang).money;
  const { page, section } = state.money;
  return sectionsOf(state).flatMap((one): Line => {
    const found = page === null ? 0 : rowsOf(page, one).length;
    const is_here = one === section;
    const name = is_here ? words.sections[one].toUpperCase() : words.sections[one];
    const tone: SpanTone = is_here ? 'selected' : one === 'inbox' && found > 0 ? 'error' : 'plain';
    return [span(` ${name} ${found} `, tone)];
  });
}

/** Takings, means of payment, drawer, and the names of the lists. */
function panelLines(state: State, columns: number): readonly Line[] {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.money;
  const { page, problem } = state.money;
  const blank = lineOf('', columns);
  if (page === null) {
    const text = problem === null ? all.loading : words.look_failed(problem);
    const tone = problem === null ? 'dim' : 'error';
    return [[span(` ${plainLine(text)}`, tone)], blank, blank, blank, sectionLine(state)];
  }
  const { cash_up } = page;
  const { items, currency, date, count } = cash_up;
  const taken = sum(
    items.map((item) => item.taken),
    currency,
    lang,
  );
  const returned = sum(
    items.map((item) => item.returned),
    currency,
    lang,
  );
  const title = words.taken(dateText(date, lang), taken, returned);
  const means = items.length === 0 ? [words.nothing_taken] : meansTexts(state, cash_up);
  const is_off = count !== null && parseAmount(count.difference, currency).amount_minor !== 0;
  return [
    problem === null
      ? [span(` ${title}`, 'bold')]
      : [span(` ${plainLine(words.look_failed(problem))}`, 'error')],
    ...packLines(means, columns, 2).map((line) => retone(line, 'plain')),
    [span(` ${drawerText(state, cash_up)}`, is_off ? 'warn' : 'plain')],
    sectionLine(state),
  ];
}

type Cells = {
  readonly when: string;
  readonly amount: string;
  readonly ref: string;
  readonly what: string;
  readonly tone: SpanTone;
};

function join(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('  ');
}

function cellsOf(state: State, row: MoneyRow): Cells {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.money;
  const money = (amount: string | null, currency: string | null) =>
    amount === null || currency === null ? '?' : moneyText(amount, currency, lang);
  switch (row.section) {
    case 'inbox': {
      const { since, amount, currency, reference_code, cause } = row.item;
      const what = words.causes[cause];
      const base = { when: momentText(state, since), amount: money(amount, currency) };
      return { ...base, ref: reference_code ?? '-', what, tone: 'warn' };
    }
    case 'approvals': {
      const { expires_at, amount, currency, reference_code, error } = row.item;
      const { pet_name, owner_name, service_name, starts_at } = row.item;
      const visit = momentText(state, starts_at);
      const what = join([visit, pet_name, owner_name, service_name, error]);
      const when = momentText(state, expires_at);
      return { when, amount: money(amount, currency), ref: reference_code, what, tone: 'warn' };
    }
    case 'due': {
      const { starts_at, amount, currency, reference_code, payment_state } = row.item;
      const what = join([row.item.pet_name, row.item.owner_name, all.pay_long[payment_state]]);
      const when = momentText(state, starts_at);
      return { when, amount: money(amount, currency), ref: reference_code, what, tone: 'plain' };
    }
    case 'refunds': {
      const { created_at, amount, currency, reference_code, status, decision, reason } = row.item;
      const is_asked = decision === 'awaiting';
      const now = is_asked ? words.asked_for : words.refund_status[status];
      const what = join([now, words.means(row.item.payment_method), reason]);
      const tone = is_asked || status === 'failed' ? 'warn' : 'plain';
      const when = momentText(state, created_at);
      return { when, amount: money(amount, currency), ref: reference_code, what, tone };
    }
    case 'payments': {
      const { paid_at, created_at, amount, currency, reference_code, status } = row.item;
      const { payment_method, failure_reason } = row.item;
      const now = words.payment_status[status];
      const what = join([words.means(payment_method), now, failure_reason]);
      const when = momentText(state, paid_at ?? created_at);
      const tone = status === 'failed' ? 'warn' : 'plain';
      return { when, amount: money(amount, currency), ref: reference_code, what, tone };
    }
    case 'settlements': {
      const { from, to, clinic_amount, currency, clinic_code, entry_count } = row.item;
      const when = `${from.slice(8)}/${from.slice(5, 7)}-${to.slice(8)}/${to.slice(5, 7)}`;
      const what = words.entries(entry_count);
      const amount = money(clinic_amount, currency);
      return { when, amount, ref: clinic_code, what, tone: 'plain' };
    }
  }
}

function rowLine(state: State, row: MoneyRow, columns: number): Line {
  const { when, amount, ref, what, tone } = cellsOf(state, row);
  const is_selected = row.id === state.money.cursor_id;
  const line: Line = [
    span(`${is_selected ? '>' : ' '} ${cell(when, money_columns.when)} `),
    span(`${padStartWidth(amount, money_columns.amount)}  `),
    span(`${cell(ref, money_columns.ref)}  `),
    span(plainLine(what), tone),
  ];
  return fitLine(is_selected ? retone(line, 'selected') : line, columns);
}

function headLine(words: Catalogue, columns: number): Line {
  const { when, amount, ref, what } = words.money.heads;
  const text = [
    `  ${cell(when, money_columns.when)}`,
    `${padStartWidth(amount, money_columns.amount)} `,
    `${cell(ref, money_columns.ref)} `,
    what,
  ].join(' ');
  return lineOf(text, columns, 'bold');
}

/** The panel, the names of the lists, and the rows of the shown one. */
export function moneyBoard(state: State): Screen {
  const words = wordsOf(state.session.lang);
  const { list_columns, list_rows } = layoutOf(state);
  const rows = moneyRows(state);
  const lines: Line[] = [...panelLines(state, list_columns), headLine(words, list_columns)];
  const shown = rows.slice(state.money.top, state.money.top + moneyRoom(state));
  const index = shown.findIndex((row) => row.id === state.money.cursor_id);
  const cursor = index < 0 ? null : { x: 0, y: lines.length + index };
  const is_stale = state.link.status === 'offline';
  for (const row of shown) {
    const line = rowLine(state, row, list_columns);
    lines.push(is_stale && row.id !== state.money.cursor_id ? retone(line, 'dim') : line);
  }
  if (rows.length === 0 && state.money.page !== null) {
    lines.push(lineOf(` ${words.money.empty[state.money.section]}`, list_columns, 'accent'));
  }
  return { lines: fillLines(lines, list_rows + 1, list_columns), cursor };
}

/** What it is and why it is here; what can be done about it. */
function tellOf(state: State, row: MoneyRow): readonly [string, string] {
  const all = wordsOf(state.session.lang);
  const words = all.money;
  const cells = cellsOf(state, row);
  const first = cells.what;
  switch (row.section) {
    case 'inbox': {
      const detail = row.item.detail === null ? first : `${first} | ${row.item.detail}`;
      return [detail, `-> ${words.next[row.item.cause]}`];
    }
    case 'approvals': {
      const until = momentText(state, row.item.expires_at);
      return [first, `-> ${words.next_approval(until)}`];
    }
    case 'due': {
      const { service_name, owner_phone, staff_name } = row.item;
      return [
        first,
        join([service_name, staff_name, owner_phone, `$ ${all.life.hints.pay ?? ''}`]),
      ];
    }
    case 'refunds': {
      const { error, decision, status, handed_over } = row.item;
      const handed = handed_over === null ? null : words.means(handed_over);
      if (decision === 'awaiting') return [first, `-> ${words.next.refund_asked_for}`];
      if (status === 'failed')
        return [`${first} | ${error ?? ''}`, `-> ${words.next.refund_failed}`];
      return [first, join([error, handed])];
    }
    case 'payments':
      return [first, join([row.item.external_reference, row.item.failure_reason])];
    case 'settlements': {
      const { lang } = state.session;
      const { total_amount, platform_fee, tax_amount, clinic_amount, currency } = row.item;
      const money = (amount: string) => moneyText(amount, currency, lang);
      const fee = `${words.fee} ${money(platform_fee)}`;
      const parts = [money(total_amount), fee, `${words.tax} ${money(tax_amount)}`];
      return [first, `${parts.join('  ')}  ${words.share} ${money(clinic_amount)}`];
    }
  }
}

/** The selected row on two lines. */
export function moneyFacts(state: State): readonly Line[] {
  const row = selectedMoney(state);
  if (row === null) return [lineOf('', state.columns), lineOf('', state.columns)];
  const tone = state.link.status === 'offline' ? 'dim' : 'plain';
  return tellOf(state, row).map((text) => lineOf(` ${plainLine(text)}`, state.columns, tone));
}

/** The selected row whole, where there is room beside the list. */
export function moneyPane(state: State, columns: number): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const row = selectedMoney(state);
  if (row === null) return [[span(` ${words.detail_select}`, 'dim')]];
  const { heads } = words.money;
  const cells = cellsOf(state, row);
  const [, next] = tellOf(state, row);
  const lines: Line[] = [];
  const add = (name: string, text: string, tone: SpanTone = 'plain') =>
    lines.push(...factLine(name, plainLine(text), columns, tone));
  add(heads.ref, cells.ref, 'bold');
  add(heads.when, cells.when);
  add(heads.amount, cells.amount);
  add(heads.what, cells.what, cells.tone);
  if (row.section === 'inbox' && row.item.detail !== null) add('', row.item.detail);
  if (row.section === 'refunds' && row.item.error !== null) add('', row.item.error, 'error');
  if (next !== '') {
    lines.push([span('')]);
    add('', next, 'accent');
  }
  return lines.map((line) => fitLine(line, columns));
}

/** Everything that money did for one booking. */
export function paymentScreen(state: State, box: PaymentBox): Screen {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.money;
  const { payment } = box;
  const title = words.payment_title(box.reference_code);
  if (payment === null) return paper(state, title, null, 0, all.life.trace_keys);
  const lines: Line[] = [];
  const part = (name: string, items: readonly string[], empty: string) => {
    lines.push([span('')], [span(` ${name}`, 'bold')]);
    if (items.length === 0) lines.push([span(`  ${empty}`, 'dim')]);
    for (const item of items) {
      const [first = '', ...more] = wrap(item, state.columns - 6);
      lines.push([span(`  ${first}`)], ...more.map((rest): Line => [span(`      ${rest}`)]));
    }
  };
  const none = all.detail_none;
  const moneyOf = (one: { readonly amount: string; readonly currency: string }) =>
    padStartWidth(moneyText(one.amount, one.currency, lang), money_columns.amount);
  part(
    all.detail_payments,
    payment.payments.map((one) => {
      const at = momentText(state, one.paid_at ?? one.created_at);
      const now = words.payment_status[one.status];
      const how = words.means(one.payment_method);
      return `${at} ${moneyOf(one)}  ${join([how, now, one.external_reference, one.failure_reason])}`;
    }),
    none,
  );
  part(
    words.tried,
    payment.attempts.map(({ at, result }) => `${momentText(state, at)}  ${words.attempt[result]}`),
    none,
  );
  part(
    all.detail_refunds,
    payment.refunds.map((one) => {
      const now = one.decision === 'awaiting' ? words.asked_for : words.refund_status[one.status];
      const text = join([now, words.means(one.payment_method), one.reason, one.error]);
      return `${momentText(state, one.created_at)} ${moneyOf(one)}  ${text}`;
    }),
    none,
  );
  const ledger = (payment.entries ?? []).map((one) => {
    const money = (amount: string) => moneyText(amount, one.currency, lang);
    const total = padStartWidth(money(one.total_amount), money_columns.amount);
    const shares = `${words.fee} ${money(one.platform_fee)}  ${words.tax} ${money(one.tax_amount)}`;
    const at = momentText(state, one.created_at);
    return `${at} ${total}  ${one.type}  ${shares}  ${words.share} ${money(one.clinic_amount)}`;
  });
  part(words.ledger, ledger, payment.entries === null ? words.ledger_hidden : none);
  return paper(state, title, lines.slice(1), box.top, all.life.trace_keys);
}

/** True when the name of a column fits it. */
export function fitsMoneyHead(name: keyof typeof money_columns, text: string): boolean {
  return displayWidth(text) <= money_columns[name];
}
