import { displayWidth, padEndWidth, padStartWidth, plainLine } from '../../domain/width.ts';
import { isTyped, plannedRows } from '../bulk.ts';
import { windowOf } from '../field.ts';
import { wordsOf } from '../i18n/text.ts';
import { journalName } from '../journal.ts';
import type { State } from '../model.ts';
import type { BulkBox, BulkItem, JournalBox, SwitchBox } from '../model-desk.ts';
import { clockText, layoutOf } from '../selectors.ts';
import { type Line, lineOf, type Span, span, wrap } from '../text.ts';
import type { Screen } from './book.ts';
import { fillLines } from './chrome.ts';

/** Dialogs of the desk: many rows at once, what can be taken back, who sits here. */

const TYPED = 6;
const TOKEN_COLUMNS = 40;
/** Lines of the bulk dialog that are no rows. */
const BULK_LINES = 9;

const outcome_tones = { planned: 'plain', done: 'ok', failed: 'error', kept: 'warn' } as const;

/** Where reasons begin that have a line of their own. */
const WHY = 5;

/** One row: what becomes of it, in a word, and why; below it, where the reason is longer than the line. */
function itemLines(state: State, item: BulkItem): readonly Line[] {
  const words = wordsOf(state.session.lang).desk;
  const number = padStartWidth(item.number === null ? '' : String(item.number), 3);
  const name = padEndWidth(plainLine(item.name), 12);
  const tone = outcome_tones[item.outcome];
  const head = ` ${number} ${item.time} ${name} ${padEndWidth(item.reference_code, 10)} `;
  const word = words.outcomes[item.outcome];
  if (item.why === null) return [[span(head), span(word, tone)]];
  const whole = `${word}: ${plainLine(item.why)}`;
  if (displayWidth(head) + displayWidth(whole) <= state.columns) {
    return [[span(head), span(whole, tone)]];
  }
  const parts = wrap(item.why, state.columns - WHY - 1);
  return [
    [span(head), span(`${word}:`, tone)],
    ...parts.map((part): Line => [span(' '.repeat(WHY)), span(part, tone)]),
  ];
}

/** The rows that fit, whole, and how many do not. */
function itemsShown(
  state: State,
  box: BulkBox,
  room: number,
): { readonly lines: readonly Line[]; readonly more: number } {
  const lines: Line[] = [];
  let shown = 0;
  for (const item of box.items.slice(box.top)) {
    const next = itemLines(state, item);
    if (lines.length + next.length > room) break;
    lines.push(...next);
    shown += 1;
  }
  return { lines, more: box.items.length - box.top - shown };
}

function bulkButtons(state: State, box: BulkBox): readonly Line[] {
  const all = wordsOf(state.session.lang);
  const words = all.desk;
  const count = plannedRows(box);
  const keep: Span = span(` ${words.keep_rows} `, 'selected');
  if (box.phase === 'over') return [[span(`   ${words.bulk_close}`, 'dim')]];
  if (box.phase !== 'asked') {
    const done = box.items.length - count;
    return [[span(`   ${words.bulk_running(done, box.items.length)}`, 'accent')]];
  }
  if (count === 0) return [[span('   '), keep]];
  const yes = isTyped(box) ? words.bulk_typed(box.verb, count) : words.bulk_yes(box.verb, count);
  return [[span('   '), keep, span('    '), span(yes, 'error')]];
}

/** What will be done, or what was. */
function countText(state: State, box: BulkBox): string {
  const words = wordsOf(state.session.lang).desk;
  const { items, verb, phase } = box;
  const done = items.filter(({ outcome }) => outcome === 'done').length;
  if (phase === 'over') return words.bulk_done(done, items.length - done, verb);
  const count = plannedRows(box);
  const kept = items.filter(({ outcome }) => outcome === 'kept').length;
  return words.bulk_count(count + done, kept);
}

