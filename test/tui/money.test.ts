import { afterEach, describe, expect, it } from 'vitest';
import { type Driver, type DriverOptions, openDriver } from './driver.ts';
import { clinic_id, uuid } from './fixture.ts';

/** The money screen by keys, against a server in memory. */

let driver: Driver;
const start = async (options: DriverOptions = {}) => {
  driver = await openDriver({ role: 'manager', ...options });
  driver.press('4');
  await driver.expect('refund asked for by the desk');
};
afterEach(() => driver.close());

const callsOf = (name: string) => driver.api.requests.filter((one) => one.name === name);

describe('the money screen', () => {
  it('shows takings, drawer and what needs somebody, with the next step', async () => {
    await start();
    const text = driver.text();
    expect(text).toContain('taken IDR 2,000,000   given back IDR 50,000');
    expect(text).toContain('cash 3 x IDR 750,000 (-IDR 50,000)');
    expect(text).toContain('drawer: IDR 700,000 expected   not counted yet: C');
    expect(text).toContain('NEEDS YOU 3');
    expect(text).toContain('-> A approves it, D denies it (manager)');
    driver.press('down', 'down');
    await driver.expect('cs_test_9 paid after its hold had lapsed');
    await driver.expect('-> look it up at the provider, then M (manager)');
  });

  it('goes through its lists and opens what money did for a booking', async () => {
    await start();
    driver.press('right');
    await driver.expect('REQUESTS 1');
    driver.press('right');
    await driver.expect('UNPAID 2');
    await driver.expect('Chiko  Maria Tan  DUE at the desk');
    driver.press('right');
    driver.press('down');
    await driver.expect('card account closed');
    driver.press('s', 'enter');
    await driver.expect('MONEY OF BP10000119');
    await driver.expect('declined');
    await driver.expect('fee IDR 17,500');
    driver.press('esc', 'left', 'left', 'left', 'left');
    await driver.expect('NEEDS YOU 3');
  });

  it('hides the ledger and the settlements from the desk', async () => {
    await start({ role: 'desk' });
    expect(driver.text()).not.toContain('closed 0');
    driver.press('enter');
    await driver.expect('for managers');
    expect(callsOf('list_entries')).toHaveLength(0);
    driver.press('esc', 'A');
    await driver.expect('The role desk may not do that');
  });

  it('shows the takings of another day, but not of tomorrow', async () => {
    await start();
    driver.press(']');
    await driver.expect('Tomorrow has no takings yet.');
    driver.press('[');
    await driver.until('the day before', () =>
      callsOf('get_cash_up').some(
        ({ request }) =>
          JSON.stringify(request) === JSON.stringify({ clinic_id, date: '2026-11-19' }),
      ),
    );
    driver.press('t');
    await driver.until('today', ({ money }) => money.date === null);
  });

  it('keeps what is on screen when a look fails, says why, and looks again', async () => {
    await start();
    driver.api.is_down = true;
    driver.pass(10_000);
    await driver.expect('not loaded: The server does not answer');
    expect(driver.text()).toContain('refund failed at the bank');
    driver.api.is_down = false;
    driver.pass(5_000);
    await driver.expect('taken IDR 2,000,000');
  });
});

