import { afterEach, describe, expect, it } from 'vitest';
import { selectedLock } from '../../src/tui/selectors-ops.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { figureLocks } from './fixture-ops.ts';

/** The operators' tasks on the lock board by keys, against a server in memory. */

let driver: Driver;
afterEach(() => driver.close());

async function start(options: DriverOptions = {}): Promise<Driver> {
  driver = await openDriver({ role: 'sre', ...options });
  await driver.until('the locks', (state) => state.locks.rows.length > 0);
  driver.pass(300);
  return driver;
}

/** Opens force-release on the selected lock and waits for the rehearsal. */
async function openRelease(): Promise<void> {
  driver.press('F');
  await driver.until('the rehearsal', ({ overlay }) =>
    Boolean(overlay?.screen === 'release' && (overlay.check !== null || overlay.refused !== null)),
  );
  driver.pass(300);
}

function fill(reason: string, word: string): void {
  driver.press('tab');
  driver.type(reason);
  driver.press('enter');
  driver.type(word);
}

const releases = () =>
  driver.api.requests
    .filter((one) => one.name === 'release_lock')
    .map((one) => one.request as { readonly dry_run?: boolean; readonly token: string })
    .filter((one) => one.dry_run !== true);

describe('force-release', () => {
  it('frees a leaked lock after reason and typed time, with the painted fingerprint', async () => {
    await start();
    const [leaked] = figureLocks();
    await openRelease();
    await driver.expect('the server would do it');
    fill('INC-221', '1430');
    driver.press('ctrl-g');
    await driver.expect('OK 10:42:07 BSD 20/11 14:30 Andi released (was LEAKED)');
    await driver.expect('2 live  1 LEAKED  1 ghost  1 foreign');
    expect(driver.text()).not.toContain('BSD 20/11 14:30 Andi     Dental');
    expect(releases()).toMatchObject([{ key: leaked?.key, token: 'finger-1', reason: 'INC-221' }]);
    expect(driver.api.locks.audit).toEqual([{ key: leaked?.key, reason: 'INC-221' }]);
  });

  it('keeps the lock on Enter, Esc, a missing reason and a wrong word', async () => {
    await start();
    await openRelease();
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    await openRelease();
    fill('INC-221', '1431');
    driver.press('ctrl-g');
    await driver.expect('Type 1430 to confirm.');
    driver.press('esc');
    await openRelease();
    driver.press('tab', 'tab');
    driver.type('1430');
    driver.press('enter', 'ctrl-g');
    await driver.expect('A reason is needed');
    expect(releases()).toEqual([]);
    expect(driver.api.locks.audit).toEqual([]);
  });

  it('drops the keys of the first moments, which were typed for the board', async () => {
    await start();
    driver.press('F', 'tab', ...'INC-1', 'tab', ...'1430', 'ctrl-g');
    const box = driver.state().overlay;
    expect(box?.screen === 'release' && box.reason.text + box.typed.text).toBe('');
    await openRelease();
    expect(releases()).toEqual([]);
  });

  it('says what changed when another lock stands there by now, and releases nothing', async () => {
    await start();
    await openRelease();
    fill('INC-221', '1430');
    driver.api.locks.items = driver.api.locks.items.map((lock, index) =>
      index === 0
        ? { ...lock, token: 'other', class: 'live', cause: 'held', reservation_status: 'pending' }
        : lock,
    );
    driver.press('ctrl-g');
    await driver.expect('Nothing released: BSD 20/11 14:30 Andi has another lock');
    await driver.expect('now live.');
    expect(driver.api.locks.audit).toEqual([]);
    driver.pass(2_000);
    await driver.expect('3 live  1 LEAKED');
  });

  it('shows at once that a foreign key is refused, and Ctrl-G does nothing', async () => {
    await start();
    driver.press('/', ...'somebody', 'enter');
    await openRelease();
    await driver.expect('REFUSED This key was not written by PetPro.');
    fill('INC-221', 'foreign');
    driver.press('ctrl-g');
    await driver.expect('The server refuses this');
    expect(releases()).toEqual([]);
  });

  it('takes the lock of a pending hold only together with the hold', async () => {
    await start();
    driver.press('/', ...'sari', 'enter');
    await openRelease();
    await driver.expect('REFUSED');
    await driver.expect('lock and hold go together');
    driver.press('tab', ' ');
    await driver.expect('the hold BP10000804 ends');
    await driver.expect('the server would do it');
    fill('INC-222', '1100');
    driver.press('ctrl-g');
    await driver.expect('BSD 20/11 11:00 Sari released, its hold is cancelled');
    expect(releases()).toMatchObject([{ cancel_reservation: true }]);
  });

  it('says that the lock is gone when it went before the rehearsal', async () => {
    await start();
    driver.api.locks.items = driver.api.locks.items.slice(1);
    driver.press('F');
    await driver.expect('Not found: There is no such lock.');
    await driver.expectNot('FORCE-RELEASE');
  });

  it('is absent in read-only mode and for other roles, with the reason', async () => {
    await start({ read_only: true });
    driver.press('F');
    await driver.expect('read-only: nothing was changed');
    await driver.expect('writes:OFF');
    driver.close();
    driver = await openDriver({ role: 'desk' });
    driver.press('5');
    await driver.expect('The role desk may not do that');
    expect(driver.state().place).toBe('board');
    expect(driver.text()).not.toContain('locks');
    expect(driver.api.calls).not.toContain('list_locks');
  });
});

