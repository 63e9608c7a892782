import { afterEach, describe, expect, it } from 'vitest';
import { tree } from '../../src/commands/tree.ts';
import { desk_verbs, desk_words } from '../../src/domain/desk-words.ts';
import { bindings } from '../../src/tui/keys.ts';
import { commands, nearest, suggestions, typedOf } from '../../src/tui/palette-words.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';

/** The `:` line and the help list: find a key or a command by any of its names, and run it. */

let driver: Driver;
afterEach(() => driver?.close());
const start = async (options: DriverOptions = {}) => {
  driver = await openDriver(options);
};
const run = (line: string) => {
  driver.press(':');
  driver.type(line);
  driver.press('enter');
};

describe('the words', () => {
  it('are those of the command line', () => {
    const paths = new Set(tree.map(({ path }) => path));
    const named = commands.flatMap(({ cli }) => (cli === null ? [] : [cli]));
    expect(named.filter((cli) => !paths.has(cli))).toEqual([]);
  });

  it('are those of the line mode, with its two letters', () => {
    const absent = ['more', 'status', 'history'];
    for (const verb of desk_verbs.filter((one) => !absent.includes(one))) {
      const row = commands.find(({ word }) => word === verb);
      expect({ verb, short: row?.short }).toEqual({ verb, short: desk_words[verb].short[0] });
    }
  });

  it('and their two letters mean one thing each', () => {
    const names = commands.flatMap(({ word, short }) => [word, short]);
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
    for (const { action } of commands) expect(bindings.map(({ id }) => id)).toContain(action);
  });

  it('are taken as they are typed in a shell', () => {
    expect(typedOf('petpro bookings show BP10000127')).toEqual({
      word: 'show',
      text: 'BP10000127',
    });
    expect(typedOf('ＣＩ ６')).toEqual({ word: 'ci', text: '6' });
    expect(suggestions('bookings r').map(({ word }) => word)).toEqual(['resend']);
  });

  it('are guessed when they are nearly right', () => {
    expect(nearest('chek-in')).toBe('check-in');
    expect(nearest('xyzzyx')).toBeNull();
  });
});

describe('the palette', () => {
  it('acts on a row by number, reference or name', async () => {
    await start();
    run('ci 7');
    await driver.expect('ソラ arrived');
    run('ci chiko');
    await driver.expect('Chiko arrived');
    run('check-in bp1000 0131');
    await driver.expect('Max arrived');
  });

  it('says which rows a name fits, and that a row is not there', async () => {
    await start();
    run('ci andi');
    expect(driver.text()).toContain('"andi" can be 1 09:00 Bimo');
    run('ci 99');
    expect(driver.text()).toContain('No booking "99"');
    run('ci 6-99');
    expect(driver.text()).toContain('No booking "11"');
    run('chek-in 6');
    expect(driver.text()).toContain('Did you mean "check-in"?');
    expect(driver.api.calls).not.toContain('set_booking_status');
  });

  it('takes several rows, which asks first', async () => {
    await start();
    run('ci 6-7 10');
    expect(driver.text()).toContain('ARRIVED: 3 bookings');
    driver.pass(300);
    driver.press('y');
    await driver.expect('arrived: 3 done');
  });

  it('completes words, rows and themes', async () => {
    await start();
    driver.press(':');
    driver.type('resch');
    driver.press('tab');
    expect(driver.text()).toContain(' : reschedule');
    driver.type('och');
    expect(driver.text()).toContain('6 10:30 Mochi');
    driver.press('tab');
    expect(driver.text()).toContain(': reschedule 6');
    driver.press('ctrl-u');
    driver.type('theme li');
    driver.press('tab', 'enter');
    expect(driver.state().session.theme).toBe('light');
    run('theme pink');
    expect(driver.text()).toContain('Themes: default, cb-safe, high-contrast, light, mono.');
  });

  it('gives the reason for what this role may not do', async () => {
    await start({ role: 'viewer' });
    run('ci 6');
    expect(driver.text()).toContain('The role viewer may not do that');
  });
});

describe('help', () => {
  it('is found by typing at once, by word, key or command, and Enter runs it', async () => {
    await start();
    driver.press('?');
    driver.type('nobody');
    expect(driver.text()).toMatch(/> n +No-show: nobody came +:ns/);
    driver.press('backspace', 'ctrl-u');
    driver.type('ci');
    expect(driver.text()).toMatch(/> a +Arrived/);
    driver.press('enter');
    await driver.expect('Mochi arrived');
  });

  it('puts the key itself first', async () => {
    await start();
    driver.press('?');
    driver.type('z');
    expect(driver.text()).toMatch(/> z +Undo/);
  });

  it('shows what is forbidden with the reason, and says so when it is run', async () => {
    await start({ role: 'viewer' });
    driver.press('?');
    driver.type('arrived');
    expect(driver.text()).toContain('(not here: role viewer)');
    driver.press('enter');
    expect(driver.text()).toContain('The role viewer may not do that');
  });

  it('is about the screen below, and goes back to it', async () => {
    await start();
    driver.press('enter');
    await driver.expect('HISTORY');
    driver.press('?');
    driver.type('free times');
    expect(driver.text()).toContain('No key does "free times"');
    driver.press('esc');
    expect(driver.state().overlay?.screen).toBe('detail');
  });
});
