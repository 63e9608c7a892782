import { afterEach, describe, expect, it } from 'vitest';
import { displayWidth } from '../../src/domain/width.ts';
import { wordsOf } from '../../src/tui/i18n/text.ts';
import type { Lang } from '../../src/tui/model.ts';
import { find_columns } from '../../src/tui/screens/find.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { owners, uuid } from './fixture.ts';

/** Screen 2 by its keys: a receptionist with a phone at the ear. */

let driver: Driver;
afterEach(() => driver?.close());

async function start(options: DriverOptions = {}): Promise<void> {
  driver = await openDriver(options);
}

const box = () => {
  const { overlay } = driver.state();
  if (overlay?.screen !== 'find') throw new Error(`find is not open:\n${driver.text()}`);
  return overlay;
};

async function search(text: string): Promise<void> {
  driver.press('f');
  driver.type(text);
  driver.pass(100);
  await driver.until('the answer', () => box().searched === text);
}

const [siti, sitti] = owners;
if (siti === undefined || sitti === undefined) throw new Error('the fixture has two owners');
/** The lines of the list, from the column names on. */
const lines = () => driver.text().split('\n').slice(6);

describe('the list', () => {
  it('has who comes today first, with the next and the last visit', async () => {
    await start();
    await search('sit');
    expect(lines()[0]).toMatch(/^> Sitti Aminah .*Kitty +TODAY 11:30 +-/);
    expect(lines()[1]).toMatch(/^ {2}Siti Rahmawati .*Mochi, Bruno +- +03\/09 09:00/);
    driver.press('down');
    await driver.expect(
      'no visit ahead | last 03/09 09:00 Vaccination Andi Bruno completed BP1000',
    );
  });

  it('asks once when a word is typed, and drops what comes too late', async () => {
    await start();
    driver.press('f');
    for (const letter of 'rahma') {
      driver.press(letter);
      driver.pass(20);
    }
    driver.pass(100);
    await driver.expect('Siti Rahmawati');
    const asked = driver.api.requests.filter(({ name }) => name === 'search_owners');
    expect(asked.map(({ request }) => Object(request).q)).toEqual(['rahma']);
    driver.send({ type: 'found', query: 'rahm', owners: [sitti], booking: null });
    expect(box().owners.map(({ full_name }) => full_name)).toEqual(['Siti Rahmawati']);
    driver.press('x');
    await driver.expect('looking for it');
  });

  it('forgets what was found when the box is nearly empty', async () => {
    await start();
    await search('sit');
    driver.press('ctrl-u');
    expect(driver.text()).not.toContain('Aminah');
    expect(driver.text()).toContain('end of a phone number');
  });

  it('opens from every list, and leaves it as it was', async () => {
    await start({ role: 'manager' });
    driver.press('4');
    driver.press('2');
    expect(box().focus).toBe('box');
    driver.press('esc');
    expect(driver.state().place).toBe('money');
    driver.press('f');
    driver.type('aminah');
    driver.press('enter');
    await driver.until('the board', ({ place, overlay }) => place === 'board' && overlay === null);
    expect(driver.state().cursor_id).toBe(`b:${uuid(5, 12)}`);
  });

  it('is not for those who see no names', async () => {
    await start({ role: 'sre' });
    driver.press('2');
    expect(driver.state().overlay).toBeNull();
    await driver.expect('sre');
  });
});

describe('its keys', () => {
  it('are letters in the box and keys on the list', async () => {
    await start();
    await search('sit');
    driver.press('b', 'y');
    expect(box().field.text).toBe('sitby');
    driver.press('backspace', 'backspace');
    driver.pass(100);
    await driver.until('the answer', () => box().searched === 'sit');
    driver.press('down', 'y');
    expect(driver.copied).toEqual(['+6281234563456']);
    driver.press('k', 'k');
    expect(box().focus).toBe('box');
    driver.press('tab', 'y');
    expect(driver.copied).toEqual(['+6281234563456', '+6281300345621']);
    driver.press('m');
    await driver.expect('Tab goes back to the box');
  });

  it('book for the marked owner', async () => {
    await start();
    await search('sit');
    driver.press('down', 'b');
    await driver.expect('BOOK');
    expect(driver.state().draft?.owner?.user_id).toBe(siti.user_id);
  });

  it('do not book for who may not', async () => {
    await start({ read_only: true });
    await search('sit');
    driver.press('tab', 'b');
    expect(driver.state().overlay?.screen).toBe('find');
    await driver.expect('read-only');
  });

  it('copy nothing where there is no number', async () => {
    await start();
    driver.api.owners = [{ ...siti, phone: null, full_name: 'No Phone' }];
    await search('phone');
    driver.press('tab', 'y');
    await driver.expect('no phone number');
    expect(driver.copied).toEqual([]);
  });
});

describe('a whole reference', () => {
  it('finds its booking beside its owner, and opens it', async () => {
    await start();
    await search('bp1000 0127');
    const asked = driver.api.requests.find(({ name }) => name === 'get_booking');
    expect(asked?.request).toEqual({ booking_id: 'BP10000127' });
    expect(lines()[0]).toMatch(/^> Siti Rahmawati .*Mochi +TODAY 10:30 +BP10000127/);
    driver.press('enter');
    await driver.until('the board', ({ overlay }) => overlay === null);
    const { cursor_id, board } = driver.state();
    const row = board.find(({ id }) => id === cursor_id);
    expect(row?.row.reference_code).toBe('BP10000127');
  });

  it('that is nobody’s is no failure', async () => {
    await start();
    await search('BP99999999');
    await driver.expect('Nobody matches "BP99999999"');
  });
});

describe('without a server', () => {
  it('looks through the board and says so', async () => {
    await start();
    driver.api.is_down = true;
    driver.press('f');
    driver.type('ムギ');
    driver.pass(100);
    await driver.expect('OFFLINE: 1 on the board');
    expect(driver.text()).toContain('山田 太郎');
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    const row = driver.state().board.find(({ id }) => id === driver.state().cursor_id);
    expect(row?.row.pet_name).toBe('ムギ');
  });
});

describe('the card', () => {
  it('stands beside the list once the cursor rests, and is asked for once', async () => {
    await start({ columns: 120, rows: 40 });
    await search('sit');
    driver.press('down');
    driver.pass(50);
    expect(driver.api.calls).not.toContain('get_owner');
    driver.pass(250);
    await driver.expect('7, no-show 1, cancelled 0');
    driver.pass(60_000);
    await driver.expect('Last visits');
    expect(driver.api.calls.filter((name) => name === 'get_owner')).toHaveLength(1);
  });
});

describe.each<Lang>(['en', 'ja', 'id'])('the words in %s', (lang) => {
  it('fit their columns', () => {
    const { find } = wordsOf(lang);
    const tight: readonly (readonly [number, readonly string[]])[] = [
      [find_columns.next, [find.heads.next, `${find.today} 11:30`]],
      [find_columns.last, [find.heads.last]],
      [find_columns.phone, [find.heads.phone]],
      [12, [find.heads.pets, find.heads.owner]],
      [10, Object.values(find.facts)],
      [8, [find.screen]],
    ];
    const long = tight.flatMap(([budget, texts]) =>
      texts.filter((text) => displayWidth(text) > budget),
    );
    expect(long).toEqual([]);
  });
});
