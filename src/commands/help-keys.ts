import { wordsOf } from '../tui/i18n/text.ts';
import { bindings, keyName } from '../tui/keys.ts';
import type { Lang } from './session.ts';

/** The console's keys as text: the same table that the console runs by, in the person's language. */

/** Keys that so many screens share are said once. */
const MANY_SCREENS = 4;

/** Keys and what they do: what many screens share first, then each screen's own. */
export function keysText(lang: Lang): string {
  const { actions } = wordsOf(lang);
  const shared = bindings.filter((row) => row.screens.length >= MANY_SCREENS);
  const line = (row: (typeof bindings)[number]) =>
    `  ${row.keys.map(keyName).join(' ').padEnd(16)} ${actions[row.id]}`;
  const own = bindings.filter((row) => !shared.includes(row));
  const places = [...new Set(own.map((row) => row.screens.join(', ')))];
  const parts = places.map((place) => {
    const rows = own.filter((row) => row.screens.join(', ') === place);
    return [place, ...rows.map(line)].join('\n');
  });
  const head = 'Keys of petpro tui; there, ? finds and does what you type.';
  return [head, ['most screens', ...shared.map(line)].join('\n'), ...parts].join('\n\n');
}