describe('a plan', () => {
  it('of all that leaked is frozen by the server and carried out by its id', async () => {
    await start();
    driver.press('D');
    await driver.expect('2 leaked locks would be released');
    await driver.expect('plan PL91, frozen until 10:57');
    driver.pass(300);
    fill('INC-221', '2');
    driver.press('ctrl-g');
    await driver.expect('OK 10:42:07 2 locks released, 0 kept');
    await driver.expect('0 leaked');
    const last = driver.api.requests.findLast((one) => one.name === 'cleanup_locks');
    expect(last?.request).toEqual({ plan_id: 'PL91', reason: 'INC-221' });
  });

  it('shows what was kept, with the reason, when a lock changed after the look', async () => {
    await start();
    driver.press('D');
    await driver.expect('2 leaked locks would be released');
    driver.pass(300);
    driver.api.locks.items = driver.api.locks.items.map((lock, index) =>
      index === 1 ? { ...lock, token: 'other' } : lock,
    );
    fill('INC-221', '2');
    driver.press('ctrl-g');
    await driver.expect('1 RELEASED, 1 KEPT');
    await driver.expect('! KMG 21/11 09:30                it has changed since');
    await driver.expect('! 10:42:07 1 lock released, 1 kept');
    driver.press('enter');
    await driver.expect('1 LEAKED');
  });

  it('of marked locks touches them alone, each under its fence', async () => {
    await start();
    driver.press(' ', ' ', ' ', 'D');
    await driver.expect('2 of 3 marked locks would be released');
    await driver.expect('! KMG 21/11 09:00                PostgreSQL holds');
    driver.pass(300);
    const [first, second] = figureLocks();
    driver.api.locks.changing.add(second?.key ?? '');
    fill('INC-223', '2');
    driver.press('ctrl-g');
    await driver.expect('1 RELEASED, 2 KEPT');
    expect(releases()).toMatchObject([{ token: 'finger-1' }, { token: 'finger-2' }]);
    expect(driver.api.locks.audit).toEqual([{ key: first?.key, reason: 'INC-223' }]);
    expect(driver.state().locks.marked.size).toBe(0);
  });

  it('does not open when nothing has leaked', async () => {
    await start();
    driver.api.locks.items = driver.api.locks.items.filter((one) => one.class !== 'leaked');
    driver.press('D');
    await driver.expect('Nothing has leaked.');
    expect(driver.state().overlay).toBeNull();
  });
});

