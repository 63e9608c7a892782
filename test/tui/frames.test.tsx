import { renderToString } from 'ink';
import { describe, expect, it } from 'vitest';
import type { Role } from '../../src/domain/roles.ts';
import { displayWidth } from '../../src/domain/width.ts';
import { FrameView } from '../../src/tui/app.tsx';
import type { Glyphs, Lang } from '../../src/tui/model.ts';
import { update } from '../../src/tui/update.ts';
import { view } from '../../src/tui/view.ts';
import { badWidths, type Driver, openDriver } from './driver.ts';
import { journal } from './fixture.ts';
import { figureEvents } from './fixture-jobs.ts';
import { figureProgress } from './fixture-ops.ts';

/** Golden frames: every screen at both sizes in every language and glyph set. */

const sizes = [
  [80, 24],
  [120, 40],
] as const;
const langs: readonly Lang[] = ['en', 'ja', 'id'];
const glyph_sets: readonly Glyphs[] = ['ascii', 'utf'];

/** Screens of the operators; the others belong to the desk. */
const role_of: Readonly<Record<string, Role>> = {
  locks: 'sre',
  inspect: 'sre',
  release: 'sre',
  cleanup: 'sre',
  degraded: 'sre',
  'board-sre': 'sre',
  jobs: 'sre',
  'jobs-causes': 'sre',
  'jobs-items': 'sre',
  'jobs-quiet': 'sre',
  job: 'sre',
  jobdeed: 'sre',
  events: 'sre',
  load: 'sre',
  money: 'manager',
  'money-due': 'desk',
  payment: 'manager',
  deed: 'manager',
  start: 'ci',
  run: 'ci',
  compare: 'ci',
};

const lockBoard = async (driver: Driver) => {
  await driver.until('the locks', (state) => state.locks.rows.length > 0);
  driver.pass(300);
};

const jobsBoard = async (driver: Driver, keys: readonly string[] = []) => {
  driver.press('6');
  const settled = (what: string) =>
    driver.until(what, ({ jobs }) => {
      const is_deep = jobs.level !== 'queues' || driver.state().columns >= 120;
      return jobs.page !== null && !jobs.in_flight && !jobs.wanted && (!is_deep || !!jobs.detail);
    });
  await settled('the queues');
  for (const key of keys) {
    driver.press(key);
    driver.pass(250);
    await settled(`what ${key} opens`);
  }
};

const loadBoard = async (driver: Driver) => {
  driver.press('8');
  await driver.until('the runs', (state) => (state.load.list?.runs.length ?? 0) > 0);
};

const moneyBoard = async (driver: Driver) => {
  driver.press('4');
  await driver.until('the money', (state) => state.money.page !== null);
};

const life_screens: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  undo: async (driver) => {
    driver.press('a');
    await driver.until('the undo', (state) => state.undo !== null);
    driver.pass(3_000);
    await driver.until('the pane', (state) => state.columns < 120 || state.detail?.booking != null);
  },
  move: async (driver) => {
    driver.press('r', ']', 'down');
    await driver.until('the times', ({ overlay }) =>
      Boolean(overlay?.screen === 'move' && overlay.slots.length > 0),
    );
    driver.press('down');
    driver.pass(150);
    await driver.until('the price', ({ overlay }) =>
      Boolean(overlay?.screen === 'move' && overlay.quote),
    );
  },
  pay: async (driver) => {
    driver.press('k', '$');
    await driver.until('the rest', ({ overlay }) =>
      Boolean(overlay?.screen === 'pay' && overlay.due),
    );
    driver.pass(300);
    driver.press('d', ...'100000');
  },
  receipt: async (driver) => {
    driver.press('P');
    await driver.until('the receipt', ({ overlay }) =>
      Boolean(overlay?.screen === 'receipt' && overlay.receipt),
    );
  },
  trace: async (driver) => {
    driver.press('T');
    await driver.until('the trace', ({ overlay }) =>
      Boolean(overlay?.screen === 'trace' && overlay.trace),
    );
  },
  waitlist: async (driver) => {
    driver.press('w');
    await driver.until('the list', ({ overlay }) =>
      Boolean(overlay?.screen === 'waitlist' && overlay.items),
    );
    driver.press('j');
  },
  link: async (driver) => {
    driver.press('j', 'j', 'e');
    await driver.until('the link', ({ overlay }) =>
      Boolean(overlay?.screen === 'link' && overlay.hold),
    );
  },
  changed: async (driver) => {
    driver.press('x');
    await driver.until('the quote', ({ overlay }) =>
      Boolean(overlay?.screen === 'confirm' && overlay.kind === 'cancel' && overlay.quote),
    );
    driver.pass(300);
    driver.api.change('BP10000127', { status: 'in-progress', staff_name: 'Andi' });
    driver.press('y');
    await driver.until('the news', ({ overlay }) => overlay?.screen === 'changed');
  },
  money: moneyBoard,
  'money-due': async (driver) => {
    await moneyBoard(driver);
    driver.press('right', 'right');
  },
  payment: async (driver) => {
    await moneyBoard(driver);
    driver.press('enter');
    await driver.until('the payment', ({ overlay }) =>
      Boolean(overlay?.screen === 'payment' && overlay.payment),
    );
  },
  deed: async (driver) => {
    await moneyBoard(driver);
    driver.press('A');
    driver.pass(300);
    driver.press('tab', ...'fair', 'tab', ...'01');
  },
};