describe('what a manager does about it', () => {
  it('approves a refund only when the digits are typed, never on Enter', async () => {
    await start();
    driver.press('A', 'ctrl-g');
    driver.pass(300);
    driver.press('enter');
    expect(driver.state().overlay).toBeNull();
    driver.press('A');
    driver.pass(300);
    driver.press('ctrl-g');
    await driver.expect('0119');
    expect(callsOf('decide_refund')).toHaveLength(0);
    driver.press('tab', 'tab', ...'0119', 'ctrl-g');
    await driver.expect('refund of BP10000119 granted');
    await driver.expect('NEEDS YOU 2');
    expect(callsOf('decide_refund').map(({ request }) => request)).toEqual([
      { refund_id: uuid(9, 701), decision: 'granted' },
    ]);
  });

  it('denies with a reason only', async () => {
    await start();
    driver.press('D');
    driver.pass(300);
    driver.press('ctrl-g');
    expect(callsOf('decide_refund')).toHaveLength(0);
    driver.press('tab', ...'late by ten minutes', 'ctrl-g');
    await driver.expect('refund of BP10000119 denied');
    expect(callsOf('decide_refund')[0]?.request).toMatchObject({
      decision: 'denied',
      reason: 'late by ten minutes',
    });
  });

  it('is told when another manager was faster', async () => {
    await start();
    driver.press('D');
    driver.pass(300);
    driver.api.money.refunds = driver.api.money.refunds.map((one) => ({
      ...one,
      decision: 'granted',
    }));
    driver.press('tab', ...'no', 'ctrl-g');
    await driver.expect('Somebody has decided it already.');
    expect(driver.state().overlay).toBeNull();
  });

  it('sends a failed refund again, or notes that it was handed over', async () => {
    await start();
    driver.press('R');
    await driver.expect('"send again" is not possible: the refund is asked for.');
    driver.press('down', 'R');
    driver.pass(300);
    driver.press('ctrl-g');
    await driver.expect('refund of BP10000120 is sent again');
    expect(callsOf('retry_refund')[0]?.request).toEqual({ refund_id: uuid(9, 702) });
    driver.press('right', 'right', 'right', 'down', 'H');
    driver.pass(300);
    driver.press('tab', 'right', 'right', 'ctrl-g');
    await driver.expect('refund of BP10000120 handed over');
    expect(callsOf('complete_refund')[0]?.request).toMatchObject({ handed_over: 'transfer' });
  });

  it('marks what no deed takes off, with a note', async () => {
    await start();
    driver.press('M');
    await driver.expect('It leaves the list by what is done about it');
    driver.press('down', 'down', 'M');
    driver.pass(300);
    driver.press('ctrl-g');
    expect(callsOf('settle_inbox_item')).toHaveLength(0);
    driver.press('tab');
    driver.send({ type: 'paste', text: 'given back\nby hand' });
    driver.press('ctrl-g');
    await driver.expect('NEEDS YOU 2');
    expect(callsOf('settle_inbox_item')[0]?.request).toEqual({
      item_id: 'unknown_money:evt_7',
      reason: 'given back by hand',
    });
  });

  it('refunds a part of a payment', async () => {
    await start();
    driver.press('F');
    await driver.expect('Choose a payment that was paid');
    driver.press('s', 's', 's', 's', 'F');
    driver.pass(300);
    driver.press('tab', ...'50.000', 'tab', ...'sorry', 'tab', ...'0119', 'ctrl-g');
    await driver.expect('refund of BP10000119 entered');
    expect(callsOf('create_refund')[0]?.request).toEqual({
      booking_id: uuid(5, 1),
      amount: '50000.00',
      reason: 'sorry',
    });
  });
});

describe('the desk', () => {
  it('says yes to a request, or no with the reason that the owner reads', async () => {
    await start({ role: 'desk' });
    driver.press('right', 'D');
    driver.pass(300);
    driver.press('ctrl-g');
    expect(callsOf('decide_approval')).toHaveLength(0);
    driver.press('tab', ...'no surgeon that day', 'esc', 'A');
    driver.pass(300);
    driver.press('ctrl-g');
    await driver.expect('BP10000171 is booked');
    await driver.expect('Nobody waits for a yes.');
    expect(callsOf('decide_approval').map(({ request }) => request)).toEqual([
      { reservation_id: uuid(6, 71), decision: 'approved' },
    ]);
  });

  it('counts the drawer, and sees the difference', async () => {
    await start({ role: 'desk' });
    driver.press('C');
    driver.pass(300);
    driver.press(...'ten', 'ctrl-g');
    await driver.expect('Type the amount in digits');
    driver.press('ctrl-u', ...'695.000', 'tab', ...'5 short', 'ctrl-g');
    await driver.expect('counted IDR 695,000, difference -IDR 5,000 (Rin');
    expect(callsOf('count_cash')[0]?.request).toEqual({
      clinic_id,
      date: '2026-11-20',
      counted: '695000.00',
      note: '5 short',
    });
  });

  it('takes money for an unpaid booking from the list', async () => {
    await start({ role: 'desk' });
    driver.press('right', 'right', 'down', '$');
    await driver.expect('y take IDR 350,000, cash');
    driver.pass(300);
    driver.press('y');
    await driver.expect('Oyen paid IDR 350,000, cash');
    driver.pass(1_000);
    await driver.expect('UNPAID 1');
  });

  it('is refused with the reason while offline, and nothing is sent', async () => {
    await start({ role: 'desk' });
    driver.send({ type: 'link', status: 'offline', retry_at_ms: null });
    for (const key of ['C', 'H', 'F']) {
      driver.press(key);
      await driver.expect('nothing changes until the server answers.');
    }
    expect(driver.state().overlay).toBeNull();
  });
});
