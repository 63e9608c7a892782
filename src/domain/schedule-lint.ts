import {
  closingMinutes,
  type HoursRow,
  isValidOn,
  minutesOf,
  type ScheduleRules,
  timeText,
  type WantedSlot,
} from './schedule.ts';

/** What is wrong with hours before anybody meets it. Pure: names and dates are given. */

export const finding_kinds = [
  'no_hours',
  'vet_in_two_rooms',
  'same_offer_twice',
  'room_shared',
  'never_bookable',
  'step_without_buffers',
  'service_without_hours',
  'service_without_vet',
  'nobody_offers',
  'clock_change',
  'holiday_undecided',
  'horizon_not_reached',
  'country_not_set',
] as const;
export type FindingKind = (typeof finding_kinds)[number];

export type Finding = {
  readonly kind: FindingKind;
  readonly detail: string;
  readonly date: string | null;
  readonly weekday: number | null;
  readonly staff_name: string | null;
  readonly service_name: string | null;
  readonly next: string;
};

export type LintInput = {
  readonly rules: ScheduleRules;
  readonly country: string | null;
  readonly today: string;
  /** The last day that should have slots, by service, and of all of them. */
  readonly horizons: ReadonlyMap<string, string>;
  readonly until: string;
  /** The last that has; null = none at all. */
  readonly last_slot: ReadonlyMap<string, string | null>;
  /** Slots that the hours ask for up to `until`, with the gaps by reason. */
  readonly wanted: readonly WantedSlot[];
  readonly clock_gaps: readonly { readonly date: string; readonly time: string }[];
  readonly names: {
    readonly staff: ReadonlyMap<string, string>;
    readonly services: ReadonlyMap<string, string>;
    readonly rooms: ReadonlyMap<string, string>;
  };
};

