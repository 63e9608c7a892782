import { afterEach, describe, expect, it } from 'vitest';
import { LINE_MODE } from '../../src/tui/state.ts';
import { copySequence } from '../../src/tui/terminal.ts';
import { view } from '../../src/tui/view.ts';
import { badWidths, type Driver, openDriver } from './driver.ts';

/** What terminals do to a console: resize without end, paste, input methods, clipboards inside tmux. */

let driver: Driver;
afterEach(() => driver?.close());

describe('a storm of resizes', () => {
  it('leaves every frame as large as the terminal and the cursor on its row', async () => {
    driver = await openDriver();
    driver.press('j');
    const { cursor_id } = driver.state();
    for (let index = 0; index < 400; index += 1) {
      const [columns, rows] = [20 + ((index * 37) % 180), 4 + ((index * 13) % 60)];
      driver.send({ type: 'resize', columns, rows });
      const frame = view(driver.state());
      expect(frame.lines.length).toBeLessThan(rows);
      expect(badWidths(frame, columns)).toEqual([]);
    }
    driver.send({ type: 'resize', columns: 80, rows: 24 });
    expect(driver.state().cursor_id).toBe(cursor_id);
    expect(driver.text()).toMatch(/^> /m);
    expect(driver.api.calls.filter((name) => name === 'get_day')).toHaveLength(1);
  });
});

describe('a window that is too small', () => {
  it('offers lines of text by d, and takes no other key but q', async () => {
    driver = await openDriver({ columns: 60, rows: 12 });
    expect(driver.text()).toContain('petpro desk');
    driver.press('a', 'x', 'y');
    expect(driver.quits).toEqual([]);
    driver.press('d', 'q');
    expect(driver.quits).toEqual([LINE_MODE, 0]);
    expect(driver.api.calls).not.toContain('set_booking_status');
  });
});

describe('pasted text', () => {
  it('fires no key on lists, dialogs and the acts on many rows', async () => {
    driver = await openDriver();
    driver.press(' ', ' ', 'a');
    driver.pass(300);
    driver.send({ type: 'paste', text: 'y\ny\n' });
    expect(driver.api.calls).not.toContain('set_booking_status');
    driver.press('esc', 'U');
    driver.send({ type: 'paste', text: 'y\ny\n' });
    expect(driver.api.calls).not.toContain('undo_booking');
    driver.press('esc', ':');
    driver.send({ type: 'paste', text: 'ci 6\n' });
    expect(driver.text()).toContain(' : ci 6');
    expect(driver.api.calls).not.toContain('set_booking_status');
  });
});

describe('an input method', () => {
  it('may leave full-width letters, which count; kana get a hint', async () => {
    driver = await openDriver();
    driver.press('　'.normalize('NFKC'), 'か');
    expect(driver.text()).toContain('The input method is on');
    driver.press('：');
    expect(driver.state().overlay?.screen).toBe('palette');
    driver.press('ｃ', 'ｉ', ' ', '７', 'enter');
    await driver.expect('ソラ arrived');
  });
});

describe('the clipboard', () => {
  it('is reached by OSC 52, inside tmux in both of its ways', () => {
    const plain = '\u001b]52;c;QlA=\u0007';
    expect(copySequence('BP')).toBe(plain);
    expect(copySequence('BP', true)).toBe(`${plain}\u001bPtmux;\u001b${plain}\u001b\\`);
  });
});
