import { amountText, parseAmount } from '../domain/money.ts';
import { mayAccess } from '../domain/roles.ts';
import { nextKey } from './book-open.ts';
import { dialogKey, nextFocus } from './dialog-keys.ts';
import { edit, fieldOf, insert } from './field.ts';
import { moneyText, wordsOf } from './i18n/text.ts';
import type { ActionId } from './keys.ts';
import { runLifeAction } from './life.ts';
import {
  type Effect,
  type Event,
  type Problem,
  type State,
  type Step,
  say,
  stay,
} from './model.ts';
import { type DeskMethod, desk_methods } from './model-life.ts';
import type { DeedBox, DeedFocus, DeedKind, MoneyRow, Refund } from './model-money.ts';
import {
  enterMoney,
  moneyFailed,
  moneyMovement,
  moneyReference,
  moneyTarget,
  selectedMoney,
  shiftMoneyDay,
  showSection,
  takeMoney,
} from './money.ts';
import { readAmount } from './pay.ts';
import { actionRefusal } from './refused.ts';
import { GUARD_MS } from './selectors.ts';

/**
 * What a person does about money: grant, deny, retry, hand over, note, refund, count. Whatever sends money out is
 * severe: the focus starts on leaving it, digits of the reference have to be typed, only Ctrl-G does it.
 */

const fields: Readonly<Record<DeedKind, readonly DeedFocus[]>> = {
  accept: ['keep'],
  reject: ['keep', 'reason'],
  approve: ['keep', 'reason', 'typed'],
  deny: ['keep', 'reason'],
  retry: ['keep', 'reason'],
  handed: ['keep', 'method', 'reason'],
  settle: ['keep', 'reason'],
  refund: ['keep', 'amount', 'reason', 'typed'],
  count: ['amount', 'reason'],
};
const severe: readonly DeedKind[] = ['approve', 'refund'];
/** Where a deed without a reason would leave the next person guessing. */
const needs_reason: readonly DeedKind[] = ['reject', 'deny', 'settle', 'refund'];

/** The fields of a dialog, in the order of Tab. */
export function fieldsOf(kind: DeedKind): readonly DeedFocus[] {
  return fields[kind];
}

function put(state: State, box: DeedBox, change: Partial<DeedBox>): State {
  return { ...state, overlay: { ...box, ...change } };
}

type About = Pick<DeedBox, 'id' | 'reference_code' | 'amount_text' | 'currency' | 'detail'>;

function open(state: State, kind: DeedKind, about: About): Step {
  const box: DeedBox = {
    screen: 'deed',
    kind,
    ...about,
    word: severe.includes(kind) ? about.reference_code.slice(-4) : null,
    method: 'cash',
    amount: fieldOf(''),
    reason: fieldOf(''),
    typed: fieldOf(''),
    focus: fields[kind][0] ?? 'keep',
    problem: null,
    is_busy: false,
    guard_until_ms: state.now_ms + GUARD_MS,
  };
  return stay({ ...state, message: null, overlay: box });
}

/** The refund that a row is about, as far as it is known. */
function refundOf(state: State, row: MoneyRow | null): Refund | null {
  if (row?.section === 'refunds') return row.item;
  if (row?.section !== 'inbox' || row.item.refund_id === null) return null;
  const { refund_id } = row.item;
  return state.money.page?.refunds.find((one) => one.refund_id === refund_id) ?? null;
}

/** A request of an owner: the clinic's yes or no. */
function answerRequest(state: State, row: MoneyRow, kind: 'approve' | 'deny'): Step | null {
  if (row.section !== 'approvals') return null;
  const { reservation_id: id, reference_code, amount, currency, starts_at } = row.item;
  const { pet_name, service_name } = row.item;
  const amount_text = moneyText(amount, currency, state.session.lang);
  const at = `${starts_at.slice(0, 10)} ${starts_at.slice(11, 16)}`;
  const detail = `${pet_name}  ${service_name}  ${at}`;
  const about = { id, reference_code, amount_text, currency, detail };
  return open(state, kind === 'approve' ? 'accept' : 'reject', about);
}

function refundDeed(state: State, kind: 'approve' | 'deny' | 'retry' | 'handed'): Step {
  const words = wordsOf(state.session.lang);
  const row = selectedMoney(state);
  const is_decision = kind === 'approve' || kind === 'deny';
  if (is_decision && row !== null) {
    const answered = answerRequest(state, row, kind);
    if (answered !== null) return answered;
    if (!mayAccess(state.session.role, 'manager')) {
      return stay(say(state, 'warn', words.refused_role(state.session.role)));
    }
  }
  const refund = refundOf(state, row);
  if (refund === null) return stay(say(state, 'warn', words.money.no_refund_here));
  const { refund_id, reference_code, amount, currency, reason, decision, status } = refund;
  const is_asked = decision === 'awaiting';
  const fits = {
    approve: is_asked,
    deny: is_asked,
    retry: status === 'failed',
    handed: !is_asked && (status === 'failed' || status === 'pending'),
  };
  if (!fits[kind]) {
    const now = is_asked ? words.money.asked_for : words.money.refund_status[status];
    return stay(say(state, 'warn', words.money.not_this_refund(words.money.deeds[kind], now)));
  }
  const amount_text = moneyText(amount, currency, state.session.lang);
  return open(state, kind, {
    id: refund_id,
    reference_code,
    amount_text,
    currency,
    detail: reason,
  });
}