const jobs_screens: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  jobs: async (driver) => await jobsBoard(driver, ['j']),
  'jobs-causes': async (driver) => await jobsBoard(driver, ['j', 'enter']),
  'jobs-items': async (driver) => await jobsBoard(driver, ['j', 'enter', 'enter', ' ']),
  'jobs-quiet': async (driver) => {
    driver.api.jobs.items = driver.api.jobs.items.filter(({ state }) => state === 'later');
    await jobsBoard(driver);
  },
  job: async (driver) => {
    await jobsBoard(driver, ['j', 'enter', 'enter']);
    driver.press('enter');
  },
  jobdeed: async (driver) => {
    await jobsBoard(driver, ['j', 'j']);
    driver.press('R');
    await driver.until('the plan', ({ overlay }) =>
      Boolean(overlay?.screen === 'jobdeed' && overlay.plan),
    );
    driver.pass(300);
    driver.press('tab', ...'gateway is back, INC-230', 'tab', ...'2');
  },
  events: async (driver) => {
    driver.press('9');
    for (const event of figureEvents()) {
      driver.send({ type: 'frame', frame: { type: 'event', ...event } });
    }
    driver.press('j');
    const [first] = figureEvents();
    if (first === undefined) throw new Error('the figure has events');
    const later = { ...first, sequence: 918_201 };
    driver.send({ type: 'frame', frame: { type: 'event', ...later } });
  },
};

const ops_screens: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  locks: async (driver) => {
    await lockBoard(driver);
    driver.press(' ', 'g');
    await driver.until(
      'the pane',
      (state) => state.columns < 120 || state.locks.detail?.lock != null,
    );
  },
  inspect: async (driver) => {
    await lockBoard(driver);
    driver.press('enter');
    await driver.until('the lock', (state) => state.locks.detail?.lock != null);
  },
  release: async (driver) => {
    await lockBoard(driver);
    driver.press('F');
    await driver.until('the rehearsal', ({ overlay }) =>
      Boolean(overlay?.screen === 'release' && overlay.check),
    );
    driver.pass(300);
    driver.press('tab');
    driver.type('sweeper missed, INC-221');
    driver.press('tab');
    driver.type('14');
  },
  cleanup: async (driver) => {
    await lockBoard(driver);
    driver.press(' ', 'down', ' ', 'D');
    await driver.until('the plan', ({ overlay }) =>
      Boolean(overlay?.screen === 'cleanup' && overlay.plan),
    );
  },
  degraded: async (driver) => {
    driver.api.locks.doorman = 'down';
    driver.press('ctrl-r');
    await driver.until('the door', ({ locks }) => locks.page?.doorman === 'down');
    driver.pass(300);
    await driver.until(
      'the pane',
      (state) => state.columns < 120 || state.locks.detail?.lock != null,
    );
  },
  'board-sre': async (driver) => {
    driver.press('1');
    driver.pass(250);
    await driver.until('the pane', (state) => state.columns < 120 || state.detail?.booking != null);
  },
  load: async (driver) => {
    await loadBoard(driver);
    driver.press('S');
    driver.pass(300);
    driver.press('y');
    driver.load.progress(figureProgress());
  },
  start: async (driver) => {
    await loadBoard(driver);
    driver.press('S');
  },
  run: async (driver) => {
    await loadBoard(driver);
    driver.press('down', 'enter');
  },
  compare: async (driver) => {
    await loadBoard(driver);
    driver.press('=');
    await driver.until('figures', ({ overlay }) =>
      Boolean(overlay?.screen === 'compare' && overlay.measures),
    );
  },
};

