import { afterEach, describe, expect, it } from 'vitest';
import { readAmount } from '../../src/tui/pay.ts';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { slotsOf, uuid } from './fixture.ts';

/** Moving, paying, undoing and looking at a booking by keys, against a server in memory. */

let driver: Driver;
const start = async (options: DriverOptions = {}) => {
  driver = await openDriver(options);
  return driver;
};
afterEach(() => driver.close());

function goTo(row: number): void {
  driver.press(':');
  driver.type(`show ${row}`);
  driver.press('enter', 'esc');
}

const callsOf = (name: string) => driver.api.requests.filter((one) => one.name === name);

async function cancelMochi(): Promise<void> {
  driver.press('x');
  await driver.expect('the owner gets IDR 125,000 back, the clinic keeps IDR 125,000');
  driver.pass(300);
  driver.press('y');
  await driver.expect('Mochi cancelled');
}

describe('undo', () => {
  it.each(['z'])('takes a cancel back with %s while its countdown runs', async (key) => {
    await start();
    await cancelMochi();
    await driver.expect('z undo 00:30');
    driver.pass(3_000);
    await driver.expect('z undo 00:27');
    driver.press(key);
    await driver.expect('Mochi booked again (cancelled was undone)');
    await driver.expectNot('z undo');
    expect(callsOf('undo_booking').map((one) => one.request)).toMatchObject([
      { expected_version: 2 },
    ]);
  });

  it('takes the last change back wherever the cursor has gone', async () => {
    await start();
    driver.press('a');
    await driver.expect('Mochi arrived');
    driver.press('g', 'z');
    await driver.expect('Mochi booked again (arrived was undone)');
  });

  it('is offered no longer than refund and message wait; then the row itself is tried', async () => {
    await start();
    await cancelMochi();
    driver.pass(30_000);
    await driver.expectNot('z undo');
    driver.api.is_told = true;
    driver.press('z');
    await driver.expect('Mochi stays: the owner has been told already. Book it anew.');
    goTo(7);
    driver.press('z');
    await driver.expect('Nothing of yours can be taken back any more.');
    expect(callsOf('undo_booking')).toHaveLength(1);
  });

  it('is refused when the booking has changed since', async () => {
    await start();
    driver.press('a');
    await driver.expect('Mochi arrived');
    driver.api.change('BP10000127', { status: 'in-progress' });
    driver.press('z');
    await driver.expect('to in room (webhook)');
  });
});

