import { amountText, parseAmount } from '../../domain/money.ts';
import { displayWidth, plainLine } from '../../domain/width.ts';
import { dateText, moneyText, wordsOf } from '../i18n/text.ts';
import { type Binding, keyName, refusal } from '../keys.ts';
import { keysHere } from '../keys-remap.ts';
import type { ConfirmBox, ListBox, State } from '../model.ts';
import { helpRows } from '../overlays.ts';
import { candidates } from '../palette.ts';
import { commands } from '../palette-words.ts';
import { actionRefusal } from '../refused.ts';
import { layoutOf } from '../selectors.ts';
import { type Line, lineOf, span } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines, packLines } from './chrome.ts';

/** Confirm, help, and the line of the palette and the filter. */

function cancelLines(state: State, box: Extract<ConfirmBox, { kind: 'cancel' }>): readonly Line[] {
  const words = wordsOf(state.session.lang);
  const { lang } = state.session;
  const { row } = box.row;
  const { quote } = box;
  const blank = lineOf('', state.columns);
  const facts = [row.pet_name, row.owner_name, row.service_name, row.staff_name];
  const who = facts.filter((part) => part !== null).join('  ');
  const day = state.day === null ? '' : dateText(state.day.date, lang);
  const pay = row.payment_state === null ? '' : words.pay_long[row.payment_state];
  const money = quote === null ? '' : moneyText(quote.refund_amount, quote.currency, lang);
  const effect =
    quote === null
      ? words.cancel_asking
      : quote.refund_percent === 0
        ? words.cancel_no_refund
        : words.cancel_effect(quote.refund_percent, money);
  const shares = sharesText(state, box);
  const by = box.by === 'owner' ? words.cancel_by_owner : words.cancel_by_clinic;
  return [
    [span(` ${words.cancel_title(row.reference_code ?? '')}`, 'error')],
    blank,
    [span(`   ${day} ${row.time}  ${plainLine(who)}`)],
    [span(`   ${pay}  ${moneyText(row.amount, row.currency, lang)}`)],
    blank,
    [span(`   ${by}`)],
    [span(`   ${effect}`, quote === null ? 'dim' : 'warn')],
    [span(`   ${shares}`, 'warn')],
    [span(`   ${words.cancel_sends}`)],
    [span(`   ${words.life.cancel_undo}`)],
    blank,
    [
      span('   '),
      span(` ${words.cancel_keep} `, 'selected'),
      span('    '),
      span(quote === null ? '' : words.cancel_yes, 'error'),
      span(`    ${words.cancel_other}`),
    ],
    blank,
    [span(`   ${words.guard_note}`, 'dim')],
  ];
}

/** Who gets what of the money that was paid; empty until both answers are here. */
function sharesText(state: State, box: Extract<ConfirmBox, { kind: 'cancel' }>): string {
  const { quote, due } = box;
  if (quote === null || due === null) return '';
  const { lang } = state.session;
  const words = wordsOf(lang).life;
  const minor = (text: string) => parseAmount(text, due.currency).amount_minor;
  if (minor(due.paid) === 0) return words.cancel_unpaid;
  const kept = Math.max(0, minor(due.paid) - minor(quote.refund_amount));
  const keeps = amountText({ amount_minor: kept, currency: due.currency });
  const money = (amount: string) => moneyText(amount, due.currency, lang);
  return words.cancel_shares(money(quote.refund_amount), money(keeps));
}

/** A dialog: what will happen, the safe choice first. */
export function confirmScreen(state: State, box: ConfirmBox): Screen {
  const words = wordsOf(state.session.lang);
  const { body_rows } = layoutOf(state);
  const blank = lineOf('', state.columns);
  const { ops } = words;
  const { quit_title: title, quit_stay: keep, quit_yes: yes } = words;
  const asked =
    box.kind === 'stop_load'
      ? { title: ops.stop_title, text: ops.stop_text, keep: ops.stop_keep, yes: ops.stop_yes }
      : { title, keep, yes, text: box.kind === 'quit' ? words.quit_text : ops.quit_load };
  const lines: readonly Line[] =
    box.kind === 'cancel'
      ? cancelLines(state, box)
      : [
          [span(` ${asked.title}`, 'error')],
          blank,
          [span(`   ${asked.text}`)],
          blank,
          [span('   '), span(` ${asked.keep} `, 'selected'), span(`    ${asked.yes}`)],
        ];
  return { lines: fillLines(lines, body_rows, state.columns), cursor: null };
}

function helpLine(state: State, row: Binding, is_here: boolean): Line {
  const words = wordsOf(state.session.lang);
  const keys = keysHere(state.session.keys, row).map(keyName).join(' ');
  const absent = refusal(row, state.session);
  const reason =
    absent === null
      ? actionRefusal(state, row.id)
      : absent === 'read_only'
        ? words.absent_read_only
        : words.absent_role(state.session.role);
  const tail = reason === null ? '' : `  (${words.help_absent(reason)})`;
  const command = commands.find(({ action }) => action === row.id);
  const typed = command === undefined ? '' : `  :${command.short}`;
  const text = `${is_here ? '>' : ' '} ${keys.padEnd(12)} ${words.actions[row.id]}${typed}${tail}`;
  const tone = is_here ? 'selected' : reason === null ? 'plain' : 'dim';
  return lineOf(text, state.columns, tone);
}

/** The keys, found by typing; the marked one can be run. */
export function helpScreen(state: State, box: ListBox): Screen {
  const words = wordsOf(state.session.lang);
  const { body_rows } = layoutOf(state);
  const title = ` ${words.help_title}  `;
  const rows = helpRows(state, box.field.text);
  const room = body_rows - 3;
  const top = Math.max(0, Math.min(box.index - Math.floor(room / 2), rows.length - room));
  const letters = Object.entries(words.letters).map(([letter, word]) => `${letter} ${word}`);
  const lines: Line[] = [
    [span(title, 'bold'), span(plainLine(box.field.text)), span(`   ${words.help_hint}`, 'dim')],
    ...rows
      .slice(top, top + room)
      .map((row, index) => helpLine(state, row, top + index === box.index)),
  ];
  if (rows.length === 0) {
    lines.push(
      lineOf(` ${words.desk.help_none(plainLine(box.field.text))}`, state.columns, 'warn'),
    );
  }
  const filled = fillLines(lines, body_rows - 2, state.columns);
  const legend = packLines(letters, state.columns, 2);
  const x = displayWidth(title) + displayWidth(box.field.text.slice(0, box.field.at));
  return { lines: [...filled, ...legend], cursor: { x: Math.min(x, state.columns - 1), y: 0 } };
}

/** The `:` or `/` line, in place of the message. */
export function promptLine(
  state: State,
  mark: ':' | '/',
  text: string,
): { readonly line: Line; readonly x: number } {
  const line = lineOf(` ${mark} ${plainLine(text)}`, state.columns, 'bold');
  return { line, x: 3 };
}

/** What the palette could mean, in place of the facts. */
export function suggestionLines(state: State, box: ListBox): readonly Line[] {
  const words = wordsOf(state.session.lang);
  if (box.field.text === '' && state.place === 'board')
    return packLines(words.palette_hint.split(' | '), state.columns, 2);
  const texts = candidates(state, box.field.text).map(plainLine);
  return packLines(texts, state.columns, 2);
}
