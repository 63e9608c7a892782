import { afterEach, describe, expect, it } from 'vitest';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { slotsOf, uuid } from './fixture.ts';

/** The desk's tasks by keys, against a server in memory. */

let driver: Driver;
const start = async (options: DriverOptions = {}) => {
  driver = await openDriver(options);
  return driver;
};
afterEach(() => driver.close());

/** Puts the cursor on a row by its number, as a person would with the palette. */
function goTo(row: number): void {
  driver.press(':');
  driver.type(`show ${row}`);
  driver.press('enter', 'esc');
}

describe('desk moves', () => {
  it('set the letter that was pressed and say what was before', async () => {
    await start();
    driver.press('a');
    await driver.expect('OK 10:42:07 Mochi arrived (was booked)');
    await driver.expect('6 10:30 A Mochi');
    driver.press('i');
    await driver.expect('Mochi in room (was arrived)');
    driver.press('c');
    await driver.expect('Mochi completed (was in room)');
    await driver.expect('6 10:30 C Mochi');
    const moves = driver.api.requests.filter((one) => one.name === 'set_booking_status');
    expect(moves.map((one) => one.request)).toMatchObject([
      { status: 'arrived', expected_version: 1 },
      { status: 'in-progress', expected_version: 2 },
      { status: 'completed', expected_version: 3 },
    ]);
    expect(new Set(moves.map((one) => one.key)).size).toBe(3);
  });

  it('are refused with the reason when the state does not allow them', async () => {
    await start();
    driver.press('c');
    await driver.expect('! 10:42:07 "completed" is not possible: it is booked.');
    goTo(7);
    driver.press('n');
    await driver.expect('No-show can be said from 10:55.');
    goTo(8);
    driver.press('a');
    await driver.expect('This row is no booking.');
    expect(driver.api.calls).not.toContain('set_booking_status');
  });

  it('act on the version that was painted, and say who was faster', async () => {
    await start();
    driver.api.change('BP10000127', { status: 'in-progress' });
    driver.press('a');
    await driver.expect('Nothing done: changed');
    await driver.expect('to in room (webhook)');
    await driver.expect('6 10:30 I Mochi');
  });

  it('happen once when the key is pressed twice', async () => {
    await start();
    driver.press('a', 'a');
    await driver.expect('Mochi arrived');
    expect(driver.api.calls.filter((name) => name === 'set_booking_status')).toHaveLength(1);
  });
});

describe('cancelling', () => {
  it('shows the effect from the server, keeps on Enter, and cancels on y after the guard', async () => {
    await start();
    driver.press('x');
    await driver.expect('refund 50 % = IDR 125,000');
    driver.press('y', 'enter');
    await driver.expect('CANCEL BP10000127');
    driver.pass(300);
    driver.press('enter');
    await driver.expectNot('CANCEL BP10000127');
    expect(driver.api.requests.filter((one) => one.name === 'cancel_booking')).toHaveLength(1);

    driver.press('x');
    await driver.expect('refund 50 %');
    driver.pass(300);
    driver.press('x');
    driver.press('y');
    await driver.expect('OK 10:42:07 Mochi cancelled, refund 50 % = IDR 125,000');
    const last = driver.api.requests.findLast((one) => one.name === 'cancel_booking');
    expect(last?.request).toMatchObject({ by: 'owner', expected_version: 1 });
    expect(last?.key).not.toBe('');
  });

  it('asks again when the clinic cancels instead', async () => {
    await start();
    driver.press('x');
    await driver.expect('refund 50 %');
    driver.pass(300);
    driver.press('w');
    await driver.expect('the clinic cancels (full refund)');
    await driver.expect('refund 100 % = IDR 250,000');
    driver.pass(300);
    driver.press('y');
    await driver.expect('refund 100 % = IDR 250,000');
    const last = driver.api.requests.findLast((one) => one.name === 'cancel_booking');
    expect(last?.request).toMatchObject({ by: 'clinic' });
  });

  it('is not offered for what is over', async () => {
    await start();
    goTo(1);
    driver.press('x');
    await driver.expect('is not possible: it is completed.');
  });
});

