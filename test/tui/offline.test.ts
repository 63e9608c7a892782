import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { offlinePort } from '../../src/commands/offline-port.ts';
import { view } from '../../src/tui/view.ts';
import { eventually } from '../helpers/poll.ts';
import { badWidths, type Driver, openDriver, textOf } from './driver.ts';
import { fakeApi } from './fake-api.ts';
import { clinic, NOW } from './fixture.ts';

// The day cache and the paper of a console, on the machine's own disk; the server is taken away by hand.

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-offline-'));
const sheet = path.join(home, 'sheet.txt');
const url = 'http://127.0.0.1:9';
const drivers: Driver[] = [];

afterEach(() => {
  for (const driver of drivers.splice(0)) driver.close();
  fs.rmSync(home, { recursive: true, force: true });
  fs.mkdirSync(home);
});

afterAll(() => fs.rmSync(home, { recursive: true, force: true }));

const portOf = (printer = `file:${sheet}`, print_at_opening = false) =>
  offlinePort({ home, printer, printer_charset: 'auto', print_at_opening }, url);

async function open(options: Parameters<typeof openDriver>[0] = {}): Promise<Driver> {
  const driver = await openDriver({ offline: portOf(), ...options });
  drivers.push(driver);
  return driver;
}

/** Files of kept days; the marks of printed sheets are none. */
function keptFiles(): readonly string[] {
  const folder = path.join(home, 'days');
  if (!fs.existsSync(folder)) return [];
  return fs.readdirSync(folder).filter((name) => name.endsWith('.json'));
}

/** Everything fails from now on, and the feed closes. */
function cut(driver: Driver): void {
  driver.api.is_down = true;
  driver.send({ type: 'link', status: 'offline', retry_at_ms: NOW + 60_000 });
}

describe('keeping', () => {
  it('writes today and tomorrow soon after the start, and again each minute', async () => {
    const driver = await open();
    await eventually('two files', () => keptFiles().length === 2);
    await driver.until('the write to end', (state) => !state.offline.is_keeping);
    const asked = () => driver.api.calls.filter((name) => name === 'get_day').length;
    const before = asked();
    driver.pass(30_000);
    expect(asked()).toBe(before);
    driver.pass(30_000);
    await eventually('today and tomorrow', () => asked() === before + 2);
  });

  it('is for those who look at the day, and says once when the disk takes nothing', async () => {
    await open({ role: 'sre' });
    fs.writeFileSync(path.join(home, 'days'), 'in the way');
    const driver = await open();
    await driver.expect('The day is not kept for offline');
    const failed = driver.state().message?.at_ms;
    driver.pass(600_000);
    await driver.until('the second try to end', (state) => !state.offline.is_keeping);
    expect(driver.state().message?.at_ms).toBe(failed);
  });
});

describe('without a server', () => {
  it('shows tomorrow from the cache, dimmed, and refuses to change anything', async () => {
    const driver = await open();
    await eventually('two files', () => keptFiles().length === 2);
    cut(driver);
    driver.press(']');
    await driver.until('the kept day', ({ offline }) => offline.is_kept);
    expect(driver.text()).toContain('OFFLINE since');
    expect(driver.text()).toMatch(/showing \d\d:\d\d:\d\d/);
    driver.press('t');
    await driver.until('today', ({ board }) => board.length > 5);
    const tones = new Set(
      view(driver.state())
        .lines.slice(5, 10)
        .flatMap((line) => line.map((part) => part.tone)),
    );
    expect(tones).toContain('dim');
    expect(badWidths(view(driver.state()), 80)).toEqual([]);
    const before = driver.api.calls.length;
    driver.press('a');
    expect(driver.text()).toContain('nothing changes until the server answers');
    expect(driver.api.calls.slice(before)).not.toContain('set_booking_status');
  });

  it('begins with the kept day, and goes on by itself when the server is back', async () => {
    const first = await open();
    await eventually('two files', () => keptFiles().length === 2);
    first.close();
    const api = fakeApi();
    api.is_down = true;
    const driver = await open({ api });
    await driver.until('the kept day', ({ board, offline }) => offline.is_kept && board.length > 5);
    expect(driver.text()).toContain('Klinik Sehat BSD');
    expect(driver.text()).toContain('OFFLINE');
    api.is_down = false;
    driver.pass(2_000);
    await driver.until(
      'the line',
      ({ link, offline }) => link.status === 'live' && !offline.is_kept,
    );
    await driver.until('the clinic', (state) => state.clinic !== null);
  });

  it('hears that the server is back while another screen is open', async () => {
    const driver = await open();
    cut(driver);
    driver.send({ type: 'key', key: 'ctrl-r' });
    await driver.until('the failure', ({ reload }) => reload.failures > 0);
    driver.press('4');
    driver.api.is_down = false;
    driver.pass(31_000);
    await driver.until('the line', ({ link }) => link.status === 'live');
    expect(driver.state().place).toBe('money');
  });

  it('finds visits of kept days that are not on the board, and goes there', async () => {
    const driver = await open();
    await eventually('two files', () => keptFiles().length === 2);
    cut(driver);
    driver.press(']');
    await driver.until('the kept day', ({ offline }) => offline.is_kept);
    driver.press('f');
    driver.type('siti');
    driver.pass(100);
    await driver.until(
      'who was kept',
      ({ overlay }) => overlay?.screen === 'find' && (overlay.local?.length ?? 0) > 0,
    );
    expect(driver.text()).toContain('OFFLINE: 1 ');
    driver.press('enter');
    await driver.until('the day of the visit', ({ board, cursor_id }) =>
      board.some(({ id, row }) => id === cursor_id && row.reference_code === 'BP10000127'),
    );
  });

  it('says that a day is not kept', async () => {
    const driver = await open();
    await eventually('two files', () => keptFiles().length === 2);
    cut(driver);
    driver.press('[');
    await driver.expect('That day is not kept on this machine.');
  });

  it('asks for everything again after a sleep of the machine', async () => {
    const driver = await open();
    await driver.until('the write to end', (state) => !state.offline.is_keeping);
    const before = driver.api.calls.filter((name) => name === 'get_day').length;
    driver.api.change('BP10000127', { arrived_at: null, status: 'completed' });
    driver.pass(3_600_000);
    await driver.until(
      'the news',
      ({ day }) =>
        day?.items.some(
          (row) => row.reference_code === 'BP10000127' && row.status === 'completed',
        ) ?? false,
    );
    expect(driver.api.calls.filter((name) => name === 'get_day').length).toBeGreaterThan(before);
  });
});

