import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HoursRow, type ScheduleRules, wantedSlots } from './schedule.ts';
import { changesOf, type KnownSlot } from './schedule-changes.ts';
import { instantOf, localTime } from './time.ts';

let rows = 0;
const hours = (more: Partial<HoursRow>): HoursRow => {
  rows += 1;
  return {
    schedule_id: `row-${rows}`,
    staff_id: 'andi',
    service_id: 'checkup',
    room_id: null,
    kind: 'work',
    weekday: 1,
    opens: '09:00',
    closes: '12:00',
    step_minutes: null,
    valid_from: null,
    valid_to: null,
    ...more,
  };
};
const everyDay = (more: Partial<HoursRow>) =>
  [1, 2, 3, 4, 5, 6, 7].map((weekday) => hours({ weekday, ...more }));

const checkup = {
  service_id: 'checkup',
  duration_minutes: 30,
  capacity: 1,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
};
const rulesOf = (more: Partial<ScheduleRules>): ScheduleRules => ({
  time_zone: 'Asia/Jakarta',
  holiday_policy: 'ask',
  hours: [],
  exceptions: [],
  holidays: [],
  services: [checkup],
  time_off: [],
  ...more,
});

/** 2027-02-01 is a Monday. */
const monday = '2027-02-01';
const on = (rules: ScheduleRules, from = monday, to = from) =>
  wantedSlots(rules, { from, to, now_ms: 0 });
const times = (rules: ScheduleRules, day = monday) => on(rules, day).slots.map(({ time }) => time);
const reasons = (rules: ScheduleRules, day = monday) =>
  on(rules, day).gaps.map(({ time, reason }) => `${time} ${reason}`);

describe('a day of hours', () => {
  test('is cut from its beginning, and what does not fit is said', () => {
    const rules = rulesOf({ hours: [hours({ closes: '10:45' })] });
    expect(times(rules)).toEqual(['09:00', '09:30', '10:00']);
    expect(reasons(rules)).toEqual(['10:30 too_short']);
    expect(on(rules, '2027-02-02').slots).toEqual([]);
  });

  test('keeps buffers inside the hours, and the vet is busy with them', () => {
    const service = { ...checkup, buffer_before_minutes: 10, buffer_after_minutes: 5 };
    const { slots } = on(rulesOf({ services: [service], hours: [hours({ closes: '10:30' })] }));
    expect(slots.map(({ time }) => time)).toEqual(['09:10', '09:55']);
    const [first, second] = slots;
    expect((first?.starts_ms ?? 0) - (first?.busy_from_ms ?? 0)).toBe(600_000);
    expect(first?.busy_to_ms).toBe(second?.busy_from_ms);
  });

  test('has a step of its own, breaks, the hours of vet and clinic, and time off', () => {
    const ten = instantOf(monday, '11:30', 'Asia/Jakarta').instant.epochMilliseconds;
    const rules = rulesOf({
      hours: [
        hours({ closes: '14:00', step_minutes: 60 }),
        hours({ kind: 'break', service_id: null, staff_id: null, opens: '12:00', closes: '12:30' }),
        hours({ service_id: null, opens: '10:00', closes: '20:00' }),
        hours({ service_id: null, staff_id: null, opens: '08:00', closes: '13:00' }),
      ],
      time_off: [{ staff_id: 'andi', from: ten - 1_800_000, to: ten }],
    });
    expect(times(rules)).toEqual(['10:00']);
    expect(reasons(rules)).toEqual([
      '09:00 vet_not_in',
      '11:00 time_off',
      '12:00 break',
      '13:00 clinic_closed',
    ]);
  });

  test('holds only between its dates', () => {
    const rules = rulesOf({ hours: [hours({ valid_from: '2027-02-08', valid_to: '2027-02-14' })] });
    const days = ['2027-02-01', '2027-02-08', '2027-02-15'].map((day) => times(rules, day).length);
    expect(days).toEqual([0, 6, 0]);
  });
});

