import { AppError } from '../domain/errors.ts';
import { type ActionId, type Binding, bindingFor, bindings, foldKey, keyName } from './keys.ts';
import type { ScreenName } from './model.ts';
import { distance } from './palette-words.ts';

/**
 * A person's own keys: `arrived=A, move=m|M`. They count on the lists; forms and dialogs keep theirs, for they say
 * them in words. What would give one key two meanings is refused with both of them.
 */

export type Remap = ReadonlyMap<ActionId, readonly string[]>;

/** Screens on which keys can be changed. */
const lists: readonly ScreenName[] = [
  'board',
  'detail',
  'money',
  'locks',
  'inspect',
  'jobs',
  'events',
  'health',
  'load',
  'run',
  'compare',
];
/** What terminals eat, what always leads back, and what chooses the row that is marked. */
const reserved: readonly string[] = [
  'esc',
  'enter',
  'ctrl-c',
  'ctrl-h',
  'ctrl-i',
  'ctrl-j',
  'ctrl-m',
  'ctrl-q',
  'ctrl-r',
  'ctrl-s',
  'ctrl-z',
];
const named = ['space', 'tab', 'up', 'down', 'left', 'right', 'pgup', 'pgdn', 'home', 'end'];

/** The keys of an action as this person has them. */
export function keysHere(remap: Remap, binding: Binding): readonly string[] {
  return remap.get(binding.id) ?? binding.keys;
}

/** The name of the first key of an action, for people. */
export function keyHere(remap: Remap, binding: Binding): string {
  return keyName(keysHere(remap, binding)[0] ?? '');
}

/**
 * The key of the table behind the key that was pressed; null when the pressed one has lost its meaning. The rest
 * of the console knows the table only.
 */
export function tableKey(remap: Remap, screen: ScreenName, key: string): string | null {
  if (remap.size === 0 || !lists.includes(screen)) return key;
  const folded = foldKey(key);
  for (const row of bindings) {
    const is_here = row.screens.includes(screen);
    if (is_here && remap.get(row.id)?.includes(folded)) return row.keys[0] ?? key;
  }
  const row = bindingFor(screen, folded);
  return row !== null && remap.has(row.id) ? null : key;
}

function keyOf(text: string): string | null {
  const lower = text.toLowerCase();
  if (/^ctrl-[a-z]$/.test(lower)) return lower;
  if (lower === 'space') return ' ';
  if (named.includes(lower) || reserved.includes(lower)) return lower;
  return /^[\x21-\x7e]$/.test(text) ? text : null;
}

function idOf(text: string): ActionId | null {
  return bindings.find((row) => row.id === text)?.id ?? null;
}

function refuse(detail: string): never {
  throw new AppError('invalid_input', `PETPRO_KEYS: ${detail}`, {
    next: 'petpro config get keys --show-origin',
  });
}

/** The names that are nearly this one, or hold it: a hint for who mistyped. */
function like(text: string): string {
  const ids = [...new Set(bindings.map(({ id }) => id))];
  const near = ids.filter((id) => distance(id, text) <= 2);
  const names = near.length > 0 ? near : ids.filter((id) => text !== '' && id.includes(text));
  return names.length === 0 ? '' : ` Did you mean ${names.slice(0, 3).join(', ')}?`;
}

function readEntry(entry: string): readonly [ActionId, readonly string[]] {
  const [name = '', keys = ''] = entry.split('=', 2);
  const id = idOf(name.trim());
  if (id === null) refuse(`no action is called ${name.trim()}.${like(name.trim())}`);
  const row = bindings.find((one) => one.id === id);
  if (row === undefined || !row.screens.some((screen) => lists.includes(screen))) {
    refuse(`${id} is a key of a form or a dialog, and those stay as they are.`);
  }
  const wanted = keys.split('|').map((text) => {
    const key = keyOf(text.trim());
    if (key === null) {
      refuse(`${id}: "${text.trim()}" is no key. Write one letter or sign, Space, Tab, or Ctrl-X.`);
    }
    if (reserved.includes(key)) {
      refuse(`${id}: ${keyName(key)} is kept for the terminal or for going back.`);
    }
    return key;
  });
  return [id, wanted];
}

/** Every key that would mean two things, with both and where. */
function collisions(remap: Remap): readonly string[] {
  const found = new Map<string, Set<ScreenName>>();
  for (const screen of lists) {
    const seen = new Map<string, ActionId>();
    for (const row of bindings.filter((one) => one.screens.includes(screen))) {
      for (const key of keysHere(remap, row)) {
        const other = seen.get(key);
        if (other === undefined) seen.set(key, row.id);
        else {
          const text = `${keyName(key)} would mean ${other} and ${row.id}`;
          found.set(text, (found.get(text) ?? new Set()).add(screen));
        }
      }
    }
  }
  return [...found].map(([text, screens]) => `${text} (${[...screens].join(', ')})`);
}

/** Reads the setting. Throws `invalid_input` that names what is wrong, and all collisions at once. */
export function readRemap(text: string): Remap {
  const entries = text
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(readEntry);
  const remap: Remap = new Map(entries);
  const clashes = collisions(remap);
  if (clashes.length > 0) {
    refuse(`${clashes.join('; ')}. Give the other action a key of its own, or none of the two.`);
  }
  return remap;
}
