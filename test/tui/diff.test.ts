import { afterEach, describe, expect, it } from 'vitest';
import { changesBetween } from '../../src/tui/diff.ts';
import type { Booking } from '../../src/tui/model.ts';
import { type Driver, openDriver } from './driver.ts';
import { at } from './fixture.ts';

/** Two entries of a booking's log beside each other. */

let driver: Driver | undefined;
afterEach(() => driver?.close());

type Entry = Booking['history'][number];
const base = { performed_by: null, performed_by_name: 'Rina', source: 'tui', notes: null };
/** Newest first. */
const log: readonly Entry[] = [
  {
    ...base,
    action: 'booking.rescheduled',
    status: 'confirmed',
    at: at('10:40'),
    was: { slot_id: 'A', amount: '250000.00' },
    now: { slot_id: 'B', amount: '300000.00' },
  },
  {
    ...base,
    action: 'booking.undone',
    status: 'confirmed',
    at: at('10:30'),
    was: { status: 'confirmed', arrived_at: '10:20' },
    now: { status: 'confirmed', arrived_at: null },
  },
  {
    ...base,
    action: 'booking.arrived',
    status: 'confirmed',
    at: at('10:20'),
    was: { status: 'confirmed', arrived_at: null },
    now: { status: 'confirmed', arrived_at: '10:20' },
  },
  { ...base, action: 'booking.confirmed', status: 'confirmed', at: at('10:00') },
];

describe('what changed', () => {
  it('differs in what happened between two of them, whatever is said twice', () => {
    expect(changesBetween(log, 1, 0)).toEqual([
      { name: 'amount', was: '250000.00', now: '300000.00' },
      { name: 'slot_id', was: 'A', now: 'B' },
    ]);
    expect(changesBetween(log, 2, 1)).toEqual([{ name: 'arrived_at', was: '10:20', now: '-' }]);
    expect(changesBetween(log, 3, 1)).toEqual([]);
  });
});

describe('D', () => {
  it('compares the last change with the one before, and any two', async () => {
    driver = await openDriver();
    driver.press('enter');
    await driver.until('the booking', ({ detail }) => detail?.booking != null);
    driver.press('D');
    expect(driver.text()).toContain('The log has no two entries to compare.');
    const { detail } = driver.state();
    if (detail?.booking == null) throw new Error('the booking is there');
    driver.send({ type: 'booking', why: 'detail', booking: { ...detail.booking, history: log } });
    driver.press('D');
    expect(driver.text()).toMatch(/> 20\/11 10:40:00 +booking.rescheduled +Rina/);
    expect(driver.text()).toMatch(/slot_id +A +B/);
    driver.press('down', 'right');
    expect(driver.text()).toMatch(/arrived_at +10:20 +-/);
    driver.press('esc');
    expect(driver.state().overlay?.screen).toBe('detail');
  });
});
