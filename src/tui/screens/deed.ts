import { displayWidth, padEndWidth, plainLine } from '../../domain/width.ts';
import { fieldsOf } from '../deed.ts';
import { windowOf } from '../field.ts';
import { dateText, wordsOf } from '../i18n/text.ts';
import type { Field, State } from '../model.ts';
import { desk_methods } from '../model-life.ts';
import type { DeedBox, DeedFocus } from '../model-money.ts';
import { layoutOf } from '../selectors.ts';
import { type Line, lineOf, span, splitLine } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { FACT } from './locks.ts';

/** What a person is about to do with money: the safe choice first, the effect in words. */

const columns_of = { amount: 16, reason: 44, typed: 8 } as const;

function fieldLine(
  state: State,
  box: DeedBox,
  name: keyof typeof columns_of,
): { readonly line: Line; readonly x: number } {
  const words = wordsOf(state.session.lang);
  const is_count = box.kind === 'count';
  const label = {
    amount: is_count ? words.money.counted_name : words.money.part_name,
    reason: is_count || box.kind === 'settle' ? words.money.note : words.money.reason,
    typed: words.ops.lock_facts.type,
  }[name];
  const before = name === 'typed' && box.word !== null ? words.ops.type_word(box.word) : '';
  const after = name === 'amount' && !is_count ? words.money.all_of_it : '';
  const field: Field = box[name];
  const { text, x } = windowOf(field, columns_of[name]);
  const lead = padEndWidth(` ${label}`, FACT);
  const is_here = box.focus === name;
  const line: Line = [
    span(lead, 'dim'),
    span(`${before}[`),
    span(padEndWidth(text, columns_of[name]), is_here ? 'selected' : 'plain'),
    span(']'),
    span(`   ${after}`, 'dim'),
  ];
  return { line, x: displayWidth(`${lead}${before}[`) + x };
}

function methodLine(state: State, box: DeedBox): Line {
  const words = wordsOf(state.session.lang);
  const is_focus = box.focus === 'method';
  return [
    span(padEndWidth(` ${words.money.handed_name}`, FACT), 'dim'),
    ...desk_methods.flatMap((method): Line => {
      const is_here = method === box.method;
      const text = ` ${is_here ? '>' : ' '}${words.life.methods[method]} `;
      const tone = is_here ? (is_focus ? 'selected' : 'bold') : 'plain';
      return [span(text, tone), span(' ')];
    }),
  ];
}

/** The dialog of every deed of the money screen. */
export function deedScreen(state: State, box: DeedBox): Screen {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.money;
  const { body_rows } = layoutOf(state);
  const { kind } = box;
  const env = state.session.env.toUpperCase();
  const name = words.deeds[kind];
  const about = kind === 'count' ? dateText(box.id, lang) : box.reference_code;
  const blank = lineOf('', 1);
  const lines: Line[] = [
    splitLine(
      [span(` ${name.toUpperCase()} ${about}`, 'error')],
      [span(` ${env} `, env === 'PROD' ? 'banner' : 'accent')],
      state.columns,
    ),
    blank,
    [span(`   ${box.amount_text}  `, 'bold'), span(plainLine(box.detail))],
    [span(`   ${words.deed_effects[kind]}`, 'warn')],
    blank,
  ];
  let cursor: Screen['cursor'] = null;
  for (const field of fieldsOf(kind)) {
    if (field === 'keep') continue;
    if (field === 'method') {
      lines.push(methodLine(state, box));
      continue;
    }
    const { line, x } = fieldLine(state, box, field);
    if (box.focus === field) cursor = { x, y: lines.length };
    lines.push(line);
  }
  const keep: DeedFocus = 'keep';
  lines.push(
    blank,
    [
      span('   '),
      span(` ${words.leave_it} `, box.focus === keep ? 'selected' : 'plain'),
      span('    '),
      span(words.do_it(name), 'error'),
    ],
    blank,
    [span(`   ${box.is_busy ? all.working : plainLine(box.problem ?? '')}`, 'error')],
  );
  const keys = lineOf(` ${words.deed_keys}`, state.columns, 'dim');
  return { lines: [...fillLines(lines, body_rows - 1, state.columns), keys], cursor };
}