const days = ['', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const WEEK_MINUTES = 10_080;

type Placed = { readonly row: HoursRow; readonly from: number; readonly to: number };

/** Rows of one week as minutes since its Monday; a night shift of Sunday ends on Monday. */
function placed(rows: readonly HoursRow[]): readonly Placed[] {
  return rows.flatMap((row) => {
    const opens = minutesOf(row.opens);
    const from = (row.weekday - 1) * 1_440 + opens;
    const to = (row.weekday - 1) * 1_440 + closingMinutes(opens, minutesOf(row.closes));
    const one = { row, from, to };
    return to <= WEEK_MINUTES
      ? [one]
      : [one, { row, from: from - WEEK_MINUTES, to: to - WEEK_MINUTES }];
  });
}

const shareDates = (a: HoursRow, b: HoursRow) =>
  (a.valid_from === null || b.valid_to === null || a.valid_from <= b.valid_to) &&
  (b.valid_from === null || a.valid_to === null || b.valid_from <= a.valid_to);

/** Pairs of rows that lie over each other, each pair once. */
function clashes(rows: readonly HoursRow[]): readonly (readonly [Placed, Placed])[] {
  const sorted = placed(rows).toSorted((a, b) => a.from - b.from);
  const seen = new Set<string>();
  const found: [Placed, Placed][] = [];
  for (const [index, a] of sorted.entries()) {
    for (const b of sorted.slice(index + 1)) {
      if (b.from >= a.to) break;
      const key = [a.row.schedule_id, b.row.schedule_id].toSorted().join();
      if (a.row === b.row || seen.has(key) || !shareDates(a.row, b.row)) continue;
      seen.add(key);
      found.push([a, b]);
    }
  }
  return found;
}

const whenText = ({ row }: Placed) => `${days[row.weekday]} ${row.opens}-${row.closes}`;

function finding(kind: FindingKind, detail: string, next: string, more: Partial<Finding> = {}) {
  const empty = { date: null, weekday: null, staff_name: null, service_name: null };
  return { kind, detail, next, ...empty, ...more };
}

function overlapFindings({ rules, names }: LintInput): readonly Finding[] {
  const offers = rules.hours.filter(({ kind, service_id }) => kind === 'work' && service_id);
  const found: Finding[] = [];
  for (const [staff_id, rows] of Map.groupBy(offers, (row) => row.staff_id)) {
    if (staff_id === null) continue;
    const staff_name = names.staff.get(staff_id) ?? staff_id;
    for (const [a, b] of clashes(rows)) {
      const both = `${whenText(a)} and ${whenText(b)}`;
      const about = { staff_name, weekday: b.row.weekday };
      if (a.row.service_id === b.row.service_id) {
        const service_name = names.services.get(a.row.service_id ?? '') ?? '';
        found.push(
          finding(
            'same_offer_twice',
            `${staff_name} offers ${service_name} twice at the same time: ${both}.`,
            `petpro schedule set --vet "${staff_name}" --service "${service_name}" --days ${days[b.row.weekday]} --hours ..`,
            { ...about, service_name },
          ),
        );
      } else if (a.row.room_id !== b.row.room_id && a.row.room_id && b.row.room_id) {
        found.push(
          finding(
            'vet_in_two_rooms',
            `${staff_name} is in two rooms at the same time: ${both}.`,
            `petpro schedule set --vet "${staff_name}" --days ${days[b.row.weekday]} --hours ..`,
            about,
          ),
        );
      }
    }
  }
  for (const [room_id, rows] of Map.groupBy(offers, (row) => row.room_id)) {
    if (room_id === null) continue;
    for (const [a, b] of clashes(rows)) {
      if (a.row.staff_id === b.row.staff_id) continue;
      const who = [a, b].map(({ row }) => names.staff.get(row.staff_id ?? '') ?? 'nobody by name');
      const room = names.rooms.get(room_id) ?? room_id;
      found.push(
        finding(
          'room_shared',
          `${who.join(' and ')} share ${room} at the same time: ${whenText(a)} and ${whenText(b)}.`,
          `petpro schedule set --vet "${who[1]}" --room .. --days ${days[b.row.weekday]} --hours ..`,
          { weekday: b.row.weekday },
        ),
      );
    }
  }
  return found;
}

/** Hours of which no slot came, although they hold between today and the horizon. */
function emptyHours({ rules, names, wanted, today, until }: LintInput): readonly Finding[] {
  const zone = rules.time_zone;
  const sold = new Set(
    wanted.map(({ service_id, staff_id, starts_ms, time }) => {
      const weekday = Temporal.Instant.fromEpochMilliseconds(starts_ms)
        .toZonedDateTimeISO(zone)
        .toPlainDate().dayOfWeek;
      return `${service_id}|${staff_id}|${weekday}|${time}`;
    }),
  );
  const is_whole_week =
    Temporal.PlainDate.from(today).until(until, { largestUnit: 'days' }).days >= 7;
  if (!is_whole_week) return [];
  return rules.hours.flatMap((row): readonly Finding[] => {
    const { kind, service_id, staff_id, weekday } = row;
    // What is not sold at the moment may well have no slots.
    const is_sold = rules.services.some((service) => service.service_id === service_id);
    if (kind !== 'work' || service_id === null || !is_sold || !isValidOn(row, today)) return [];
    const opens = minutesOf(row.opens);
    const closes = closingMinutes(opens, minutesOf(row.closes));
    for (let minute = opens; minute < closes; minute += 1) {
      const day = minute < 1_440 ? weekday : (weekday % 7) + 1;
      if (sold.has(`${service_id}|${staff_id}|${day}|${timeText(minute)}`)) return [];
    }
    const service_name = names.services.get(service_id) ?? service_id;
    const staff_name = staff_id === null ? null : (names.staff.get(staff_id) ?? staff_id);
    const who = staff_name === null ? '' : ` of ${staff_name}`;
    const when = `${days[weekday]} ${row.opens}-${row.closes}`;
    return [
      finding(
        'never_bookable',
        `Nobody can book ${service_name}${who} in the hours ${when}: too short, in a break, or outside the hours of the clinic or the vet.`,
        `petpro slots generate --service "${service_name}" --dry-run`,
        { service_name, staff_name, weekday },
      ),
    ];
  });
}

function serviceFindings({
  rules,
  names,
  last_slot,
  horizons,
  today,
}: LintInput): readonly Finding[] {
  return rules.services.flatMap(({ service_id }): readonly Finding[] => {
    const service_name = names.services.get(service_id) ?? service_id;
    const rows = rules.hours.filter((row) => row.kind === 'work' && row.service_id === service_id);
    const set = `petpro schedule set --service "${service_name}" --vet .. --days mon-fri --hours 09:00-17:00`;
    if (rows.length === 0) {
      const detail = `${service_name} has no hours, so nothing of it is ever opened.`;
      return [finding('service_without_hours', detail, set, { service_name })];
    }
    const found: Finding[] = [];
    const has_vets = rules.hours.some((row) => row.staff_id !== null);
    if (has_vets && rows.every(({ staff_id }) => staff_id === null)) {
      const detail = `${service_name} is sold without a vet, while other services have one.`;
      found.push(finding('service_without_vet', detail, set, { service_name }));
    }
    const until = horizons.get(service_id) ?? today;
    const last = last_slot.get(service_id) ?? null;
    // Weekly hours leave the last week of the horizon partly empty.
    const near = Temporal.PlainDate.from(until).subtract({ days: 8 }).toString();
    if (last === null || last < near) {
      const detail = `Slots of ${service_name} end ${last === null ? 'before they begin' : `on ${last}`}, and should reach ${until}.`;
      const next = `petpro slots generate --service "${service_name}"`;
      found.push(finding('horizon_not_reached', detail, next, { service_name, date: last }));
    }
    return found;
  });
}

/** Starts that leave room for the visit, but not for what is needed around it. */
function tightSteps({ rules, names }: LintInput): readonly Finding[] {
  return rules.services.flatMap((service): readonly Finding[] => {
    const { service_id, duration_minutes, buffer_before_minutes, buffer_after_minutes } = service;
    const whole = buffer_before_minutes + duration_minutes + buffer_after_minutes;
    const row = rules.hours.find(
      ({ step_minutes: step, ...one }) =>
        one.service_id === service_id && step !== null && step >= duration_minutes && step < whole,
    );
    if (row === undefined) return [];
    const service_name = names.services.get(service_id) ?? service_id;
    const staff_name = row.staff_id === null ? null : (names.staff.get(row.staff_id) ?? null);
    const who = staff_name === null ? '' : ` --vet "${staff_name}"`;
    return [
      finding(
        'step_without_buffers',
        `${service_name} takes ${whole} min with its buffers and starts every ${row.step_minutes} min: who books one start takes the next one too.`,
        `petpro schedule set --service "${service_name}"${who} --days ${days[row.weekday]} --hours ${row.opens}-${row.closes} --every ${whole}m`,
        { service_name, staff_name },
      ),
    ];
  });
}

/** Hours of the clinic in which nobody offers anything. */
function idleHours({ rules, today }: LintInput): readonly Finding[] {
  const rows = rules.hours.filter((row) => row.kind === 'work' && isValidOn(row, today));
  const open = placed(rows.filter((row) => row.service_id === null && row.staff_id === null));
  const offered = placed(rows.filter((row) => row.service_id !== null));
  return open.flatMap((one): readonly Finding[] => {
    if (one.from < 0) return [];
    let from = one.from;
    const idle: [number, number][] = [];
    const inside = offered
      .filter((other) => other.from < one.to && other.to > one.from)
      .toSorted((a, b) => a.from - b.from);
    for (const other of inside) {
      if (other.from > from) idle.push([from, other.from]);
      from = Math.max(from, other.to);
    }
    if (from < one.to) idle.push([from, one.to]);
    return idle.map(([a, b]) =>
      finding(
        'nobody_offers',
        `The clinic is open ${days[one.row.weekday]} ${timeText(a)}-${timeText(b)}, but nobody offers anything then.`,
        `petpro schedule set --vet .. --service .. --days ${days[one.row.weekday]} --hours ${timeText(a)}-${timeText(b)}`,
        { weekday: one.row.weekday },
      ),
    );
  });
}

function dateFindings(input: LintInput): readonly Finding[] {
  const { rules, country, clock_gaps } = input;
  const decided = new Set(
    rules.exceptions.flatMap(({ staff_id, date }) => (staff_id === null ? [date] : [])),
  );
  const sold = new Set(input.wanted.map(({ date }) => date));
  const holidays = rules.holidays.flatMap(({ date, name }) =>
    rules.holiday_policy === 'ask' && !decided.has(date) && sold.has(date)
      ? [
          finding(
            'holiday_undecided',
            `${date} is ${name}: slots are made as on other days until somebody decides.`,
            `petpro schedule exception add --date ${date} --closed --reason "${name}"`,
            { date },
          ),
        ]
      : [],
  );
  const clocks = [...new Set(clock_gaps.map(({ date }) => date))].map((date) => {
    const times = clock_gaps.filter((gap) => gap.date === date).map(({ time }) => time);
    return finding(
      'clock_change',
      `The clocks change on ${date}: no slot at ${[...new Set(times)].join(', ')}, or the second time round.`,
      `petpro schedule exception add --date ${date} --hours ..`,
      { date },
    );
  });
  const none =
    country === null && rules.holiday_policy !== 'open'
      ? [
          finding(
            'country_not_set',
            'No country is set, so no public holiday is known.',
            'petpro schedule rules --country ID --holidays close',
          ),
        ]
      : [];
  return [...holidays, ...clocks, ...none];
}

/** Everything that somebody should look at, the gravest first. */
export function lintSchedule(input: LintInput): readonly Finding[] {
  if (input.rules.hours.length === 0) {
    return [
      finding(
        'no_hours',
        'There are no hours, so no slots are made.',
        'petpro schedule set --vet .. --service .. --days mon-fri --hours 09:00-17:00',
      ),
    ];
  }
  return [
    ...serviceFindings(input),
    ...emptyHours(input),
    ...tightSteps(input),
    ...overlapFindings(input),
    ...idleHours(input),
    ...dateFindings(input),
  ];
}
