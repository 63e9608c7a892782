import { stripVTControlCharacters } from 'node:util';
import { renderToString } from 'ink';
import { afterEach, describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import { FrameView } from '../../src/tui/app.tsx';
import type { Frame } from '../../src/tui/text.ts';
import { nextTheme, styleOf, theme_names, themeOf, tones } from '../../src/tui/theme.ts';
import { view } from '../../src/tui/view.ts';
import { type Driver, openDriver } from './driver.ts';
import { figureEvents } from './fixture-jobs.ts';

/** Themes: what they look like, and that none of them is needed to read the screen. */

let driver: Driver;
afterEach(() => driver?.close());

/** Tones that mean something; the others are weight. */
const meaning: readonly string[] = ['ok', 'warn', 'error', 'accent', 'banner'];

/**
 * Texts that stand in one column with and without a meaning: only the colour would tell them apart. A row that
 * is selected, finished or offline is said by its sign, letter or banner.
 */
function toldByColourAlone(frame: Frame): readonly string[] {
  const seen = new Map<string, Set<string>>();
  for (const line of frame.lines) {
    let x = 0;
    for (const { text, tone } of line) {
      const word = text.trim();
      const place = `${x} ${word}`;
      if (/[\p{L}\p{N}]/u.test(word) && !['selected', 'dim'].includes(tone)) {
        seen.set(place, (seen.get(place) ?? new Set()).add(tone));
      }
      x += displayWidth(text);
    }
  }
  return [...seen].flatMap(([place, found]) =>
    found.size > 1 && [...found].some((tone) => meaning.includes(tone)) ? [place] : [],
  );
}

const shown: Readonly<Record<string, (one: Driver) => Promise<void>>> = {
  board: async () => {},
  'board with marks and news': async (one) => {
    one.press(' ', ' ');
    one.api.change('BP10000131', { notes: 'late' });
    one.press('ctrl-r');
    one.pass(2_100);
    await one.until('the news', ({ marks }) => marks.size > 0);
  },
  'a result of many': async (one) => {
    one.press(' ', ' ', 'm');
    one.pass(300);
    one.press('y');
    await one.expect('NOT done');
  },
  vets: async (one) => one.press('v'),
  money: async (one) => {
    one.press('4');
    await one.until('the money', ({ money }) => money.page !== null);
  },
  locks: async (one) => {
    one.press('5');
    await one.until('the locks', ({ locks }) => locks.rows.length > 0);
  },
  jobs: async (one) => {
    one.press('6');
    await one.until('the queues', ({ jobs }) => jobs.page !== null);
  },
  events: async (one) => {
    one.press('9');
    for (const event of figureEvents()) {
      one.send({ type: 'frame', frame: { type: 'event', ...event } });
    }
  },
  offline: async (one) => {
    one.send({ type: 'link', status: 'offline', retry_at_ms: null });
  },
};

describe('colour never alone', () => {
  it.each(Object.keys(shown))('on the screen: %s', async (name) => {
    driver = await openDriver({ role: 'admin', columns: 120, rows: 40 });
    await shown[name]?.(driver);
    expect(toldByColourAlone(view(driver.state()))).toEqual([]);
  });

  it('prints the same letters in every theme', async () => {
    driver = await openDriver();
    const frame = view(driver.state());
    const printed = theme_names.map((theme) =>
      stripVTControlCharacters(
        renderToString(<FrameView frame={frame} theme={theme} />, { columns: 80 }),
      ),
    );
    expect(new Set(printed).size).toBe(1);
  });
});

describe('themes', () => {
  it('style every tone; mono has no colour, default the sixteen of the terminal', () => {
    for (const tone of tones) {
      expect(styleOf(tone, 'mono')).not.toHaveProperty('color');
      expect(styleOf(tone, 'default').color ?? 'none').not.toMatch(/^#/);
    }
    expect(styleOf('error', 'cb-safe').color).toBe('#D55E00');
    expect(styleOf('warn', 'cb-safe').color).toBe('#E69F00');
  });

  it('keep error, warning and success apart, in colour or in weight', () => {
    for (const theme of theme_names.filter((one) => one !== 'mono')) {
      const styles = (['ok', 'warn', 'error'] as const).map((tone) =>
        JSON.stringify(styleOf(tone, theme)),
      );
      expect(new Set(styles).size).toBe(3);
    }
  });

  it('change while the console runs, by key and by name', async () => {
    driver = await openDriver();
    driver.press('%');
    expect(driver.state().session.theme).toBe('cb-safe');
    expect(driver.text()).toContain('theme cb-safe');
    expect(driver.repaints()).toBe(1);
    expect(themeOf('pink')).toBeNull();
    expect(theme_names.map(nextTheme)).toEqual([...theme_names.slice(1), 'default']);
  });
});