function settle(state: State): Step {
  const words = wordsOf(state.session.lang);
  const row = selectedMoney(state);
  if (row?.section !== 'inbox') return stay(say(state, 'warn', words.money.no_item_here));
  const { item_id: id, cause, clears, reference_code, amount, currency } = row.item;
  if (clears !== 'mark') return stay(say(state, 'warn', words.money.leaves_by_deed));
  const amount_text =
    amount === null || currency === null ? '' : moneyText(amount, currency, state.session.lang);
  const detail = words.money.causes[cause];
  const about = { id, reference_code: reference_code ?? amount_text, amount_text, detail };
  return open(state, 'settle', { ...about, currency: currency ?? '' });
}

function refund(state: State): Step {
  const words = wordsOf(state.session.lang);
  const row = selectedMoney(state);
  const is_paid = row?.section === 'payments' && row.item.status === 'success';
  if (!is_paid || row.item.booking_id === null) {
    return stay(say(state, 'warn', words.money.refund_which));
  }
  const { booking_id, reference_code, amount, currency, payment_method } = row.item;
  const amount_text = moneyText(amount, currency, state.session.lang);
  const waits = mayAccess(state.session.role, 'manager') ? '' : words.money.waits_for_manager;
  const detail = [words.money.means(payment_method), waits].filter((one) => one !== '').join('; ');
  return open(state, 'refund', { id: booking_id, reference_code, amount_text, currency, detail });
}

function count(state: State): Step {
  const words = wordsOf(state.session.lang);
  const cash_up = state.money.page?.cash_up;
  if (cash_up === undefined) return stay(say(state, 'info', words.loading));
  const { date, expected_cash, currency } = cash_up;
  const amount_text = moneyText(expected_cash, currency, state.session.lang);
  const detail = words.money.count_detail;
  return open(state, 'count', { id: date, reference_code: '', amount_text, currency, detail });
}

function openPayment(state: State): Step {
  const reference_code = moneyReference(selectedMoney(state));
  if (reference_code === null) return stay(state);
  const box = { screen: 'payment', reference_code, payment: null, top: 0 } as const;
  const with_entries = mayAccess(state.session.role, 'manager');
  return stay({ ...state, overlay: box }, { type: 'load_payment', reference_code, with_entries });
}

const refund_deeds: Readonly<Partial<Record<ActionId, 'approve' | 'deny' | 'retry' | 'handed'>>> = {
  refund_approve: 'approve',
  refund_deny: 'deny',
  refund_retry: 'retry',
  refund_handed: 'handed',
};

/** An action on the money screen; null when it is none of its own. */
export function runMoneyAction(state: State, id: ActionId): Step | null {
  const moved = moneyMovement(state, id);
  if (moved !== null) return stay(moved);
  const deed = refund_deeds[id];
  if (deed !== undefined) return refundDeed(state, deed);
  const row = selectedMoney(state);
  switch (id) {
    case 'money_next':
      return stay(showSection(state, 1));
    case 'money_prev':
      return stay(showSection(state, -1));
    case 'day_prev':
      return stay(shiftMoneyDay(state, -1));
    case 'day_next':
      return stay(shiftMoneyDay(state, 1));
    case 'day_today':
      return stay(shiftMoneyDay(state, null));
    case 'money_open':
      return openPayment(state);
    case 'money_settle':
      return settle(state);
    case 'money_refund':
      return refund(state);
    case 'money_count':
      return count(state);
    case 'copy': {
      const text = moneyReference(row);
      return text === null ? stay(state) : stay(state, { type: 'copy', text });
    }
    case 'receipt': {
      const reference_code = moneyReference(row);
      if (reference_code === null) return stay(state);
      const box = { screen: 'receipt', reference_code, receipt: null, top: 0 } as const;
      return stay({ ...state, overlay: box }, { type: 'load_receipt', reference_code });
    }
    case 'pay':
      if (moneyTarget(row) === null) {
        return stay(say(state, 'warn', wordsOf(state.session.lang).money.pay_which));
      }
      return runLifeAction(state, id, moneyTarget(row));
    case 'undo':
      return runLifeAction(state, id, null);
    default:
      return null;
  }
}

/** Why Ctrl-G does nothing yet; null when everything is there. */
function missing(state: State, box: DeedBox): string | null {
  const words = wordsOf(state.session.lang);
  const { kind, amount, word } = box;
  const is_typed = amount.text.trim() !== '';
  if ((kind === 'count' || is_typed) && countedAmount(box) === null) {
    return words.life.no_amount;
  }
  if (needs_reason.includes(kind) && box.reason.text.trim() === '') return words.ops.need_reason;
  if (word === null || box.typed.text.normalize('NFKC').trim() === word) return null;
  return words.ops.need_word(word);
}