describe('a date that differs', () => {
  const exception = { staff_id: null, date: monday, is_closed: true, opens: null, closes: null };
  test('closed, for the clinic or one vet', () => {
    const both = [hours({}), hours({ staff_id: 'sari' })];
    expect(times(rulesOf({ hours: both, exceptions: [exception] }))).toEqual([]);
    const away = { ...exception, staff_id: 'andi' };
    const left = on(rulesOf({ hours: both, exceptions: [away] }));
    expect(new Set(left.slots.map(({ staff_id }) => staff_id))).toEqual(new Set(['sari']));
    expect(left.gaps[0]?.reason).toBe('vet_away');
  });

  test('other hours of a vet replace the weekly ones, also on a day without any', () => {
    const other = { is_closed: false, opens: '13:00', closes: '14:00', staff_id: 'andi' };
    const rules = rulesOf({
      hours: [hours({})],
      exceptions: ['2027-02-01', '2027-02-03'].map((date) => ({ ...other, date })),
    });
    expect(times(rules)).toEqual(['13:00', '13:30']);
    expect(times(rules, '2027-02-03')).toEqual(['13:00', '13:30']);
  });

  test('other hours of the clinic bound its vets', () => {
    const other = {
      staff_id: null,
      date: monday,
      is_closed: false,
      opens: '10:00',
      closes: '11:00',
    };
    expect(times(rulesOf({ hours: [hours({})], exceptions: [other] }))).toEqual(['10:00', '10:30']);
  });

  test('a holiday closes only where the clinic says so, and not where it has decided', () => {
    const holidays = [{ date: monday, name: 'New year' }];
    const some = { hours: [hours({})], holidays };
    expect(times(rulesOf(some))).toHaveLength(6);
    expect(times(rulesOf({ ...some, holiday_policy: 'close' }))).toEqual([]);
    const open = {
      staff_id: null,
      date: monday,
      is_closed: false,
      opens: '09:00',
      closes: '10:00',
    };
    const decided = rulesOf({ ...some, holiday_policy: 'close', exceptions: [open] });
    expect(times(decided)).toEqual(['09:00', '09:30']);
  });
});

describe('a night shift', () => {
  const night = rulesOf({ hours: [hours({ opens: '22:00', closes: '02:00', step_minutes: 60 })] });
  test('belongs to the day on which it begins, and its slots to their own dates', () => {
    const { slots } = on(night, monday, '2027-02-02');
    expect(slots.map(({ date, time }) => `${date} ${time}`)).toEqual([
      '2027-02-01 22:00',
      '2027-02-01 23:00',
      '2027-02-02 00:00',
      '2027-02-02 01:00',
    ]);
  });

  test('is whole in the runs of both its days, and a closed day keeps what began before it', () => {
    expect(times(night)).toEqual(['22:00', '23:00']);
    expect(times(night, '2027-02-02')).toEqual(['00:00', '01:00']);
    const date = '2027-02-02';
    const closed = { staff_id: null, date, is_closed: true, opens: null, closes: null };
    expect(times({ ...night, exceptions: [closed] }, date)).toEqual(['00:00', '01:00']);
  });
});

/** Real changes: what a clock shows, and what is sold around it in half-hour slots from 00:00 to 05:00. */
const changes = [
  ['Europe/Berlin', '2026-03-29', 'skips', ['02:00', '02:30']],
  ['Europe/Berlin', '2026-10-25', 'repeats', ['02:00', '02:30']],
  ['America/New_York', '2027-03-14', 'skips', ['02:00', '02:30']],
  ['America/New_York', '2026-11-01', 'repeats', ['01:00', '01:30']],
  ['Australia/Lord_Howe', '2026-10-04', 'skips', ['02:00']],
  ['Australia/Lord_Howe', '2026-04-05', 'repeats', ['01:30']],
  ['America/Santiago', '2026-09-06', 'skips', ['00:00', '00:30']],
  ['Africa/Casablanca', '2026-03-22', 'skips', ['02:00', '02:30']],
  ['Africa/Casablanca', '2026-02-15', 'repeats', ['02:00', '02:30']],
  ['Africa/Cairo', '2026-04-24', 'skips', ['00:00', '00:30']],
] as const;