describe('booking by phone', () => {
  it('takes at most 25 keys from the call to the payment link', async () => {
    await start();
    let keys = 0;
    const press = (...names: string[]) => {
      keys += names.length;
      driver.press(...names);
    };
    press('b', ...'3456');
    driver.pass(200);
    await driver.expect('2 matches');
    press('enter', 'tab', 'tab', ...'sat', 'tab', 'tab', 'down', 'enter', 'tab', 'ctrl-g');
    await driver.expect('BOOKED BP20000901');
    await driver.expect('https://pay.example.com/c/pay/cs_test_a1B2c3');
    expect(keys).toBeLessThanOrEqual(17);
    const names = ['create_reservation', 'create_booking'];
    const writes = driver.api.requests.filter((one) => names.includes(one.name));
    const [, second] = slotsOf(uuid(2, 1), '2026-11-21');
    expect(writes.map((one) => one.request)).toMatchObject([
      { slot_id: second?.slot_id, user_id: uuid(7, 90), pet_id: uuid(8, 90) },
      { slot_id: second?.slot_id, payment_method: 'checkout' },
    ]);
    driver.press('y');
    await driver.expect('copied https://pay.example.com');
    expect(driver.copied).toEqual(['https://pay.example.com/c/pay/cs_test_a1B2c3']);
    driver.press('enter');
    await driver.expect('Sat 21 Nov 2026');
    expect(driver.state().draft).toBeNull();
  });

  it('makes an unknown caller an owner without leaving the form', async () => {
    await start();
    driver.press('b');
    driver.type('0819-2222-333');
    driver.press('enter');
    await driver.expect('New owner +6281922223333'.slice(0, 22));
    driver.type('Wayan Sudarta');
    driver.press('tab');
    driver.type('Bruno');
    driver.press('tab', 'tab', 'tab', 'tab');
    await driver.until('free times', (state) => (state.draft?.slots.length ?? 0) > 0);
    driver.press('enter', 'down', 'ctrl-g');
    await driver.expect('BOOKED BP20000900');
    const made = driver.api.requests.find((one) => one.name === 'create_owner');
    expect(made?.request).toEqual({
      full_name: 'Wayan Sudarta',
      phone: '+628192222333',
      pet_name: 'Bruno',
    });
    const confirmed = driver.api.requests.find((one) => one.name === 'confirm_reservation');
    expect(confirmed?.request).toMatchObject({ payment_method: 'at_clinic' });
  });

  it('offers other times in place when the time was taken, and loses nothing', async () => {
    await start();
    const [first, second] = slotsOf(uuid(2, 1), '2026-11-20');
    driver.press('b');
    driver.type('siti ');
    driver.pass(200);
    await driver.until('one match', (state) => state.draft?.matches.length === 1);
    driver.press('enter', 'tab', 'tab', 'tab', 'tab');
    await driver.expect('>11:15 Sari');
    driver.api.taken.add(first!.slot_id);
    driver.press('enter');
    await driver.expect('TAKEN 11:15 was just booked by somebody else.');
    await driver.expect('Next: 11:30 Andi (Enter)');
    await driver.expect('Siti Rahmawati');
    driver.press('enter');
    await driver.expect('hold 10:00 left');
    expect(driver.state().draft?.slot?.slot_id).toBe(second?.slot_id);
  });

  it('offers what the refusal names as nearest, and takes none of it by itself', async () => {
    await start();
    const [first, , , fourth, last] = slotsOf(uuid(2, 1), '2026-11-20');
    const near = [fourth!, last!].map(({ slot_id, date, time, staff_name }) => ({
      slot_id,
      date,
      time,
      staff_name,
    }));
    driver.press('b');
    driver.type('siti ');
    driver.pass(200);
    await driver.until('one match', (state) => state.draft?.matches.length === 1);
    driver.press('enter', 'tab', 'tab', 'tab', 'tab');
    await driver.expect('>11:15 Sari');
    driver.api.taken.add(first!.slot_id);
    driver.api.nearest = near;
    driver.press('enter');
    await driver.expect('Next: 13:30 Andi (Enter)   14:00 Sari');
    expect(driver.api.calls.filter((name) => name === 'create_reservation')).toHaveLength(1);
    driver.press('enter');
    await driver.expect('hold 10:00 left');
    expect(driver.state().draft?.slot?.slot_id).toBe(fourth?.slot_id);
  });

  it('goes to the day of the nearest free time when its own has none left', async () => {
    await start();
    const today = slotsOf(uuid(2, 1), '2026-11-20');
    const [, other] = slotsOf(uuid(2, 1), '2026-11-23');
    driver.press('b');
    driver.type('siti ');
    driver.pass(200);
    await driver.until('one match', (state) => state.draft?.matches.length === 1);
    driver.press('enter', 'tab', 'tab', 'tab', 'tab');
    await driver.expect('>11:15 Sari');
    for (const slot of today) driver.api.taken.add(slot.slot_id);
    const { slot_id, date, time, staff_name } = other!;
    driver.api.nearest = [{ slot_id, date, time, staff_name }, { nonsense: true }];
    driver.press('enter');
    await driver.expect('Mon 23 Nov 2026');
    await driver.expect('Next: 11:30 Andi (Enter)');
    driver.press('enter');
    await driver.expect('hold 10:00 left');
    expect(driver.state().draft?.slot?.slot_id).toBe(slot_id);
  });

  it('keeps the draft over Esc, gives the hold back, and takes it again', async () => {
    await start();
    driver.press('b');
    driver.type('siti ');
    driver.pass(200);
    await driver.until('one match', (state) => state.draft?.matches.length === 1);
    driver.press('enter', 'tab', 'tab', 'tab', 'tab');
    await driver.expect('>11:15 Sari');
    driver.press('enter');
    await driver.expect('hold 10:00 left');
    driver.press('esc');
    await driver.expect('The form is kept');
    await driver.until('the release', () => driver.api.calls.includes('cancel_reservation'));
    driver.press('q');
    await driver.expect('QUIT');
    driver.press('esc', 'b');
    await driver.expect('Siti Rahmawati');
    await driver.expect('hold 10:00 left');
    expect(driver.api.calls.filter((name) => name === 'create_reservation')).toHaveLength(2);
    driver.press('ctrl-n');
    await driver.expectNot('Siti Rahmawati');
    await driver.until(
      'both releases',
      () => driver.api.calls.filter((name) => name === 'cancel_reservation').length === 2,
    );
  });

  it('counts the hold down, extends it once, and takes it again when it is over', async () => {
    await start();
    driver.press('b');
    driver.type('siti ');
    driver.pass(200);
    await driver.until('one match', (state) => state.draft?.matches.length === 1);
    driver.press('enter', 'tab', 'tab', 'tab', 'tab');
    await driver.expect('>11:15 Sari');
    driver.press('enter');
    await driver.expect('hold 10:00 left');
    driver.pass(60_000);
    await driver.expect('hold 09:00 left');
    driver.press('ctrl-t');
    await driver.expect('hold 14:00 left');
    await driver.expect('extended once');
    driver.press('ctrl-t');
    expect(driver.api.calls.filter((name) => name === 'extend_reservation')).toHaveLength(1);
    driver.pass(840_000);
    await driver.expect('hold is over');
  });

  it('puts errors at their field', async () => {
    await start();
    driver.press('b', 'ctrl-g');
    await driver.expect('Who: needed');
    driver.type('siti ');
    driver.pass(200);
    await driver.until('one match', (state) => state.draft?.matches.length === 1);
    driver.press('enter', 'tab', 'tab');
    driver.type('yesterday');
    driver.press('tab');
    await driver.expect('which is past');
    expect(driver.state().draft?.focus).toBe('when');
  });

  it('begins at the free time under the cursor', async () => {
    await start();
    driver.press('G', 'k');
    driver.press('b');
    const { draft } = driver.state();
    expect(draft).toMatchObject({ wanted_time: '11:45', staff_id: uuid(3, 2) });
  });

  it('takes a paste as one line that presses no key', async () => {
    await start();
    driver.press('b');
    driver.send({ type: 'paste', text: 'siti\nq\r' });
    expect(driver.state().draft?.who.text).toBe('siti q');
    driver.press('esc');
    driver.send({ type: 'paste', text: 'q\nx\ny' });
    expect(driver.quits).toEqual([]);
    expect(driver.state().overlay).toBeNull();
  });
});

