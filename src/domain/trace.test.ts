import { describe, expect, test } from 'vitest';
import { gapsOf } from './trace.ts';

const at = (time: string) => Temporal.Instant.from(`2026-11-20T${time}Z`);
const entry = (time: string, part: string, what: string) => ({
  at: at(time),
  part,
  what,
  overdue: false,
});
const paid = entry('05:03:00', 'payment', 'payment.success');
const facts = { now: at('05:10:00'), has_booking: true, hold: null, entries: [paid] };

describe('what is missing in a story', () => {
  test('paid and never booked, unless the money goes back or is only just there', () => {
    const unbooked = { ...facts, has_booking: false };
    expect(gapsOf(unbooked)).toEqual([
      { code: 'paid_not_booked', at: paid.at, what: 'payment.success', wait_ms: 420_000 },
    ]);
    expect(gapsOf({ ...unbooked, now: at('05:03:59') })).toEqual([]);
    const refund = entry('05:04:00', 'refund', 'refund.pending');
    expect(gapsOf({ ...unbooked, entries: [paid, refund] })).toEqual([]);
  });

  test('paid and booked late, but not within a minute', () => {
    const booked = (time: string) => [paid, entry(time, 'booking', 'booking.confirmed')];
    expect(gapsOf({ ...facts, entries: booked('05:08:00') })).toMatchObject([
      { code: 'booked_late', wait_ms: 300_000 },
    ]);
    expect(gapsOf({ ...facts, entries: booked('05:03:02') })).toEqual([]);
    // Staff may have booked before the page was paid.
    expect(gapsOf({ ...facts, entries: booked('05:00:00') })).toEqual([]);
  });

  test('a hold that is over is missed after two minutes, and only while it is pending', () => {
    const hold = { status: 'pending', expires_at: at('05:07:59') };
    expect(gapsOf({ ...facts, entries: [], hold })).toMatchObject([{ code: 'hold_not_ended' }]);
    const fresh = { ...hold, expires_at: at('05:09:00') };
    expect(gapsOf({ ...facts, entries: [], hold: fresh })).toEqual([]);
    expect(gapsOf({ ...facts, entries: [], hold: { ...hold, status: 'expired' } })).toEqual([]);
  });

  test('overdue entries by their part, in order of time', () => {
    const overdue = (time: string, part: string) => ({
      ...entry(time, part, `${part}.x`),
      overdue: true,
    });
    const entries = [
      overdue('05:05:00', 'message'),
      overdue('05:04:00', 'event'),
      overdue('05:06:00', 'reminder'),
      overdue('05:07:00', 'refund'),
      overdue('05:08:00', 'webhook'),
    ];
    expect(gapsOf({ ...facts, entries }).map(({ code }) => code)).toEqual([
      'news_not_out',
      'message_not_out',
      'reminder_not_out',
      'refund_not_out',
    ]);
  });
});
