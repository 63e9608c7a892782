import { displayWidth, plainLine } from '../domain/width.ts';
import type { Field } from './model.ts';

/** Editing of one line of text, grapheme by grapheme, so that a flag or a kana with marks goes in one step. */

/** Longer input is cut; the API's longest line is 500, notes 2 000. */
const FIELD_MAX = 500;

const segmenter = new Intl.Segmenter();

function graphemes(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** A field that holds the text, cursor at its end. */
export function fieldOf(text: string): Field {
  return { text, at: text.length };
}

/** Puts text at the cursor. Line breaks of a paste become spaces, other control characters go. */
export function insert(field: Field, typed: string): Field {
  const clean = typed.replace(/[\r\n\t]+/g, ' ').replace(/\p{Cc}/gu, '');
  const room = Math.max(0, FIELD_MAX - field.text.length);
  const added = clean.slice(0, room);
  const text = field.text.slice(0, field.at) + added + field.text.slice(field.at);
  return { text, at: field.at + added.length };
}

/** Applies an editing key; null when the key is not one. */
export function edit(field: Field, key: string): Field | null {
  const before = field.text.slice(0, field.at);
  const after = field.text.slice(field.at);
  const left = graphemes(before).at(-1)?.length ?? 0;
  const right = graphemes(after)[0]?.length ?? 0;
  switch (key) {
    case 'backspace':
      return { text: before.slice(0, before.length - left) + after, at: field.at - left };
    case 'delete':
      return { text: before + after.slice(right), at: field.at };
    case 'left':
      return { ...field, at: field.at - left };
    case 'right':
      return { ...field, at: field.at + right };
    case 'home':
    case 'ctrl-a':
      return { ...field, at: 0 };
    case 'end':
    case 'ctrl-e':
      return { ...field, at: field.text.length };
    case 'ctrl-u':
      return { text: after, at: 0 };
    case 'ctrl-w': {
      const kept = before.replace(/\S+\s*$/, '');
      return { text: kept + after, at: kept.length };
    }
    default:
      return isText(key) ? insert(field, key) : null;
  }
}

/** True for a key that is text: one grapheme, or what an input method hands over at once. */
export function isText(key: string): boolean {
  return key.length === 1 || !/^[\x20-\x7e]+$/.test(key);
}

/** The part of a field that fits `columns` with the cursor in it, and the cursor's column there. */
export function windowOf(
  field: Field,
  columns: number,
): { readonly text: string; readonly x: number } {
  const before = graphemes(plainLine(field.text.slice(0, field.at)));
  const after = plainLine(field.text.slice(field.at));
  // The cursor needs a column of its own at the end.
  let x = displayWidth(before.join(''));
  let from = 0;
  while (x > columns - 1 && from < before.length) {
    x -= displayWidth(before[from] ?? '');
    from += 1;
  }
  return { text: before.slice(from).join('') + after, x };
}
