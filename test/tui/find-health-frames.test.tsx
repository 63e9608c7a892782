import { renderToString } from 'ink';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/domain/roles.ts';
import { FrameView } from '../../src/tui/app.tsx';
import type { Glyphs, Lang } from '../../src/tui/model.ts';
import { styleOf } from '../../src/tui/theme.ts';
import { view } from '../../src/tui/view.ts';
import { badWidths, type Driver, openDriver, textOf } from './driver.ts';

/** Golden frames of find, health and the wall, in every size, language, glyph set, and without colours. */

const sizes = [
  [80, 24],
  [120, 40],
] as const;
const langs: readonly Lang[] = ['en', 'ja', 'id'];
const glyph_sets: readonly Glyphs[] = ['ascii', 'utf'];

const health = async (driver: Driver, ...keys: readonly string[]) => {
  driver.press('7');
  await driver.until('health', (state) => state.health.looked_ms !== null);
  const { columns, session } = driver.state();
  const is_wall = columns >= 120 && session.role === 'sre';
  await driver.until('the wall', ({ locks, jobs, load }) => {
    return !is_wall || (locks.page !== null && jobs.page !== null && load.list !== null);
  });
  driver.press(...keys);
};

const screens: Readonly<Record<string, readonly [Role, (driver: Driver) => Promise<void>]>> = {
  'find-list': [
    'desk',
    async (driver) => {
      driver.press('f');
      driver.type('sit');
      driver.pass(100);
      await driver.until('owners', ({ overlay }) =>
        Boolean(overlay?.screen === 'find' && overlay.owners.length > 1),
      );
      driver.press('down');
      driver.pass(250);
      await driver.until('the card', ({ overlay, columns }) =>
        Boolean(columns < 120 || (overlay?.screen === 'find' && overlay.card?.card)),
      );
    },
  ],
  'find-none': [
    'desk',
    async (driver) => {
      driver.press('2');
      driver.type('ゾラ');
      driver.pass(100);
      await driver.until('nobody', ({ overlay }) =>
        Boolean(overlay?.screen === 'find' && overlay.searched === 'ゾラ'),
      );
    },
  ],
  health: ['sre', health],
  'health-manager': ['manager', async (driver) => await health(driver, 'tab')],
  'health-kpis': ['sre', async (driver) => await health(driver, '+', 'tab', 'j')],
  'health-fact': ['sre', async (driver) => await health(driver, 'enter')],
  'health-mute': [
    'sre',
    async (driver) => {
      await health(driver, 'M');
      driver.pass(400);
      driver.press('tab', 'tab');
      driver.type('INC-230');
    },
  ],
  'health-reconcile': [
    'sre',
    async (driver) => {
      await health(driver, 'O');
      await driver.until('the report', ({ overlay }) =>
        Boolean(overlay?.screen === 'reconcile' && overlay.report),
      );
    },
  ],
  'health-stale': [
    'sre',
    async (driver) => {
      await health(driver);
      for (const part of ['alerts', 'kpis', 'checks'] as const) driver.api.health.broken.add(part);
      driver.pass(6_000);
      await driver.until('failures', (state) => state.health.problems.alerts !== null);
    },
  ],
};

describe.each(Object.keys(screens))('%s', (name) => {
  it.each(sizes)('at %ix%i', async (columns, rows) => {
    const frames: string[] = [];
    const [role, play] = screens[name]!;
    for (const lang of langs) {
      const driver = await openDriver({ columns, rows, lang, role });
      await play(driver);
      for (const glyphs of glyph_sets) {
        const state = driver.state();
        const frame = view({ ...state, session: { ...state.session, glyphs } });
        expect(frame.lines).toHaveLength(rows - 1);
        expect(badWidths(frame, columns)).toEqual([]);
        const text = renderToString(<FrameView frame={frame} theme="mono" />, { columns });
        frames.push(`== ${name} ${columns}x${rows} ${lang} ${glyphs}\n${text}\n`);
        if (lang === 'ja') expect(textOf(frame)).not.toMatch(/[\u2500-\u257f\u2190-\u21ff…·●×]/u);
      }
      driver.close();
    }
    await expect(frames.join('\n')).toMatchFileSnapshot(`frames/${name}-${columns}x${rows}.txt`);
  });
});

describe('without colours', () => {
  it('every tone of the wall is told by a word or a sign too', async () => {
    const driver = await openDriver({ columns: 120, rows: 40, role: 'sre' });
    await health(driver);
    const spans = view(driver.state()).lines.flat();
    const told = /CRIT|WARN|SLOW|DOWN|OLD|LEAKED|GHOST|FOREIGN|DEAD|OVER|NOT OK|muted|acked|soon/;
    const red = spans.filter(({ tone }) => tone === 'error');
    expect(red.length).toBeGreaterThan(3);
    // Figures in red stand on a line that has the word.
    const lines = view(driver.state()).lines.map((line) => line.map(({ text }) => text).join(''));
    for (const { text } of red) {
      // A number says itself what it is, under the name of its column.
      if (/^\s*\d+\s*$/.test(text)) continue;
      const line = lines.find((one) => one.includes(text));
      expect({ text, line }).toEqual({ text, line: expect.stringMatching(told) });
    }
    expect(styleOf('error', 'mono')).not.toHaveProperty('color');
    driver.close();
  });
});