describe('finding', () => {
  it('goes to the next visit of the only hit', async () => {
    await start();
    driver.press('f');
    driver.type('aminah');
    driver.press('enter');
    await driver.until('the visit', (state) => state.overlay === null);
    expect(driver.state().cursor_id).toBe(`b:${uuid(5, 12)}`);
  });

  it('opens the form for an owner without a visit, and on Ctrl-G for any', async () => {
    await start();
    driver.press('f');
    driver.type('rahma');
    driver.press('enter');
    await driver.expect('BOOK');
    await driver.expect('Siti Rahmawati');
    driver.press('ctrl-n', 'esc', 'f');
    driver.type('aminah');
    driver.pass(200);
    await driver.expect('Sitti Aminah');
    driver.press('ctrl-g');
    await driver.expect('Kitty cat');
  });

  it('shows who is spelled alike, and opens nobody for that; a booking has no use for them', async () => {
    await start();
    driver.press('f');
    driver.type('aminha');
    driver.press('enter');
    await driver.expect('Sitti Aminah');
    expect(driver.state().overlay?.screen).toBe('find');
    driver.press('esc', 'b');
    driver.type('aminha');
    driver.press('enter');
    await driver.until('the answer', (state) => state.draft?.searched === 'aminha');
    expect(driver.state().draft?.owner).toBeNull();
    expect(driver.state().draft?.matches).toEqual([]);
  });

  it('says when nobody matches', async () => {
    await start();
    driver.press('f');
    driver.type('zzz');
    driver.press('enter');
    await driver.expect('Nobody matches "zzz".');
  });
});