/** Frozen count and sample first, then what it does, then the safe choice. */
export function bulkScreen(state: State, box: BulkBox): Screen {
  const words = wordsOf(state.session.lang).desk;
  const { body_rows } = layoutOf(state);
  const count = plannedRows(box);
  const room = Math.max(1, body_rows - BULK_LINES);
  const { lines: shown, more } = itemsShown(state, box, room);
  const lines: Line[] = [
    [span(` ${words.bulk_title(box.verb, box.items.length)}`, 'error')],
    [span(`   ${countText(state, box)}`, 'bold')],
    lineOf('', 1),
    ...fillLines(shown, room, state.columns),
    [span(more > 0 ? `   ${words.bulk_more(more)}` : '', 'dim')],
    [span(box.phase === 'over' ? '' : `   ${words.bulk_effects[box.verb]}`, 'warn')],
  ];
  let cursor: Screen['cursor'] = null;
  if (box.phase === 'asked' && isTyped(box)) {
    const label = `   ${words.type_count(count)} `;
    const { text, x } = windowOf(box.typed, TYPED);
    cursor = { x: displayWidth(label) + 1 + x, y: lines.length };
    lines.push([span(label), span(`[${padEndWidth(text, TYPED)}]`, 'bold')]);
  }
  lines.push(lineOf('', 1), ...bulkButtons(state, box));
  return { lines: fillLines(lines, body_rows, state.columns), cursor };
}

/** What can be taken back, newest first. */
export function journalScreen(state: State, box: JournalBox): Screen {
  const all = wordsOf(state.session.lang);
  const words = all.desk;
  const { body_rows } = layoutOf(state);
  const ms = (instant: string) => Temporal.Instant.from(instant).epochMilliseconds;
  const items = box.items ?? [];
  const room = Math.max(1, body_rows - 4);
  const top = Math.max(0, Math.min(box.index - room + 1, items.length - room));
  const lines: Line[] = [[span(` ${words.journal_title}`, 'bold')]];
  if (box.items === null) lines.push([span(`   ${all.loading}`, 'dim')]);
  else if (items.length === 0) lines.push([span(`   ${words.journal_none}`, 'accent')]);
  for (const [index, item] of items.slice(top, top + room).entries()) {
    const is_here = top + index === box.index;
    const at = clockText(state, ms(item.at), 'minute');
    const leaves =
      item.leaves_at === null || ms(item.leaves_at) <= state.now_ms + state.offset_ms
        ? ''
        : `  ${words.journal_leaves(clockText(state, ms(item.leaves_at), 'second'))}`;
    const what = padEndWidth(words.undoable[item.action], 12);
    const name = padEndWidth(plainLine(journalName(state, item)), 18);
    const text = `${is_here ? '>' : ' '} ${at}  ${what} ${name} ${item.reference_code}${leaves}`;
    lines.push(lineOf(text, state.columns, is_here ? 'selected' : 'plain'));
  }
  const keys = lineOf(` ${words.journal_keys}`, state.columns, 'dim');
  const note = lineOf(` ${words.journal_never}`, state.columns, 'dim');
  const cursor = items.length === 0 ? null : { x: 0, y: 1 + box.index - top };
  return { lines: [...fillLines(lines, body_rows - 2, state.columns), note, keys], cursor };
}

/** Who sits down; a token is never painted. */
export function switchScreen(state: State, box: SwitchBox): Screen {
  const all = wordsOf(state.session.lang);
  const words = all.desk;
  const { body_rows } = layoutOf(state);
  const lines: Line[] = [
    [span(` ${words.switch_title(plainLine(state.session.name))}`, 'bold')],
    lineOf('', 1),
    ...box.names.map((name, index): Line => {
      const is_here = index === box.index && box.token.text === '';
      const text = `   ${is_here ? '>' : ' '} ${plainLine(name)}`;
      return lineOf(text, state.columns, is_here ? 'selected' : 'plain');
    }),
    lineOf('', 1),
  ];
  const label = `   ${words.switch_token} `;
  const dots = '*'.repeat(Math.min(TOKEN_COLUMNS - 1, box.token.text.length));
  const cursor = { x: displayWidth(label) + 1 + dots.length, y: lines.length };
  lines.push([span(label), span(`[${padEndWidth(dots, TOKEN_COLUMNS)}]`, 'bold')], lineOf('', 1));
  if (box.is_busy) lines.push([span(`   ${all.working}`, 'dim')]);
  if (box.problem !== null) lines.push([span(`   ${plainLine(box.problem)}`, 'error')]);
  const keys = lineOf(` ${words.switch_keys}`, state.columns, 'dim');
  return { lines: [...fillLines(lines, body_rows - 1, state.columns), keys], cursor };
}