/** Acts on many rows, the journal, the day by vet, the change of user, words that were typed. */
const desk_screens: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  marked: async (driver) => {
    driver.press(' ', ' ', 'k');
    driver.pass(250);
    await driver.until('the pane', (state) => state.columns < 120 || state.detail?.booking != null);
  },
  bulk: async (driver) => {
    driver.press('g', ' ', 'j', ' ', 'j', ' ', ' ', 'j', ' ', 'a');
    driver.pass(300);
  },
  'bulk-over': async (driver) => {
    driver.press(' ', ' ', 'm');
    driver.pass(300);
    driver.press('y');
    await driver.until('the end', ({ overlay }) =>
      Boolean(overlay?.screen === 'bulk' && overlay.phase === 'over'),
    );
  },
  journal: async (driver) => {
    driver.api.undoable = journal;
    driver.press('U');
    await driver.until('the journal', ({ overlay }) =>
      Boolean(overlay?.screen === 'journal' && overlay.items),
    );
  },
  diff: async (driver) => {
    driver.press('enter');
    await driver.until('the booking', (state) => state.detail?.booking != null);
    const booking = driver.state().detail?.booking;
    if (booking == null) throw new Error('the booking is there');
    const [first] = booking.history;
    if (first === undefined) throw new Error('it has a log');
    const moved = { action: 'booking.rescheduled', performed_by_name: 'Rina', source: 'tui' };
    const was = { slot_id: '20261120-1030', amount: '250000.00' };
    const now = { slot_id: '20261120-1130', amount: '300000.00' };
    const at = '2026-11-20T10:40:00+07:00';
    const history = [first, { ...first, ...moved, at, was, now }];
    driver.send({ type: 'booking', why: 'detail', booking: { ...booking, history } });
    driver.press('D');
  },
  vets: async (driver) => {
    driver.press('v', ' ');
    driver.pass(250);
    await driver.until('the pane', (state) => state.columns < 120 || state.detail !== null);
  },
  switch: async (driver) => {
    driver.press('L', 'down');
  },
  'help-found': async (driver) => {
    driver.press('?');
    driver.type('z');
  },
  'palette-row': async (driver) => {
    driver.press(':');
    driver.type('ci an');
  },
};

const screens: Readonly<Record<string, (driver: Driver) => Promise<void>>> = {
  ...life_screens,
  ...ops_screens,
  ...jobs_screens,
  ...desk_screens,
  board: async () => {},
  detail: async (driver) => {
    driver.press('enter');
    await driver.until('the booking', (state) => state.detail?.booking != null);
  },
  book: async (driver) => {
    driver.press('b');
    driver.type('3456');
    driver.pass(200);
    await driver.until('matches', (state) => (state.draft?.matches.length ?? 0) === 2);
    driver.press('enter', 'tab', 'tab');
    driver.type('sat');
    driver.press('tab', 'tab');
    await driver.until('free times', (state) => (state.draft?.slots.length ?? 0) > 0);
    driver.press('down', 'enter');
    await driver.until('the hold', (state) => state.draft?.hold != null);
  },
  confirm: async (driver) => {
    driver.press('x');
    await driver.until('the quote', ({ overlay }) =>
      Boolean(overlay?.screen === 'confirm' && overlay.kind === 'cancel' && overlay.quote),
    );
  },
  help: async (driver) => driver.press('?'),
  find: async (driver) => {
    driver.press('f');
    driver.type('siti');
    driver.pass(200);
    await driver.until('an owner', ({ overlay }) =>
      Boolean(overlay?.screen === 'find' && overlay.owners.length > 0),
    );
  },
  palette: async (driver) => {
    driver.press(':');
    driver.type('c');
  },
  offline: async (driver) => {
    driver.send({ type: 'link', status: 'offline', retry_at_ms: driver.state().now_ms + 4_000 });
  },
};

