import { afterEach, describe, expect, it } from 'vitest';
import { vetsOf } from '../../src/tui/vets.ts';
import { view } from '../../src/tui/view.ts';
import { badWidths, type Driver, openDriver } from './driver.ts';

/** The day by vet, the change of user, a hold alone, the zoom. */

let driver: Driver;
afterEach(() => driver?.close());

describe('a column for each vet', () => {
  it('shows the same rows, and keys act on the one under the cursor', async () => {
    driver = await openDriver();
    driver.press('v');
    expect(driver.text()).toMatch(/TIME +Andi +Rudi +Sari/);
    expect(driver.text()).toMatch(/10:30 .*>! Mochi/);
    driver.press('left', 'left', 'k');
    expect(driver.text()).toMatch(/10:45 +>- ソラ/);
    driver.press('a');
    await driver.expect('ソラ arrived');
    driver.press('v');
    expect(driver.text()).toMatch(/^> 7 10:45 A/m);
  });

  it('books the time of the vet whose column it is', async () => {
    driver = await openDriver();
    const items = driver.api.day.items.map((row) =>
      row.kind === 'open' && row.time === '11:15' && row.service_name === 'Vaccination'
        ? { ...row, staff_id: '00000003-0000-4000-8000-000000000001', staff_name: 'Andi' }
        : row,
    );
    driver.api.day = { ...driver.api.day, items };
    driver.press('ctrl-r');
    driver.pass(2_100);
    await driver.until('the free time of Andi', ({ board }) =>
      board.some(
        ({ id, group }) => id === 'o:11:15' && group.some((one) => one.staff_name === 'Andi'),
      ),
    );
    driver.press('v', 'left', 'left');
    expect(vetsOf(driver.state())).toEqual(['Andi', 'Rudi', 'Sari']);
    expect(driver.state().cursor_id).toBe('o:11:15');
    driver.press('b');
    expect(driver.state().draft).toMatchObject({
      staff_id: '00000003-0000-4000-8000-000000000001',
      wanted_time: '11:15',
    });
  });

  it('keeps every line as wide as the terminal, in every size', async () => {
    driver = await openDriver({ lang: 'ja' });
    driver.press('v');
    for (const columns of [80, 93, 119, 120, 200]) {
      driver.send({ type: 'resize', columns, rows: 30 });
      expect(badWidths(view(driver.state()), columns)).toEqual([]);
    }
  });
});

describe('somebody else', () => {
  it('sits down by name', async () => {
    driver = await openDriver();
    driver.press('L', 'down', 'enter');
    await driver.until('the request', () => driver.switches.length > 0);
    expect(driver.switches).toEqual([{ name: 'manager', token: null }]);
  });

  it('or by a token, which is never painted; a wrong one changes nobody', async () => {
    driver = await openDriver();
    driver.press('L');
    driver.type('abc');
    driver.press('enter');
    expect(driver.text()).toContain('A token is longer than that.');
    driver.press('ctrl-u');
    driver.send({ type: 'paste', text: 'not-a-token\n' });
    expect(driver.text()).toContain('[***********');
    expect(driver.text()).not.toContain('not-a-token');
    driver.press('enter');
    await driver.expect('The server does not know this token.');
    driver.press('esc');
    expect(driver.state().session.name).toBe('Rina');
  });
});

describe('a hold alone', () => {
  it('is kept by Ctrl-G, and the form closes', async () => {
    driver = await openDriver();
    driver.press('h');
    expect(driver.text()).toContain('Only a free time can be held.');
    driver.press('G', 'k', 'h');
    expect(driver.text()).toContain('Ctrl-G keep the hold and close');
    driver.type('rahmawati');
    driver.pass(200);
    await driver.until('a match', ({ draft }) => (draft?.matches.length ?? 0) > 0);
    driver.press('enter');
    await driver.until('the times', ({ draft }) => (draft?.slots.length ?? 0) > 0);
    driver.press('tab', 'tab', 'tab', 'tab', 'enter');
    await driver.until('the hold', ({ draft }) => draft?.hold != null);
    driver.press('ctrl-g');
    await driver.expect('Held for Mochi until 10:52.');
    expect(driver.state().draft).toBeNull();
    expect(driver.api.calls).not.toContain('create_booking');
    expect(driver.api.calls).not.toContain('cancel_reservation');
  });
});

describe('the zoom', () => {
  it('opens what the pane shows, and closes it', async () => {
    driver = await openDriver({ columns: 120, rows: 40 });
    driver.press('+');
    expect(driver.state().overlay?.screen).toBe('detail');
    driver.press('+');
    expect(driver.state().overlay).toBeNull();
  });
});