describe('paper', () => {
  it.each(['en', 'ja', 'id'] as const)(
    'is asked for whom in %s, and printed by Enter',
    async (lang) => {
      const driver = await open({ lang });
      driver.press('p');
      expect(badWidths(view(driver.state()), 80)).toEqual([]);
      expect(textOf(view(driver.state()))).toContain('Andi');
      driver.press('j', 'j', '3', 'enter');
      await driver.until('the paper', ({ overlay }) => overlay === null);
      const text = fs.readFileSync(sheet, 'utf8');
      expect(text.split('\f')).toHaveLength(3);
      expect(text).toContain('Andi');
      expect(text).not.toContain('Sari');
    },
  );

  it('works without a server, and the sheet says how old it is', async () => {
    const driver = await open();
    cut(driver);
    driver.press('p', 'enter');
    await driver.expect('printed: DAY SHEET BSD 2026-11-20');
    expect(fs.readFileSync(sheet, 'utf8')).toContain('AS OF 10:42: no connection since');
  });

  it('stays open with the reason when nothing was printed', async () => {
    const driver = await open({ offline: portOf('file:/nowhere/at/all/sheet') });
    driver.press('p', 'enter');
    await driver.expect('Not printed. /nowhere/at/all/sheet cannot be written (ENOENT).');
    expect(driver.state().overlay).toMatchObject({ screen: 'print', is_busy: false });
    driver.press('esc');
    expect(driver.state().overlay).toBeNull();
  });

  it('tells of signs that the printer lacks', async () => {
    const latin = { home, printer: `escpos:${sheet}`, print_at_opening: false };
    const port = offlinePort({ ...latin, printer_charset: 'cp437' }, url);
    const driver = await open({ lang: 'ja', offline: port });
    driver.press('p', 'enter');
    await driver.expect('印刷できない文字は「?」です。');
    expect(fs.readFileSync(sheet, 'latin1')).toContain('YOYAKU-HYO');
  });
});

describe('the sheet of the opening', () => {
  const opened = (opens: string) => ({
    ...clinic,
    working_hours: [{ weekday: 5, opens, closes: '18:00' }],
  });
  const start = async (opens: string): Promise<Driver> => {
    const driver = await openDriver({ offline: portOf(undefined, true), prints_at_opening: true });
    drivers.push(driver);
    driver.send({ type: 'clinic', clinic: opened(opens) });
    return driver;
  };

  it('is printed once for all consoles of a machine', async () => {
    const driver = await start('09:00');
    await driver.until('the paper', ({ message }) => /^printed: DAY/.test(message?.text ?? ''));
    fs.rmSync(sheet);
    const second = await start('09:00');
    await second.until('it to be dealt with', ({ offline }) => offline.opened_on === '2026-11-20');
    await second.until('the days to be kept', ({ offline }) => !offline.is_keeping);
    expect(fs.existsSync(sheet)).toBe(false);
  });

  it('waits for the hour, and comes not hours later', async () => {
    const late = await start('08:00');
    expect(late.state().offline.opened_on).toBeNull();
    const early = await start('10:45');
    expect(early.state().offline.opened_on).toBeNull();
    await eventually('two files', () => keptFiles().length === 2);
    await early.until('the days to be kept', ({ offline }) => !offline.is_keeping);
    early.pass(180_000);
    await eventually('the paper', () => {
      return fs.existsSync(sheet) && fs.readFileSync(sheet, 'utf8').includes('DAY SHEET: all vets');
    });
  });
});