describe('moving', () => {
  it('shows what the marked time costs, and moves on y: four keys to tomorrow', async () => {
    await start();
    let keys = 0;
    const press = (...names: readonly string[]) => {
      keys += names.length;
      driver.press(...names);
    };
    press('r');
    await driver.expect('MOVE BP10000127');
    press(']');
    await driver.expect('Sat 21 Nov 2026');
    await driver.expect('> 11:15');
    press('down');
    driver.pass(150);
    await driver.expect('price IDR 250,000, then IDR 300,000');
    await driver.expect('IDR 50,000 due at the visit; a later cancel gives back 50 % at most');
    driver.press('y');
    expect(callsOf('reschedule_booking')).toHaveLength(1);
    driver.pass(300);
    await driver.expect('y move to Sat 21 Nov 2026 11:30');
    press('y');
    await driver.expect('Mochi moved to Sat 21 Nov 2026 11:30; IDR 50,000 due at the visit');
    expect(keys).toBe(4);
    expect(driver.state().date).toBe('2026-11-21');
    const last = callsOf('reschedule_booking').at(-1);
    const [, second] = slotsOf(uuid(2, 1), '2026-11-21');
    expect(last?.request).toMatchObject({
      slot_id: second?.slot_id,
      by: 'owner',
      expected_version: 1,
    });
    expect(last?.key).not.toBe('');
  });

  it('keeps the price when the clinic wants it', async () => {
    await start();
    driver.press('r', ']');
    await driver.expect('> 11:15');
    driver.press('w');
    driver.pass(150);
    await driver.expect('price IDR 250,000, as before');
    await driver.expect('the clinic wants it (no higher price)');
  });

  it('takes a day that is typed, and refuses one that is over', async () => {
    await start();
    driver.press('r');
    await driver.expect('> 11:15');
    driver.press('[');
    await driver.expect('Days that are over have no free times.');
    driver.press('tab');
    driver.type('yesterday');
    driver.press('enter');
    await driver.expect('which is past');
    driver.press('ctrl-u');
    driver.type('mon');
    driver.press('enter');
    await driver.expect('Mon 23 Nov 2026');
    driver.press('v');
    await driver.expect('only Sari');
    await driver.expectNot('11:30  Andi');
  });

  it('moves nothing on Enter or Esc', async () => {
    await start();
    driver.press('r');
    await driver.expect('> 11:15');
    driver.pass(150);
    await driver.expect('price IDR 250,000, as before');
    driver.pass(300);
    driver.press('enter', 'esc');
    expect(driver.state().overlay).toBeNull();
    expect(callsOf('reschedule_booking')).toHaveLength(1);
  });

  it('stays with the reason when somebody else takes the time first', async () => {
    await start();
    driver.press('r', ']');
    await driver.expect('> 11:15');
    driver.pass(150);
    await driver.expect('y move to Sat 21 Nov 2026 11:15');
    driver.pass(300);
    const [first] = slotsOf(uuid(2, 1), '2026-11-21');
    driver.api.taken.add(first!.slot_id);
    driver.press('y');
    await driver.expect('That time was just booked');
    await driver.expect('> 11:30');
    expect(driver.state().overlay?.screen).toBe('move');
  });

  it('shows what changed and by whom when the version has moved on, and offers it', async () => {
    await start();
    driver.press('r', ']');
    await driver.expect('> 11:15');
    driver.pass(150);
    await driver.expect('y move to');
    driver.pass(300);
    driver.api.change('BP10000127', { arrived_at: '2026-11-20T10:41:00+07:00' });
    driver.press('y');
    await driver.expect('NOTHING WAS DONE: BP10000127 has changed meanwhile');
    expect(driver.text()).toMatch(/status +booked +arrived/);
    expect(driver.text()).toContain('by webhook');
    driver.pass(300);
    driver.press('enter');
    await driver.expect('BOOKING BP10000127');
  });

  it('is refused with what is possible instead', async () => {
    await start();
    goTo(4);
    driver.press('r');
    await driver.expect('"move" is not possible: it is in room. Possible: c completed.');
    goTo(1);
    driver.press('r');
    await driver.expect('That is final.');
  });
});

