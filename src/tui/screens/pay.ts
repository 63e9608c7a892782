import { displayWidth, padEndWidth, plainLine } from '../../domain/width.ts';
import { windowOf } from '../field.ts';
import { moneyText, wordsOf } from '../i18n/text.ts';
import type { State } from '../model.ts';
import { type Due, desk_methods, type PayBox } from '../model-life.ts';
import { methodKey, restAfter, wantedAmount } from '../pay.ts';
import { layoutOf } from '../selectors.ts';
import { type Line, lineOf, type Span, span } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { FACT, factLine } from './locks.ts';

/** The till: what is left, how it is paid, how much of it. */

const AMOUNT_COLUMNS = 14;

/** What the typed amount comes to. */
function amountHint(state: State, box: PayBox, due: Due): Span {
  const { lang } = state.session;
  const words = wordsOf(lang).life;
  if (box.amount.text.trim() === '') return span(`   ${words.pay_all}`, 'dim');
  const wanted = wantedAmount(box);
  if (wanted === null) return span(`   ${words.no_amount}`, 'error');
  const money = (amount: string) => moneyText(amount, due.currency, lang);
  if (wanted === 'too_much') return span(`   ${words.too_much(money(due.rest))}`, 'error');
  return span(`   ${words.pay_part(money(wanted), money(restAfter(due, wanted)))}`, 'warn');
}

function methodLine(state: State, box: PayBox): Line {
  const words = wordsOf(state.session.lang).life;
  return [
    span(padEndWidth(` ${words.facts.how}`, FACT), 'dim'),
    ...desk_methods.flatMap((method): Line => {
      const is_here = method === box.method;
      const text = ` ${is_here ? '>' : ' '}${methodKey(method)} ${words.methods[method]} `;
      return [span(text, is_here ? 'selected' : 'plain'), span(' ')];
    }),
  ];
}

/** Taking money for a booking or a hold. */
export function payScreen(state: State, box: PayBox): Screen {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.life;
  const { target, due } = box;
  const { body_rows } = layoutOf(state);
  const blank = lineOf('', 1);
  const title: Line = [
    span(` ${words.pay_title(target.reference_code)}  `, 'error'),
    span(plainLine(`${target.name}  ${target.service_name}  ${target.time}`)),
  ];
  if (due === null) {
    const lines = [title, blank, [span(`   ${all.cancel_asking}`, 'dim')]];
    return { lines: fillLines(lines, body_rows, state.columns), cursor: null };
  }
  const money = (amount: string) => moneyText(amount, due.currency, lang);
  const fact = (name: 'price' | 'paid' | 'rest', amount: string, tone: 'plain' | 'warn') =>
    factLine(words.facts[name], money(amount), state.columns, tone);
  const { text, x } = windowOf(box.amount, AMOUNT_COLUMNS);
  const label = padEndWidth(` ${words.facts.amount}`, FACT);
  const wanted = wantedAmount(box);
  const can = wanted !== null && wanted !== 'too_much' && !box.is_busy;
  const go = can ? words.pay_yes(money(wanted), words.methods[box.method]) : '';
  const lines: Line[] = [
    title,
    blank,
    ...fact('price', due.price, 'plain'),
    ...fact('paid', due.paid, 'plain'),
    ...fact('rest', due.rest, 'warn'),
    blank,
    methodLine(state, box),
    [
      span(label, 'dim'),
      span(`[${padEndWidth(text, AMOUNT_COLUMNS)}]`, 'bold'),
      amountHint(state, box, due),
    ],
    blank,
    [span('   '), span(` ${words.pay_keep} `, 'selected'), span(`    ${go}`, 'error')],
    blank,
    [span(`   ${all.desk.no_undo_pay}`)],
    [span(`   ${box.is_busy ? all.working : all.guard_note}`, 'dim')],
  ];
  const cursor = { x: displayWidth(label) + 1 + x, y: 7 };
  return { lines: fillLines(lines, body_rows, state.columns), cursor };
}
