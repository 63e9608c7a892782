import { afterEach, describe, expect, it } from 'vitest';
import { readRemap, tableKey } from '../../src/tui/keys-remap.ts';
import { type Driver, openDriver } from './driver.ts';

/** A person's own keys: read, refused where two would be one, shown wherever keys are shown. */

let driver: Driver | undefined;
afterEach(() => driver?.close());

describe('the setting', () => {
  it('reads keys as people write them', () => {
    const remap = readRemap(
      'arrived=A, move=m|Ctrl-X resend=M theme=Ctrl-L mark=Tab next_screen=~',
    );
    expect(Object.fromEntries(remap)).toEqual({
      arrived: ['A'],
      move: ['m', 'ctrl-x'],
      resend: ['M'],
      theme: ['ctrl-l'],
      mark: ['tab'],
      next_screen: ['~'],
    });
    expect(readRemap('').size).toBe(0);
    // Two that change places have one meaning each.
    expect(readRemap('arrived=c complete=a').size).toBe(2);
  });

  it.each([
    ['arrived=c', /c would mean arrived and complete \(board, detail\)/],
    ['arrived=c,move=x', /c would mean arrived and complete.*; x would mean move and cancel/],
    ['arive=A', /no action is called arive. Did you mean arrived/],
    ['arriv=A', /Did you mean arrived\?/],
    ['confirm_yes=Y', /confirm_yes is a key of a form or a dialog/],
    ['arrived=F5', /"F5" is no key/],
    ['arrived=Ctrl-S', /Ctrl-S is kept for the terminal/],
    ['arrived=Esc', /Esc is kept/],
    ['arrived', /"" is no key/],
  ])('refuses %s with the reason', (text, reason) => {
    expect(() => readRemap(text)).toThrow(reason);
    expect(() => readRemap(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('translates on lists only; a key that lost its meaning does nothing', () => {
    const remap = readRemap('arrived=A');
    expect(tableKey(remap, 'board', 'A')).toBe('a');
    expect(tableKey(remap, 'board', 'Ａ')).toBe('a');
    expect(tableKey(remap, 'board', 'a')).toBeNull();
    expect(tableKey(remap, 'book', 'a')).toBe('a');
    expect(tableKey(remap, 'board', 'c')).toBe('c');
  });
});

describe('the console', () => {
  it('takes the new keys, and shows them in hints, help and refusals', async () => {
    driver = await openDriver({ keys: readRemap('arrived=A in_room=I help=!') });
    expect(driver.text()).toContain('A arrived');
    expect(driver.text()).toContain('! help');
    driver.press('a');
    expect(driver.api.calls).not.toContain('set_booking_status');
    driver.press('A');
    await driver.expect('Mochi arrived');
    driver.press('!');
    driver.type('owner is');
    expect(driver.text()).toMatch(/> A +Arrived/);
  });
});