describe.each(Object.keys(screens))('%s', (name) => {
  it.each(sizes)('at %ix%i', async (columns, rows) => {
    const frames: string[] = [];
    for (const lang of langs) {
      const driver = await openDriver({ columns, rows, lang, role: role_of[name] ?? 'desk' });
      await screens[name]!(driver);
      if (columns >= 120 && name === 'board') {
        driver.pass(250);
        await driver.until('the pane', (state) => state.detail?.booking != null);
      }
      for (const glyphs of glyph_sets) {
        const state = driver.state();
        const frame = view({ ...state, session: { ...state.session, glyphs } });
        expect(frame.lines).toHaveLength(rows - 1);
        expect(badWidths(frame, columns)).toEqual([]);
        const text = renderToString(<FrameView frame={frame} theme="mono" />, { columns });
        const printed = text.split('\n');
        expect(printed.length).toBeLessThanOrEqual(rows - 1);
        expect(printed.filter((line) => displayWidth(line) > columns)).toEqual([]);
        frames.push(`== ${name} ${columns}x${rows} ${lang} ${glyphs}\n${text}\n`);
      }
      driver.close();
    }
    await expect(frames.join('\n')).toMatchFileSnapshot(`frames/${name}-${columns}x${rows}.txt`);
  });
});

describe('columns', () => {
  it('stay aligned beside wide glyphs', async () => {
    const driver = await openDriver({ lang: 'ja' });
    const lines = driver.text().split('\n');
    const columnOf = (line: string, mark: string) =>
      displayWidth(line.slice(0, line.indexOf(mark)));
    const wide = lines.find((line) => line.includes('ムギ'))!;
    const plain = lines.find((line) => line.includes('Bimo'))!;
    expect(columnOf(wide, 'Andi')).toBe(columnOf(plain, 'Andi'));
    expect(columnOf(wide, 'BP10000120')).toBe(columnOf(plain, 'BP10000119'));
    const head = lines.find((line) => line.includes('予約番号'))!;
    expect(columnOf(head, '予約番号')).toBe(columnOf(wide, 'BP10000120'));
    driver.close();
  });

  it('use no glyph of ambiguous width in Japanese', async () => {
    const driver = await openDriver({ lang: 'ja' });
    const state = driver.state();
    const frame = view({ ...state, session: { ...state.session, glyphs: 'utf' } });
    const text = frame.lines.map((line) => line.map((part) => part.text).join('')).join('');
    expect(text).not.toMatch(/[\u2500-\u257f\u2580-\u259f\u2190-\u21ff…·●×]/u);
    driver.close();
  });
});

describe('a window that is too small', () => {
  it.each([
    [79, 24],
    [80, 23],
    [20, 5],
    [1, 2],
  ])('of %ix%i gets a sentence, and the board when it grows', async (columns, rows) => {
    const driver = await openDriver();
    const small = update(driver.state(), { type: 'resize', columns, rows, at_ms: 0 }).state;
    const frame = view(small);
    expect(frame.lines.length).toBeLessThanOrEqual(rows - 1);
    expect(badWidths(frame, columns)).toEqual([]);
    const words = frame.lines.map((line) => line.map((part) => part.text).join(' ')).join(' ');
    if (columns >= 20) expect(words).toContain(`${columns}x${rows}`);
    const grown = update(small, { type: 'resize', columns: 80, rows: 24, at_ms: 0 }).state;
    expect(view(grown)).toEqual(view(driver.state()));
    driver.close();
  });
});