describe('the palette and help', () => {
  it('understand a beginning that can mean one thing here, and list what it can mean', async () => {
    await start();
    driver.press(':');
    driver.type('b 3456');
    driver.press('enter');
    await driver.expect('Siti Rahmawati');
    driver.press('esc', ':');
    driver.type('c');
    driver.press('enter');
    await driver.expect('"c" can be check-in (ci), complete (co), cancel (ca), copy (cp).');
  });

  it('take row numbers and the words of the command line', async () => {
    await start();
    driver.press(':');
    driver.type('ci 7');
    driver.press('enter');
    await driver.expect('ソラ arrived (was booked)');
    driver.press(':');
    driver.type('chek-in 7');
    driver.press('enter');
    await driver.expect('Did you mean "check-in"?');
    driver.press(':');
    driver.type('ns 99');
    driver.press('enter');
    await driver.expect('No booking "99" on this day.');
    driver.press(':');
    driver.type('day +1d');
    driver.press('enter');
    await driver.expect('Sat 21 Nov 2026');
    driver.press(':');
    driver.type('to');
    driver.press('tab');
    expect(driver.text()).toContain(': today');
    driver.press('enter');
    await driver.expect('10:30 ! Mochi');
  });

  it('open the form with the phone tail', async () => {
    await start();
    driver.press(':');
    driver.type('book 3456');
    driver.press('enter');
    await driver.expect('2 matches');
  });

  it('run what was found by typing', async () => {
    await start();
    driver.press('?');
    driver.type('arrived');
    driver.press('enter');
    await driver.expect('Mochi arrived');
  });
});

describe('who may not change anything', () => {
  it('gets no changing keys, and the reason when one is pressed', async () => {
    await start({ read_only: true });
    expect(driver.text()).not.toContain('x cancel');
    expect(driver.text()).toContain('READ ONLY');
    driver.press('x');
    await driver.expect('This console is read-only: nothing was changed.');
    driver.press('?');
    await driver.expect('(not here: read-only)');
    driver.press('esc', ':');
    driver.type('ci 6');
    driver.press('enter');
    await driver.expect('This console is read-only');
    expect(driver.api.calls).not.toContain('set_booking_status');
  });

  it('is told their role', async () => {
    await start({ role: 'viewer' });
    driver.press('b');
    await driver.expect('The role viewer may not do that');
    driver.press('f');
    await driver.expect('The role viewer may not do that');
  });
});

describe('a server that does not answer', () => {
  it('shows OFFLINE with since, data and retry, and refuses to write', async () => {
    await start();
    driver.api.is_down = true;
    driver.press('ctrl-r');
    await driver.expect('OFFLINE since 10:42:07, showing 10:42:07, retry 1 s (Ctrl-R)');
    driver.press('a');
    await driver.expect('Offline since 10:42:07: nothing changes');
    driver.api.is_down = false;
    driver.press('ctrl-r');
    await driver.expectNot('OFFLINE');
  });

  it('at the start gets a board as soon as it does', async () => {
    const { fakeApi } = await import('./fake-api.ts');
    const api = fakeApi();
    api.is_down = true;
    await start({ api });
    await driver.expect('OFFLINE since');
    await driver.expect('Loading the day...');
    api.is_down = false;
    driver.press('ctrl-r');
    await driver.expect('Mochi');
    await driver.until('the clinic', (state) => state.clinic !== null);
  });
});

describe('small things', () => {
  it('copy the reference, toggle free times, hint at an input method, quit', async () => {
    await start();
    driver.press('y');
    await driver.expect('copied BP10000127');
    expect(driver.copied).toEqual(['BP10000127']);
    driver.press('o');
    expect(driver.text()).not.toContain('11:15   open');
    driver.press('あ');
    await driver.expect('The input method is on');
    driver.press('ａ');
    await driver.expect('Mochi arrived');
    driver.press('ctrl-c');
    driver.press('q');
    expect(driver.quits).toEqual([130, 0]);
  });
});