describe('paying', () => {
  it('takes all that is left in cash with two keys, long after the visit began', async () => {
    await start();
    goTo(5);
    driver.press('$');
    await driver.expect('y take IDR 350,000, cash');
    driver.press('y', 'enter');
    expect(callsOf('pay_booking')).toHaveLength(0);
    driver.pass(300);
    driver.press('y');
    await driver.expect('Oyen paid IDR 350,000, cash; P receipt');
    expect(callsOf('pay_booking').map((one) => one.request)).toEqual([
      { booking_id: uuid(5, 5), payment_method: 'cash', expected_version: 1 },
    ]);
    driver.press('P');
    await driver.expect('RECEIPT BP10000124-1');
    driver.press('p');
    await driver.expect('receipt sent to the printer');
    expect(driver.prints).toMatchObject([{ title: 'BP10000124-1' }]);
    driver.press('y');
    await driver.expect('copied Klinik Sehat BSD');
  });

  it('takes a part by card, and says what is left', async () => {
    await start();
    goTo(5);
    driver.press('$');
    await driver.expect('y take');
    driver.pass(300);
    driver.press('d');
    driver.type('999999');
    await driver.expect('Only IDR 350,000 is left to pay.');
    driver.press('y');
    expect(callsOf('pay_booking')).toHaveLength(0);
    driver.press('ctrl-u');
    driver.type('100.000');
    await driver.expect('= IDR 100,000, then IDR 250,000 is left');
    driver.press('y');
    await driver.expect('Oyen paid IDR 100,000, card terminal; IDR 250,000 is left');
    expect(callsOf('pay_booking')[0]?.request).toMatchObject({ amount: '100000.00' });
  });

  it('says that nothing is to be taken where nothing is due', async () => {
    await start();
    driver.press('$');
    await driver.expect('Mochi is paid already: take no money.');
    goTo(3);
    driver.press('$');
    await driver.expect('BP10000121 is over: nothing is to be paid.');
    expect(driver.state().overlay).toBeNull();
  });

  it('shows the link of a hold again, or takes its money at the desk', async () => {
    await start();
    goTo(8);
    driver.press('e');
    await driver.expect('https://pay.example.com/c/pay/cs_test_h0ld');
    await driver.expect('tried 10:39  declined');
    driver.press('y');
    await driver.expect('copied https://pay.example.com');
    driver.press('esc', '$');
    await driver.expect('y take IDR 250,000, cash');
  });

  it('shows what changed when another desk was faster', async () => {
    await start();
    goTo(5);
    driver.press('$');
    await driver.expect('y take');
    driver.pass(300);
    driver.api.change('BP10000124', { payment_state: 'paid' });
    driver.press('y');
    await driver.expect('NOTHING WAS DONE: BP10000124');
    expect(driver.text()).toMatch(/payment +DUE at the desk +paid/);
  });

  it.each([
    ['100000', 'IDR', '100000.00'],
    ['100.000', 'IDR', '100000.00'],
    ['1,250,000', 'IDR', '1250000.00'],
    ['12,5', 'EUR', '12.50'],
    ['3,500', 'JPY', '3500'],
    ['1.500', 'KWD', '1.500'],
    ['１２３', 'JPY', '123'],
    ['0', 'IDR', null],
    ['1.2.3', 'IDR', null],
    ['12.345', 'XXX', null],
    ['', 'IDR', null],
  ])('reads %s %s as %s', (text, currency, wanted) => {
    expect(readAmount(text, currency)).toBe(wanted);
  });
});

describe('looking and being offline', () => {
  it('shows the trace of a booking', async () => {
    await start();
    driver.press('T');
    await driver.expect('TRACE BP10000127');
    expect(driver.text()).toMatch(/10:03:00 \+12ms +event +booking\.confirmed +web +\+84ms/);
    driver.press('esc');
  });

  it('says that there is no receipt before a payment', async () => {
    await start();
    goTo(5);
    driver.press('P');
    await driver.expect('Nothing has been paid yet: there is no receipt.');
  });

  it.each(['r', '$', 'z', 'x'])('refuses %s with the reason while offline', async (key) => {
    await start();
    driver.send({ type: 'link', status: 'offline', retry_at_ms: null });
    driver.press(key);
    await driver.expect('nothing changes until the server answers.');
    expect(driver.state().overlay).toBeNull();
  });

  it('does nothing when the line is lost while a dialog is open', async () => {
    await start();
    goTo(5);
    driver.press('$');
    await driver.expect('y take');
    driver.pass(300);
    driver.send({ type: 'link', status: 'offline', retry_at_ms: null });
    driver.press('y');
    await driver.expect('nothing changes until the server answers.');
    expect(callsOf('pay_booking')).toHaveLength(0);
  });

  it('is for those who may only', async () => {
    await start({ role: 'viewer' });
    for (const key of ['r', '$', 'z']) {
      driver.press(key);
      await driver.expect('The role viewer may not do that');
    }
    driver.press('4');
    await driver.expect('The role viewer may not do that');
  });
});
