import { padEndWidth, plainLine } from '../../domain/width.ts';
import { windowOf } from '../field.ts';
import { dateText, moneyText, wordsOf } from '../i18n/text.ts';
import type { Slot, State } from '../model.ts';
import type { MoveBox } from '../model-life.ts';
import { markedSlot, shownSlots } from '../move.ts';
import { layoutOf } from '../selectors.ts';
import { type Line, lineOf, type Span, span } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';
import { FACT } from './locks.ts';

/** The picker of free times, and what the marked one would cost. */

const WHEN_COLUMNS = 16;
/** Lines that are not free times: title, blank, day, vet, who, blank; blank, effect (2), blank, buttons. */
const FIXED_LINES = 12;

function name(text: string): Span {
  return span(padEndWidth(` ${text}`, FACT), 'dim');
}

function dayLine(state: State, box: MoveBox): { readonly line: Line; readonly x: number | null } {
  const { lang } = state.session;
  const words = wordsOf(lang).life;
  if (box.focus === 'slots') {
    const day = dateText(box.date, lang);
    const keys = span(`   ${words.move_day_keys}`, 'dim');
    return { line: [name(words.facts.day), span(day, 'bold'), keys], x: null };
  }
  const { text, x } = windowOf(box.when, WHEN_COLUMNS);
  const field = `[${padEndWidth(text, WHEN_COLUMNS)}]`;
  const hint = span(`   ${words.move_type}`, 'dim');
  return { line: [name(words.facts.day), span(field, 'bold'), hint], x: FACT + 1 + x };
}

/** What the server says of the marked time, or why it refuses it. */
function effectLines(state: State, box: MoveBox): readonly Line[] {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.life;
  const blank = lineOf('', 1);
  if (box.is_busy) return [[span(`   ${all.working}`, 'dim')], blank];
  if (box.problem !== null) return [[span(`   ${plainLine(box.problem)}`, 'error')], blank];
  if (markedSlot(box) === null) {
    const is_here = box.slots_asked === box.slots_key;
    return [[span(`   ${is_here ? words.move_none : all.slots_loading}`, 'warn')], blank];
  }
  const { quote } = box;
  if (quote === null) return [[span(`   ${all.cancel_asking}`, 'dim')], blank];
  const money = (amount: string) => moneyText(amount, quote.currency, lang);
  const is_same = quote.amount === quote.previous_amount;
  const price = is_same
    ? words.same_price(money(quote.amount))
    : words.new_price(money(quote.previous_amount), money(quote.amount));
  const moves = [
    ...(Number(quote.due_amount) > 0 ? [words.due_then(money(quote.due_amount))] : []),
    ...(Number(quote.refund_amount) > 0 ? [words.comes_back(money(quote.refund_amount))] : []),
    ...(box.by === 'owner' && quote.refund_percent < 100
      ? [words.later_cancel(quote.refund_percent)]
      : []),
  ];
  return [[span(`   ${price}`, 'warn')], [span(`   ${moves.join('; ')}`, 'warn')]];
}

function slotLines(state: State, box: MoveBox, room: number): readonly Line[] {
  const slots = shownSlots(box);
  const { lang } = state.session;
  const top = Math.max(0, Math.min(box.index - Math.floor(room / 2), slots.length - room));
  return slots.slice(top, top + room).map((slot, index): Line => {
    const is_here = top + index === box.index;
    const price = moneyText(slot.price, slot.currency, lang);
    const text = `${slot.time}  ${padEndWidth(plainLine(slot.staff_name ?? ''), 14)}  ${price}`;
    return lineOf(`   ${is_here ? '>' : ' '} ${text}`, 50, is_here ? 'selected' : 'plain');
  });
}

/** Day, time and vet: what the booking would have from then on. */
function whenText(state: State, slot: Slot): string {
  const day = dateText(slot.date, state.session.lang);
  const vet = slot.staff_name === null ? '' : ` ${plainLine(slot.staff_name)}`;
  return `${day} ${slot.time}${vet}`;
}

/** Where to, and what it costs. */
export function moveScreen(state: State, box: MoveBox): Screen {
  const { lang } = state.session;
  const all = wordsOf(lang);
  const words = all.life;
  const { target } = box;
  const { body_rows } = layoutOf(state);
  const at = `${dateText(target.date, lang)} ${target.time}`;
  const now = [at, target.staff_name].filter((part) => part !== null).join(' ');
  const about = `${target.name}  ${target.service_name}  ${words.move_now(now)}`;
  const day = dayLine(state, box);
  const vet = box.same_vet ? words.move_same_vet(target.staff_name ?? '-') : all.any_vet;
  const by = box.by === 'owner' ? words.by_owner : words.by_clinic;
  const slot = markedSlot(box);
  const go = slot === null ? '' : words.move_yes(whenText(state, slot));
  const is_ready = box.quote !== null && box.problem === null && !box.is_busy;
  const room = Math.max(1, body_rows - FIXED_LINES);
  const blank = lineOf('', 1);
  const lines: readonly Line[] = [
    [span(` ${words.move_title(target.reference_code)}  `, 'error'), span(plainLine(about))],
    blank,
    day.line,
    [name(words.facts.vet), span(plainLine(vet)), span('   v', 'dim')],
    [name(words.facts.who), span(by), span('   w', 'dim')],
    blank,
    ...fillLines(slotLines(state, box, room), room, state.columns),
    blank,
    ...effectLines(state, box),
    [span(`   ${all.desk.no_undo_move}`, 'dim')],
    blank,
    [
      span('   '),
      span(` ${words.move_keep} `, 'selected'),
      span(`    ${is_ready ? go : ''}`, 'error'),
    ],
  ];
  const cursor = day.x === null ? null : { x: day.x, y: 2 };
  return { lines: fillLines(lines, body_rows, state.columns), cursor };
}