test.each(changes)('the clock of %s on %s %s %j', (time_zone, date, what, odd) => {
  const rules = rulesOf({ time_zone, hours: everyDay({ opens: '00:00', closes: '05:00' }) });
  const { slots, gaps } = on(rules, date);
  const all = Array.from({ length: 10 }, (_, n) => `0${Math.floor(n / 2)}:${n % 2 ? '30' : '00'}`);
  const shown: readonly string[] = odd;
  expect(gaps.map(({ time, reason }) => `${time} ${reason}`)).toEqual(
    shown.map((time) => `${time} clock_${what}`),
  );
  expect(slots.map(({ time }) => time)).toEqual(
    what === 'skips' ? all.filter((time) => !shown.includes(time)) : all,
  );
  for (const slot of slots) {
    const at = Temporal.Instant.fromEpochMilliseconds(slot.starts_ms);
    expect(localTime(at, time_zone)).toMatchObject({ date: slot.date, time: slot.time });
    expect(slot.ends_ms - slot.starts_ms).toBe(1_800_000);
  }
  // Elapsed time: nothing lies over anything else, whatever the clock shows.
  for (const [index, slot] of slots.entries()) {
    expect(slot.starts_ms).toBeGreaterThanOrEqual(slots[index - 1]?.ends_ms ?? 0);
  }
});

const zones = changes.map(([zone]) => zone);
const aTime = fc
  .integer({ min: 0, max: 95 })
  .map(
    (n) => `${String(Math.floor(n / 4)).padStart(2, '0')}:${String((n % 4) * 15).padStart(2, '0')}`,
  );
const aRow = fc.record({
  staff_id: fc.constantFrom('andi', 'sari', null),
  service_id: fc.constantFrom('checkup', 'dental', null),
  room_id: fc.constantFrom('room', null),
  kind: fc.constantFrom('work', 'work', 'work', 'break'),
  weekday: fc.integer({ min: 1, max: 7 }),
  opens: aTime,
  closes: aTime,
  step_minutes: fc.constantFrom(null, 15, 45),
});
const someRules = fc
  .record({
    time_zone: fc.constantFrom(...zones),
    rows: fc.array(aRow, { minLength: 1, maxLength: 12 }),
    before: fc.constantFrom(0, 10),
    after: fc.constantFrom(0, 5),
    closed: fc.integer({ min: 0, max: 13 }),
    start: fc.constantFrom(...changes.map(([, date]) => date)),
  })
  .map(({ time_zone, rows: some, before, after, closed, start }) => {
    const from = Temporal.PlainDate.from(start).subtract({ days: 6 });
    const date = from.add({ days: closed }).toString();
    const rules = rulesOf({
      time_zone,
      hours: some.map((row) => hours(row.kind === 'break' ? { ...row, service_id: null } : row)),
      exceptions: [{ staff_id: 'andi', date, is_closed: true, opens: null, closes: null }],
      services: [
        { ...checkup, buffer_before_minutes: before, buffer_after_minutes: after },
        { ...checkup, service_id: 'dental', duration_minutes: 50 },
      ],
    });
    return { rules, from: from.toString(), to: from.add({ days: 13 }).toString() };
  });

const known = (slot: ReturnType<typeof on>['slots'][number], n: number, is_claimed: boolean) => ({
  ...slot,
  slot_id: `slot-${n}`,
  origin: 'schedule' as const,
  is_closed: false,
  is_blocked: false,
  is_claimed,
});

