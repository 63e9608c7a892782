import { amountText, exponentOf, parseAmount } from '../domain/money.ts';
import { nextKey } from './book-open.ts';
import { patchBooking, wantReload } from './day.ts';
import { edit, fieldOf } from './field.ts';
import { moneyText, wordsOf } from './i18n/text.ts';
import { foldKey } from './keys.ts';
import { type State, type Step, say, stay } from './model.ts';
import {
  type DeskMethod,
  type Due,
  desk_methods,
  type Paid,
  type PayBox,
  type Target,
} from './model-life.ts';
import { enterMoney } from './money.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS } from './selectors.ts';

/** Taking money at the desk: all that is left, or a part of it; of a hold, the whole price confirms it. */

const method_keys: Readonly<Record<string, DeskMethod>> = {
  c: 'cash',
  d: 'card_terminal',
  t: 'transfer',
};
/** The key that chooses a means of payment. */
export function methodKey(method: DeskMethod): string {
  return Object.entries(method_keys).find(([, one]) => one === method)?.[0] ?? '';
}

function put(state: State, box: PayBox, change: Partial<PayBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

/** Opens the till for a booking or a hold. */
export function askPay(state: State, target: Target | null): Step {
  const words = wordsOf(state.session.lang);
  if (target === null) return stay(say(state, 'warn', words.refused_row));
  if (target.status === 'cancelled' || target.status === 'no-show') {
    return stay(say(state, 'warn', words.life.nothing_to_pay(target.reference_code)));
  }
  const box: PayBox = {
    screen: 'pay',
    target,
    due: null,
    method: 'cash',
    amount: fieldOf(''),
    is_busy: false,
    guard_until_ms: state.now_ms + GUARD_MS,
  };
  return stay({ ...state, message: null, overlay: box }, { type: 'load_due', target });
}

/** What is left to pay has come; nothing left means that no money is to be taken. */
export function takeDue(state: State, target: Target, due: Due): State {
  const box = state.overlay;
  if (box?.screen !== 'pay' || box.target.id !== target.id) return state;
  if (parseAmount(due.rest, due.currency).amount_minor <= 0) {
    const { life } = wordsOf(state.session.lang);
    return say({ ...state, overlay: null }, 'info', life.paid_before(target.name));
  }
  return put(state, box, { due, guard_until_ms: state.now_ms + GUARD_MS });
}

/**
 * Reads an amount as people type it: `100000`, `100.000`, `1,250,000`, `12.50`. Groups of three are thousands,
 * but where a currency has three decimals they could be either, so there only plain digits and a point count.
 * Null: no amount.
 */
export function readAmount(typed: string, currency: string): string | null {
  const text = typed.normalize('NFKC').replace(/\s/g, '');
  try {
    const is_grouped = exponentOf(currency) !== 3 && /^\d{1,3}([.,]\d{3})+$/.test(text);
    const plain = is_grouped ? text.replace(/[.,]/g, '') : text.replace(',', '.');
    const money = parseAmount(plain, currency);
    return money.amount_minor > 0 ? amountText(money) : null;
  } catch {
    return null;
  }
}

/** What the box would take now: an amount, `too_much`, or null when nothing readable is typed. */
export function wantedAmount({ due, amount }: PayBox): string | 'too_much' | null {
  if (due === null) return null;
  if (amount.text.trim() === '') return due.rest;
  const typed = readAmount(amount.text, due.currency);
  if (typed === null) return null;
  const minor = (text: string) => parseAmount(text, due.currency).amount_minor;
  return minor(typed) > minor(due.rest) ? 'too_much' : typed;
}

/** What stays to be paid after this amount. */
export function restAfter(due: Due, amount: string): string {
  const minor = (text: string) => parseAmount(text, due.currency).amount_minor;
  const { currency } = due;
  return amountText({ amount_minor: minor(due.rest) - minor(amount), currency });
}

function carryOut(state: State, box: PayBox): Step {
  const words = wordsOf(state.session.lang);
  const { due, target, method } = box;
  const refused = actionRefusal(state, 'pay_go');
  if (refused !== null) return stay(say(state, 'warn', refused));
  if (due === null) return stay(say(state, 'info', words.cancel_asking));
  const wanted = wantedAmount(box);
  if (wanted === null) return stay(say(state, 'warn', words.life.no_amount));
  if (wanted === 'too_much') {
    const rest = moneyText(due.rest, due.currency, state.session.lang);
    return stay(say(state, 'warn', words.life.too_much(rest)));
  }
  const is_part =
    restAfter(due, wanted) !== amountText({ amount_minor: 0, currency: due.currency });
  if (is_part && target.kind === 'hold') return stay(say(state, 'warn', words.life.hold_whole));
  const [next, key] = nextKey(put(state, box, { is_busy: true }));
  const amount = is_part ? wanted : null;
  const { version: expected_version } = due;
  return stay(next, { type: 'pay', target, method, amount, expected_version, key });
}

/** One key of the till. Letters choose how it is paid, digits how much; only `y` takes it. */
export function payKey(state: State, box: PayBox, key: string): Step {
  if (box.is_busy) return stay(state);
  if (key === 'esc') return stay({ ...state, overlay: null });
  if (state.now_ms < box.guard_until_ms) return stay(state);
  const folded = foldKey(key);
  if (folded === 'y') return carryOut(state, box);
  const chosen = method_keys[folded];
  if (chosen !== undefined) return stay(put(state, box, { method: chosen }));
  if (folded === 'tab' || folded === 'down' || folded === 'up') {
    const by = folded === 'up' ? desk_methods.length - 1 : 1;
    const index = (desk_methods.indexOf(box.method) + by) % desk_methods.length;
    return stay(put(state, box, { method: desk_methods[index] ?? 'cash' }));
  }
  if (folded.length === 1 && !/[\d.,]/.test(folded)) return stay(state);
  const amount = edit(box.amount, folded);
  return stay(amount === null ? state : put(state, box, { amount }));
}

/** Digits that were pasted; anything else is dropped. */
export function pastePay(state: State, box: PayBox, text: string): State {
  const digits = text.normalize('NFKC').replace(/[^\d.,]/g, '');
  return box.is_busy ? state : put(state, box, { amount: fieldOf(box.amount.text + digits) });
}

/** The money is taken: the row says so at once, and what is left. */
export function takePaid(
  state: State,
  target: Target,
  method: DeskMethod,
  paid: Paid | null,
): State {
  const { lang } = state.session;
  const words = wordsOf(lang).life;
  const closed = enterMoney(wantReload({ ...state, overlay: null }));
  const how = words.methods[method];
  if (paid === null) {
    const text = words.paid(target.name, moneyText(target.amount, target.currency, lang), how);
    return say({ ...closed, go_to: null }, 'ok', text);
  }
  const fresh = patchBooking(closed, paid.booking_id, { version: paid.version });
  if (paid.already_paid) return say(fresh, 'warn', words.paid_before(target.name));
  const text = words.paid(target.name, moneyText(paid.amount, paid.currency, lang), how);
  const is_rest = parseAmount(paid.amount_rest, paid.currency).amount_minor > 0;
  const rest = words.rest_left(moneyText(paid.amount_rest, paid.currency, lang));
  if (is_rest) return say(fresh, 'ok', `${text}; ${rest}`);
  // On the list of what is unpaid the cursor goes on to the next one: P would be that one's.
  return say(fresh, 'ok', state.place === 'money' ? text : `${text}; ${words.receipt_key}`);
}
