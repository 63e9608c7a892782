import { expect, test } from 'vitest';
import { type HoursRow, type ScheduleRules, wantedSlots } from './schedule.ts';
import { finding_kinds, type LintInput, lintSchedule } from './schedule-lint.ts';

let rows = 0;
const hours = (more: Partial<HoursRow>): HoursRow => {
  rows += 1;
  return {
    schedule_id: `row-${rows}`,
    staff_id: 'andi',
    service_id: 'checkup',
    room_id: 'one',
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
const service = (service_id: string) => ({
  service_id,
  duration_minutes: 30,
  capacity: 1,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
});

function findings(more: Partial<ScheduleRules>, about: Partial<LintInput> = {}) {
  const rules: ScheduleRules = {
    time_zone: 'Europe/Berlin',
    holiday_policy: 'open',
    hours: [hours({})],
    exceptions: [],
    holidays: [],
    services: [service('checkup')],
    time_off: [],
    ...more,
  };
  const today = '2027-03-01';
  const until = '2027-04-30';
  const { slots, gaps } = wantedSlots(rules, { from: today, to: until, now_ms: 0 });
  const found = lintSchedule({
    rules,
    country: 'DE',
    today,
    until,
    horizons: new Map(rules.services.map(({ service_id }) => [service_id, until])),
    last_slot: new Map(rules.services.map(({ service_id }) => [service_id, '2027-04-26'])),
    wanted: slots,
    clock_gaps: gaps.filter(({ reason }) => reason.startsWith('clock_')),
    names: {
      staff: new Map([
        ['andi', 'Andi'],
        ['sari', 'Sari'],
      ]),
      services: new Map([
        ['checkup', 'Checkup'],
        ['dental', 'Dental'],
      ]),
      rooms: new Map([['one', 'Room 1']]),
    },
    ...about,
  });
  for (const one of found) {
    expect(finding_kinds).toContain(one.kind);
    expect(one.next).toMatch(/^petpro (schedule|slots) /);
  }
  return found.map(({ kind, detail }) => `${kind}: ${detail}`);
}

test('hours in order give nothing to look at, and no hours one thing', () => {
  expect(findings({})).toEqual([]);
  expect(findings({ hours: [] })).toEqual(['no_hours: There are no hours, so no slots are made.']);
});

test.each([
  [
    [hours({}), hours({ opens: '11:00', closes: '13:00' })],
    'same_offer_twice: Andi offers Checkup twice',
  ],
  [
    [hours({}), hours({ service_id: 'dental', room_id: 'two' })],
    'vet_in_two_rooms: Andi is in two rooms',
  ],
  [[hours({}), hours({ staff_id: 'sari' })], 'room_shared: Andi and Sari share Room 1'],
  [
    [hours({ opens: '22:00', closes: '10:00', weekday: 7 }), hours({ staff_id: 'sari' })],
    'room_shared: Andi and Sari share Room 1 at the same time: sun 22:00-10:00 and mon 09:00-12:00.',
  ],
])('hours over each other %#', (some, text) => {
  const found = findings({ hours: some, services: [service('checkup')] });
  expect(found).toContainEqual(expect.stringContaining(text));
});

test('hours on other dates are not over each other, nor two services of a vet in one room', () => {
  const first = hours({ valid_to: '2027-03-31' });
  const second = hours({ valid_from: '2027-04-01' });
  expect(findings({ hours: [first, second] })).toEqual([]);
  const dental = hours({ service_id: 'dental' });
  expect(findings({ hours: [hours({}), dental], services: [service('checkup')] })).toEqual([]);
});

test('hours that nobody can book, services without hours or vet, and idle hours', () => {
  const found = findings({
    hours: [
      hours({}),
      hours({ weekday: 2, opens: '09:00', closes: '09:20' }),
      hours({ weekday: 3, opens: '20:00', closes: '22:00' }),
      hours({ service_id: null, staff_id: null, opens: '08:00', closes: '12:00' }),
      hours({ service_id: null, staff_id: null, weekday: 3, opens: '20:30', closes: '20:45' }),
      hours({ service_id: 'dental', staff_id: null, weekday: 1, room_id: null }),
    ],
    services: [service('checkup'), service('dental'), service('spare')],
  });
  expect(found).toEqual([
    expect.stringMatching(/^service_without_vet: Dental/),
    expect.stringMatching(/^service_without_hours: spare/),
    expect.stringMatching(/^never_bookable: .*Checkup of Andi in the hours tue 09:00-09:20/),
    expect.stringMatching(/^never_bookable: .*wed 20:00-22:00/),
    expect.stringMatching(/^nobody_offers: .*mon 08:00-09:00/),
  ]);
});

test('a step that forgets the buffers; one that is shorter than the visit is meant so', () => {
  const services = [{ ...service('checkup'), buffer_after_minutes: 10 }];
  const every = (step_minutes: number) => findings({ hours: [hours({ step_minutes })], services });
  expect(every(30)).toEqual([
    'step_without_buffers: Checkup takes 40 min with its buffers and starts every 30 min: ' +
      'who books one start takes the next one too.',
  ]);
  expect([every(15), every(40)]).toEqual([[], []]);
});

test('dates: clocks, holidays until they are decided, a country, a horizon', () => {
  const holidays = [{ date: '2027-03-29', name: 'Ostermontag' }];
  const night = { hours: [hours({ weekday: 7, opens: '01:00', closes: '05:00' })] };
  expect(findings(night)).toEqual([
    'clock_change: The clocks change on 2027-03-28: no slot at 02:00, 02:30, or the second time round.',
  ]);
  const asked = { holidays, holiday_policy: 'ask' as const };
  expect(findings(asked)).toEqual([expect.stringMatching(/^holiday_undecided: 2027-03-29/)]);
  const closed = { staff_id: null, date: '2027-03-29', is_closed: true, opens: null, closes: null };
  expect(findings({ ...asked, exceptions: [closed] })).toEqual([]);
  expect(findings({ holiday_policy: 'ask' }, { country: null })).toEqual([
    expect.stringMatching(/^country_not_set/),
  ]);
  for (const last of ['2027-04-12', null]) {
    const late = findings({}, { last_slot: new Map([['checkup', last]]) });
    expect(late).toEqual([expect.stringMatching(/^horizon_not_reached: Slots of Checkup end/)]);
  }
});