describe('whatever the hours', () => {
  test('slots read back as their local times, once each, and weeks make what the whole makes', () => {
    fc.assert(
      fc.property(someRules, ({ rules, from, to }) => {
        const { slots } = on(rules, from, to);
        const middle = Temporal.PlainDate.from(from).add({ days: 7 });
        const parts = [
          ...on(rules, from, middle.subtract({ days: 1 }).toString()).slots,
          ...on(rules, middle.toString(), to).slots,
        ];
        const byKey = (a: { starts_ms: number }, b: { starts_ms: number }) =>
          a.starts_ms - b.starts_ms || JSON.stringify(a).localeCompare(JSON.stringify(b));
        expect(parts.toSorted(byKey)).toEqual(slots.toSorted(byKey));
        const keys = slots.map((one) => `${one.service_id} ${one.staff_id} ${one.starts_ms}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const slot of slots) {
          const { instant, kind } = instantOf(slot.date, slot.time, rules.time_zone);
          expect(kind).not.toBe('gap');
          expect(instant.epochMilliseconds).toBe(slot.starts_ms);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('new slots never lie over a claim of their vet or room, and the second run changes nothing', () => {
    const claims = fc.array(
      fc.record({
        hour: fc.integer({ min: 0, max: 335 }),
        minutes: fc.integer({ min: 10, max: 300 }),
        staff_id: fc.constantFrom('andi', 'sari', null),
        room_id: fc.constantFrom('room', null),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(someRules, claims, fc.integer({ min: 2, max: 5 }), (wish, taken, nth) => {
        const { slots } = on(wish.rules, wish.from, wish.to);
        const begin = instantOf(wish.from, '12:00', 'UTC').instant.epochMilliseconds;
        const others = taken.map(({ hour, minutes, ...who }, n) => {
          const at = begin + hour * 3_600_000;
          return { ...who, slot_id: `claim-${n}`, from: at, to: at + minutes * 60_000 };
        });
        // Some of the slots of other hours are there, some of them booked.
        const before: KnownSlot[] = slots
          .map((slot) => ({ ...slot, starts_ms: slot.starts_ms + 600_000 }))
          .filter((_, n) => n % nth === 0)
          .map((slot, n) => known(slot, n, n % 3 === 0));
        const { open, close, kept, reopen } = changesOf(slots, before, others);
        for (const slot of open) {
          const over = others.filter(
            (claim) =>
              claim.from < slot.busy_to_ms &&
              claim.to > slot.busy_from_ms &&
              ((claim.staff_id !== null && claim.staff_id === slot.staff_id) ||
                (claim.room_id !== null && claim.room_id === slot.room_id)),
          );
          expect(over).toEqual([]);
        }
        expect(close.every(({ is_claimed }) => !is_claimed)).toBe(true);
        expect(kept.every(({ is_claimed }) => is_claimed)).toBe(true);
        const gone = new Set(close.map(({ slot_id }) => slot_id));
        const after = [
          ...before.map((slot) => ({ ...slot, is_closed: gone.has(slot.slot_id) })),
          ...open.map((slot, n) => known(slot, 10_000 + n, false)),
        ];
        const again = changesOf(slots, after, others);
        expect([reopen, again.open, again.reopen, again.close]).toEqual([[], [], [], []]);
        expect(again.kept).toEqual(kept);
      }),
      { numRuns: 150 },
    );
  });
});

test('hours that come back open what they closed, in the same shape only', () => {
  const { slots } = on(rulesOf({ hours: [hours({})] }));
  const closed = slots.map((slot, n) => ({ ...known(slot, n, false), is_closed: true }));
  expect(changesOf(slots, closed, []).reopen).toHaveLength(6);
  // A hold that was under way when the slot was closed: its slot comes back, or is told of.
  const late = closed.map((slot) => ({ ...slot, is_claimed: true }));
  expect(changesOf(slots, late, []).reopen).toHaveLength(6);
  expect(changesOf([], late, []).kept).toHaveLength(6);
  const longer = closed.map((slot) => ({ ...slot, ends_ms: slot.ends_ms + 60_000 }));
  const changed = changesOf(slots, longer, []);
  expect([changed.reopen.length, changed.open.length]).toEqual([0, 6]);
});

test('what was opened by hand, or is out of sale, is left alone and not offered twice', () => {
  const { slots } = on(rulesOf({ hours: [hours({})] }));
  const [first, second, third] = slots.map((slot, n) => known(slot, n, false));
  if (!first || !second || !third) throw new Error('no slots');
  const mine = { ...first, origin: 'manual' as const, ends_ms: first.ends_ms + 60_000 };
  const shut = { ...second, is_blocked: true };
  const odd = { ...third, origin: null, starts_ms: third.starts_ms + 600_000 };
  const { open, close, overlaps } = changesOf(slots, [mine, shut, odd], []);
  expect(close).toEqual([]);
  expect(open.map(({ time }) => time)).toEqual(['10:30', '11:00', '11:30']);
  expect(overlaps.map(({ time }) => time)).toEqual(['10:00']);
});