/** The amount that is typed; an empty drawer is 0. */
function countedAmount(box: DeedBox): string | null {
  const text = box.amount.text.normalize('NFKC').trim();
  if (box.kind === 'count' && /^0+$/.test(text)) {
    return amountText({ amount_minor: 0, currency: box.currency });
  }
  return readAmount(text, box.currency);
}

const access_of: Readonly<Record<DeedKind, ActionId>> = {
  accept: 'refund_approve',
  reject: 'refund_deny',
  approve: 'refund_approve',
  deny: 'refund_deny',
  retry: 'refund_retry',
  handed: 'refund_handed',
  settle: 'money_settle',
  refund: 'money_refund',
  count: 'money_count',
};

function carryOut(state: State, box: DeedBox): Step {
  const refused = actionRefusal(state, access_of[box.kind]) ?? missing(state, box);
  if (refused !== null) return stay(put(state, box, { problem: refused }));
  const [next, key] = nextKey(put(state, box, { is_busy: true, problem: null }));
  const { kind, id, reference_code, method } = box;
  const text = box.reason.text.trim();
  const amount = box.amount.text.trim() === '' ? null : countedAmount(box);
  const reason = text === '' ? null : text;
  return stay(next, { type: 'do_deed', kind, id, reference_code, method, amount, reason, key });
}

function nextMethod(method: DeskMethod, by: 1 | -1): DeskMethod {
  const index = desk_methods.indexOf(method) + by + desk_methods.length;
  return desk_methods[index % desk_methods.length] ?? 'cash';
}

function moveFocus(state: State, box: DeedBox, by: 1 | -1): State {
  const focus = nextFocus(fields[box.kind], box.focus, by);
  return put(state, box, { focus, problem: null });
}

function typeInto(state: State, box: DeedBox, key: string): State {
  const { focus } = box;
  if (focus === 'method') {
    const by = { left: -1, right: 1, ' ': 1 }[key];
    if (by === undefined) return state;
    return put(state, box, { method: nextMethod(box.method, by === 1 ? 1 : -1) });
  }
  if (focus === 'keep') return state;
  const field = edit(box[focus], key);
  return field === null ? state : put(state, box, { [focus]: field, problem: null });
}

/** One key of the dialog. Enter on the first choice and Esc leave it; Enter never does it. */
export function deedKey(state: State, box: DeedBox, key: string): Step {
  return dialogKey(state, box, key, {
    close: () => ({ ...state, overlay: null }),
    carry_out: () => carryOut(state, box),
    move: (by) => moveFocus(state, box, by),
    type: (typed) => stay(typeInto(state, box, typed)),
  });
}

/** Pasted text goes into the field, and nowhere when the focus is on a choice. */
export function pasteDeed(state: State, box: DeedBox, text: string): State {
  const { focus } = box;
  if (box.is_busy || focus === 'keep' || focus === 'method') return state;
  return put(state, box, { [focus]: insert(box[focus], text.trim()) });
}

/** Takes an answer in; null when it is none of the money screen's. */
export function takeMoneyAnswer(state: State, event: Event): Step | null {
  const { lang } = state.session;
  const words = wordsOf(lang).money;
  switch (event.type) {
    case 'money':
      return stay(takeMoney(state, event.seq, event.page, event.took_ms));
    case 'payment_loaded': {
      const box = state.overlay;
      if (box?.screen !== 'payment' || box.reference_code !== event.payment.reference_code) {
        return stay(state);
      }
      return stay({ ...state, overlay: { ...box, payment: event.payment } });
    }
    case 'deed_done': {
      const text = words.deed_done[event.kind](event.reference_code);
      return stay(say(enterMoney({ ...state, overlay: null }), 'ok', text));
    }
    case 'counted': {
      const { count, currency } = event.cash_up;
      const closed = enterMoney({ ...state, overlay: null });
      if (count === null) return stay(closed);
      const counted = moneyText(count.counted, currency, lang);
      const difference = moneyText(count.difference, currency, lang);
      const is_right = parseAmount(count.difference, currency).amount_minor === 0;
      const text = words.counted(counted, difference);
      return stay(say(closed, is_right ? 'ok' : 'warn', text));
    }
    default:
      return null;
  }
}

/** A request of the money screen failed; null when it was none of its own. */
export function moneyRefused(
  state: State,
  effect: Effect,
  problem: Problem,
  text: string,
): Step | null {
  switch (effect.type) {
    case 'load_money':
      return stay(moneyFailed(state, effect.seq, text));
    case 'load_payment':
      return stay(say({ ...state, overlay: null }, 'error', text));
    case 'do_deed': {
      const box = state.overlay;
      if (box?.screen !== 'deed') return stay(say(enterMoney(state), 'error', text));
      if (problem.code !== 'conflict') {
        return stay(put(state, box, { is_busy: false, problem: text }));
      }
      // Somebody decided it meanwhile: the list says how it stands.
      return stay(say(enterMoney({ ...state, overlay: null }), 'warn', text));
    }
    default:
      return null;
  }
}