describe('the board', () => {
  it('asks again every three seconds while it is shown, and never behind anything', async () => {
    await start();
    const asked = () => driver.api.calls.filter((name) => name === 'list_locks').length;
    const settled = () =>
      driver.until('an answer', ({ locks }) => !locks.in_flight && !locks.wanted);
    await settled();
    const before = asked();
    driver.pass(3_100);
    await settled();
    expect(asked()).toBe(before + 1);
    driver.press('F');
    driver.pass(10_000);
    expect(asked()).toBe(before + 1);
    driver.press('esc', '1');
    await settled().catch(() => {});
    const hidden = asked();
    driver.pass(60_000);
    expect(asked()).toBe(hidden);
    driver.press('5');
    await settled();
    expect(asked()).toBe(hidden + 1);
  });

  it('marks die with the screen', async () => {
    await start();
    driver.press(' ');
    await driver.expect('1 marked');
    driver.press('1', '5');
    expect(driver.state().locks.marked.size).toBe(0);
  });

  it('asks the server for the leaked ones alone, and filters what it has', async () => {
    await start();
    driver.press('l');
    await driver.expect('LEAKED ONLY (l)');
    await driver.until('two rows', (state) => state.locks.rows.length === 2);
    driver.press('l');
    await driver.until('all rows', (state) => state.locks.rows.length === 6);
    driver.press('/', ...'groom ghost', 'enter');
    await driver.expect('filter "groom ghost": 1');
    expect(selectedLock(driver.state())?.lock.class).toBe('ghost');
    driver.press('esc');
    await driver.expectNot('filter "');
  });

  it('says in words that Redis is away, and that a look failed', async () => {
    await start();
    driver.api.locks.doorman = 'down';
    driver.press('ctrl-r');
    await driver.expect('REDIS DOES NOT ANSWER');
    expect(driver.repaints()).toBe(1);
    driver.api.locks.doorman = 'absent';
    driver.press('ctrl-r');
    await driver.expect('No Redis is configured');
    driver.api.is_down = true;
    driver.press('ctrl-r');
    await driver.expect('The board cannot be read: The server does not answer');
    driver.api.is_down = false;
    driver.pass(5_000);
    await driver.expect('No Redis is configured');
  });

  it('follows the cursor with the pane, counts down, and opens in full', async () => {
    await start({ columns: 120, rows: 40 });
    driver.pass(250);
    await driver.expect('HISTORY OF ITS HOLD');
    driver.press('G');
    await driver.expect('01:12 pending   live +5 used');
    driver.pass(2_000);
    await driver.expect('01:10 pending   live +5 used');
    driver.press('enter');
    await driver.expect('LOCK  TNG 22/11 10:00 Ayu');
    driver.press('y');
    await driver.expect('copied hold:{');
    driver.press('8');
    await driver.expect('8 LOAD');
  });

  it('is reached by digits, Tab and words, and its words stay on their screens', async () => {
    await start();
    // Tab walks through the panels of the health screen, and a digit leaves it.
    const steps = { '6 JOBS': 'tab', '7 HEALTH': 'tab', '8 LOAD': '8', '9 EVENTS': 'tab' };
    for (const [name, key] of Object.entries({ ...steps, '1 BOARD': 'tab' })) {
      driver.press(key);
      await driver.expect(name);
    }
    driver.press(':', ...'locks', 'enter');
    await driver.expect('5 LOCKS');
    driver.press(':', ...'ci 6', 'enter');
    await driver.expect('The role sre may not do that');
    driver.press('?');
    await driver.expect('Release the lock by force');
    expect(driver.text()).not.toContain('Complete: the visit');
    expect(driver.api.calls).not.toContain('set_booking_status');
  });
});
