/** What the terminal reports, as the names of keys that keys.ts binds. */

/** The part of Ink's key description that we use. */
type InkKey = {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly tab: boolean;
  readonly shift: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
};

function specialKey(key: InkKey): string | null {
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.leftArrow) return 'left';
  if (key.rightArrow) return 'right';
  if (key.pageUp) return 'pgup';
  if (key.pageDown) return 'pgdn';
  if (key.home) return 'home';
  if (key.end) return 'end';
  if (key.return) return 'enter';
  if (key.escape) return 'esc';
  if (key.tab) return key.shift ? 'shift-tab' : 'tab';
  if (key.backspace) return 'backspace';
  return key.delete ? 'delete' : null;
}

function controlKey(letter: string): string {
  const code = letter.charCodeAt(0);
  if (letter === '\r' || letter === '\n') return 'enter';
  if (letter === '\t') return 'tab';
  if (code === 0x7f || code === 0x08) return 'backspace';
  return `ctrl-${String.fromCharCode(code + 0x60)}`;
}

const segmenter = new Intl.Segmenter();

/**
 * The keys behind one report of Ink. Fast typing over a slow line arrives as one chunk (`3456\r`): each letter
 * must count as its own key, or type-ahead is lost.
 */
export function keysOf(input: string, key: InkKey): readonly string[] {
  const special = specialKey(key);
  // Esc and the key after it in one chunk look like Alt; nothing here uses Alt, so it was two keys.
  if (special === 'enter' && key.meta) return ['esc', 'enter'];
  if (special !== null) return [special];
  if (key.ctrl && /^[a-z]$/i.test(input)) return [`ctrl-${input.toLowerCase()}`];
  const keys: string[] = key.meta ? ['esc'] : [];
  for (const { segment } of segmenter.segment(input)) {
    if (segment === '\r\n') keys.push('enter');
    else keys.push(/^\p{Cc}$/u.test(segment) ? controlKey(segment) : segment);
  }
  return keys;
}
