import { afterEach, describe, expect, it } from 'vitest';
import { type Driver, openDriver } from './driver.ts';
import { at, journal, uuid } from './fixture.ts';

/** Undo and redo, over what this console did last and over the server's journal. */

let driver: Driver;
afterEach(() => driver?.close());

const undos = () => driver.api.requests.filter(({ name }) => name === 'undo_booking');

describe('z and Z', () => {
  it('take a change back and do it again', async () => {
    driver = await openDriver();
    driver.press('a');
    await driver.expect('Mochi arrived (was booked)');
    driver.press('z');
    await driver.expect('Mochi booked again');
    driver.press('Z');
    await driver.expect('Mochi arrived (was booked)');
    driver.press('Z');
    await driver.expect('Nothing was undone here');
  });

  it('ask again before a cancel is repeated, for its price may have changed', async () => {
    driver = await openDriver();
    driver.press('x');
    await driver.expect('refund 50 %');
    driver.pass(300);
    driver.press('y');
    await driver.expect('Mochi cancelled');
    driver.press('z');
    await driver.expect('was undone');
    driver.press('Z');
    await driver.expect('CANCEL BP10000127');
    expect(driver.state().overlay?.screen).toBe('confirm');
  });

  it('do nothing to what has changed since', async () => {
    driver = await openDriver();
    driver.press('a');
    await driver.expect('Mochi arrived');
    driver.press('z');
    await driver.expect('booked again');
    driver.api.change('BP10000127', { status: 'in-progress' });
    driver.press('ctrl-r');
    driver.pass(2_100);
    await driver.expect(' 6 10:30 I');
    driver.press('Z');
    await driver.expect('Mochi has changed since');
  });
});

describe('the journal', () => {
  it('lists what can be taken back, when messages leave, and what never can be', async () => {
    driver = await openDriver();
    driver.api.undoable = journal;
    driver.press('U');
    await driver.expect('ソラ');
    expect(driver.text()).toContain('10:40  arrived');
    expect(driver.text()).toContain('BP10000777  message leaves 10:45:00');
    expect(driver.text()).toContain('Never taken back: in room, completed, money');
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    expect(undos()).toEqual([]);
  });

  it('opens by z where this console has nothing of its own, and takes the marked one back', async () => {
    driver = await openDriver();
    driver.api.undoable = journal;
    driver.api.change('BP10000128', { arrived_at: at('10:40'), version: 1 });
    driver.press('g', 'z');
    await driver.expect('ソラ');
    driver.press('y');
    expect(undos()).toEqual([]);
    driver.pass(300);
    driver.press('y');
    await driver.expect('ソラ booked again (arrived was undone)');
    expect(undos().map((one) => one.request)).toEqual([
      { booking_id: uuid(5, 7), expected_version: 1 },
    ]);
  });

  it('says so when there is nothing, and when the server does not answer', async () => {
    driver = await openDriver();
    driver.press('U');
    await driver.expect('Nothing of yours can be taken back any more.');
    driver.press('esc');
    driver.api.is_down = true;
    driver.press('U');
    await driver.expect('The server does not answer');
  });
});

describe('what no key takes back', () => {
  it('is said where it is asked for', async () => {
    driver = await openDriver();
    driver.press('k', '$');
    await driver.expect('z does not take money back');
    driver.press('esc', 'r');
    await driver.expect('z does not take a move back');
  });
});
