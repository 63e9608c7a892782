import { afterEach, describe, expect, it } from 'vitest';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { fakeApi } from './fake-api.ts';
import { largeDay } from './fixture.ts';

/** Marks on the board and acts on all of them: frozen, counted, row by row. */

let driver: Driver;
afterEach(() => driver?.close());
const start = async (options: DriverOptions = {}) => {
  driver = await openDriver(options);
};
const moves = () => driver.api.requests.filter(({ name }) => name === 'set_booking_status');
/** Row 6 is Mochi (10:30), 7 ソラ, 9 Max, 10 Chiko. */
const markFour = () => driver.press(' ', ' ', 'j', ' ', 'j', ' ');
const over = () =>
  driver.until('the end of it', ({ overlay }) =>
    Boolean(overlay?.screen !== 'bulk' || overlay.phase === 'over'),
  );

describe('marks', () => {
  it('stand in the row and on the message line, and u takes them away', async () => {
    await start();
    markFour();
    expect(driver.text()).toContain('4 marked');
    expect(driver.text()).toMatch(/^ +6\+10:30 /m);
    driver.press('u');
    expect(driver.text()).not.toContain('marked');
    expect(driver.state().marked.size).toBe(0);
    driver.press('u');
    await driver.expect('Nothing is marked.');
  });

  it('are for bookings only', async () => {
    await start();
    driver.press('G', ' ');
    expect(driver.text()).toContain('This row is no booking.');
  });

  it('die with the day and with the screen', async () => {
    await start();
    markFour();
    driver.press(']');
    expect(driver.state().marked.size).toBe(0);
    driver.press('t');
    await driver.expect('Mochi');
    driver.press('g', ' ', '4');
    driver.press('1');
    expect(driver.state().marked.size).toBe(0);
  });

  it('keep keys for one row from being taken for keys for all', async () => {
    await start();
    markFour();
    for (const key of ['x', 'r', '$', 'i']) {
      driver.press(key);
      expect(driver.text()).toContain('4 rows are marked: a c n m act on them');
      expect(driver.state().overlay).toBeNull();
    }
  });
});

describe('an act on the marked rows', () => {
  it('shows count and sample, drops the first keys, and asks each row with its version', async () => {
    await start();
    markFour();
    driver.press('a', 'y');
    expect(driver.text()).toContain('ARRIVED: 4 bookings');
    expect(driver.text()).toContain('U takes it back');
    expect(moves()).toEqual([]);
    driver.pass(300);
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    driver.press('a');
    driver.pass(300);
    driver.press('y');
    await driver.expect('arrived: 4 done');
    expect(moves().map((one) => one.request)).toMatchObject(
      Array.from({ length: 4 }, () => ({ status: 'arrived', expected_version: 1 })),
    );
    expect(new Set(moves().map(({ key }) => key)).size).toBe(4);
    expect(driver.state().marked.size).toBe(0);
    expect(driver.text()).toMatch(/ 7 10:45 A/);
  });

  it('leaves out what cannot be, and says why before anything is done', async () => {
    await start();
    driver.press('g', ' ', ' ', 'c');
    expect(driver.text()).toContain('COMPLETED: 2 bookings');
    expect(driver.text()).toContain('0 of them; 2 stay as they are');
    expect(driver.text()).toContain('BP10000119 stays: it is completed');
    expect(driver.text()).not.toContain('y completed');
  });

  it('leaves alone what somebody else has changed, and names it', async () => {
    await start();
    markFour();
    driver.press('a');
    driver.pass(300);
    driver.api.change('BP10000128', { status: 'in-progress' });
    driver.press('y');
    await over();
    expect(driver.text()).toContain('arrived: 3 done, 1 NOT');
    expect(driver.text()).toMatch(/ソラ +BP10000128 NOT done: somebody else has changed|ソラ.*NOT/);
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
  });

  it('stops when nobody answers; the rest was not tried', async () => {
    await start();
    markFour();
    driver.press('a');
    driver.pass(300);
    driver.api.is_down = true;
    driver.press('y');
    await over();
    expect(moves()).toHaveLength(1);
    expect(driver.text()).toContain('arrived: 0 done, 4 NOT');
    expect(driver.text()).toContain('stays: not tried');
  });

  it('stops after the row under way at Esc', async () => {
    await start();
    markFour();
    driver.press('a');
    driver.pass(300);
    driver.press('y', 'esc');
    await over();
    expect(driver.text()).toContain('arrived: 1 done, 3 NOT');
  });

  it('wants the number typed above twenty, and only Ctrl-G does it', async () => {
    await start({ api: fakeApi(largeDay(30)) });
    driver.press('g', ...Array.from({ length: 21 }, () => ' '), 'a');
    driver.pass(300);
    expect(driver.text()).toContain('Type 21 to confirm:');
    driver.press('y', 'ctrl-g');
    expect(moves()).toEqual([]);
    driver.press('backspace', '2', '1', 'y');
    expect(moves()).toEqual([]);
    driver.press('backspace', 'ctrl-g');
    await driver.expect('arrived: 21 done');
    expect(moves()).toHaveLength(21);
  });

  it('sends a message again to one row or to all, after it said that it cannot be taken back', async () => {
    await start();
    driver.press('m');
    expect(driver.text()).toContain('MESSAGE AGAIN: 1 booking');
    expect(driver.text()).toContain('CANNOT be undone');
    driver.pass(300);
    driver.press('y');
    await driver.expect('message again: 1 done');
    markFour();
    driver.press('m');
    driver.pass(300);
    driver.press('y');
    await over();
    const sent = driver.api.calls.filter((name) => name === 'resend_booking');
    expect(sent).toHaveLength(5);
    expect(driver.text()).toContain('The owner has no address.');
  });

  it('is refused to who may only look, with the reason', async () => {
    await start({ read_only: true });
    markFour();
    driver.press('a');
    expect(driver.text()).toContain('read-only: nothing was changed');
    driver.close();
    await start({ role: 'viewer' });
    driver.press(' ');
    expect(driver.text()).toContain('The role viewer may not do that');
  });
});
