/**
 * The sixteen figures of seed 004, Booking Process KPIs, and two that its alerts ask for. Every figure is made
 * of counts that may be added up, over minutes and over daemons: docs/metrics.md.
 */

/** Named sums of one minute, one hour, one daemon or all of them. */
export type Counts = Readonly<Record<string, number>>;

export const kpi_groups = ['business', 'performance', 'system', 'experience'] as const;
export type KpiGroup = (typeof kpi_groups)[number];

export const kpi_units = [
  'per_minute',
  'per_second',
  'per_hour',
  'money_per_hour',
  'percent',
  'ms',
  's',
  'count',
] as const;
export type KpiUnit = (typeof kpi_units)[number];

export const kpi_names = [
  'bookings_per_minute',
  'conversion_rate',
  'revenue_per_hour',
  'cancellation_rate',
  'latency_average',
  'latency_p95',
  'error_rate',
  'throughput',
  'lock_contention',
  'deadlock_rate',
  'expired_rate',
  'inventory_accuracy',
  'time_to_book',
  'payment_latency',
  'notification_delay',
  'client_timing',
  'failed_payments',
  'inventory_mismatches',
] as const;
export type KpiName = (typeof kpi_names)[number];

/** Upper bounds of the classes that times are counted in: from the loser of a race to the request timeout. */
export const latency_bounds_ms: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 5_000, 15_000,
];

/** The class that a time belongs to; the last one has no upper bound. */
export function latencyClass(ms: number): number {
  let index = 0;
  while (index < latency_bounds_ms.length && ms > (latency_bounds_ms[index] ?? 0)) index += 1;
  return index;
}

/** Key of a class of times, such as `request_le_7`. */
export const classKey = (name: 'request' | 'client', index: number) => `${name}_le_${index}`;

/** Begins the keys of money taken, in minor units: `revenue_IDR`. */
const REVENUE = 'revenue_';

/** Sums of everything in `all`. */
export function addCounts(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [key, value] of Object.entries(counts)) sums[key] = (sums[key] ?? 0) + value;
  }
  return sums;
}

const of = (counts: Counts, key: string) => counts[key] ?? 0;

/** Null where there is nothing to divide by: no figure is not zero. */
const ratio = (part: number, whole: number, factor = 1) =>
  whole > 0 ? (part / whole) * factor : null;

/**
 * The time that 95 of 100 stay below, as far as classes tell: spread evenly within the class; what is
 * beyond the last bound counts as that bound.
 */
export function percentile95(counts: Counts, name: 'request' | 'client'): number | null {
  const classes = [...latency_bounds_ms, Infinity].map((_, index) =>
    of(counts, classKey(name, index)),
  );
  const wanted = classes.reduce((sum, one) => sum + one, 0) * 0.95;
  if (wanted === 0) return null;
  let below = 0;
  for (const [index, count] of classes.entries()) {
    if (below + count >= wanted && count > 0) {
      const low = latency_bounds_ms[index - 1] ?? 0;
      const high = latency_bounds_ms[index] ?? low;
      return low + ((wanted - below) / count) * (high - low);
    }
    below += count;
  }
  return latency_bounds_ms.at(-1) ?? null;
}

/** The currency in which most was booked, by number of payments; null before the first. */
export function mainCurrency(counts: Counts): string | null {
  const taken = Object.entries(counts)
    .filter(([key]) => key.startsWith('payments_in_'))
    .toSorted(([one, a], [other, b]) => b - a || one.localeCompare(other));
  return taken[0]?.[0].slice('payments_in_'.length) ?? null;
}

export type Window = {
  readonly counts: Counts;
  /** How long these counts took to come together. */
  readonly seconds: number;
  readonly currency: string | null;
};

export type Kpi = {
  readonly group: KpiGroup;
  readonly title: string;
  readonly unit: KpiUnit;
  /** `now` and each minute of the series look back this far. */
  readonly window_minutes: number;
  readonly better: 'higher' | 'lower';
  /** In words, exactly; the same stands in docs/metrics.md. */
  readonly definition: string;
  readonly value: (window: Window) => number | null;
};

const holdsEnded = (c: Counts) =>
  of(c, 'bookings') + of(c, 'holds_expired') + of(c, 'holds_cancelled');
const holdTries = (c: Counts) => of(c, 'holds_won') + of(c, 'holds_locked') + of(c, 'holds_taken');
const payments = (c: Counts) => of(c, 'payments_ok') + of(c, 'payments_failed');

export const kpis: Readonly<Record<KpiName, Kpi>> = {
  bookings_per_minute: {
    group: 'business',
    title: 'Bookings/minute',
    unit: 'per_minute',
    window_minutes: 5,
    better: 'higher',
    definition: 'Bookings confirmed, divided by the minutes',
    value: ({ counts, seconds }) => ratio(of(counts, 'bookings') * 60, seconds),
  },
  conversion_rate: {
    group: 'business',
    title: 'Conversion %',
    unit: 'percent',
    window_minutes: 60,
    better: 'higher',
    definition: 'Bookings confirmed, of all holds that ended: confirmed, cancelled or expired',
    value: ({ counts }) => ratio(of(counts, 'bookings'), holdsEnded(counts), 100),
  },
  revenue_per_hour: {
    group: 'business',
    title: 'Revenue/hour',
    unit: 'money_per_hour',
    window_minutes: 60,
    better: 'higher',
    definition:
      'Payments that arrived, in the currency that most payments have; refunds are not taken off',
    value: ({ counts, seconds, currency }) =>
      currency === null ? null : ratio(of(counts, REVENUE + currency) * 3_600, seconds),
  },
  cancellation_rate: {
    group: 'business',
    title: 'Cancellation %',
    unit: 'percent',
    window_minutes: 60,
    better: 'lower',
    definition: 'Bookings cancelled for every hundred confirmed meanwhile; can exceed 100',
    value: ({ counts }) => ratio(of(counts, 'cancellations'), of(counts, 'bookings'), 100),
  },
  latency_average: {
    group: 'performance',
    title: 'Average latency',
    unit: 'ms',
    window_minutes: 5,
    better: 'lower',
    definition: 'Time from the first byte of a request to the last of its answer, on average',
    value: ({ counts }) => ratio(of(counts, 'request_ms'), of(counts, 'requests')),
  },
  latency_p95: {
    group: 'performance',
    title: 'p95 latency',
    unit: 'ms',
    window_minutes: 5,
    better: 'lower',
    definition: 'The time that 95 of 100 requests stay below, from the classes of the histogram',
    value: ({ counts }) => percentile95(counts, 'request'),
  },
  error_rate: {
    group: 'performance',
    title: 'Error rate %',
    unit: 'percent',
    window_minutes: 5,
    better: 'lower',
    definition: 'Requests answered with 500 or above; refusals of the business are no errors',
    value: ({ counts }) => ratio(of(counts, 'errors'), of(counts, 'requests'), 100),
  },
  throughput: {
    group: 'performance',
    title: 'Requests/second',
    unit: 'per_second',
    window_minutes: 5,
    better: 'higher',
    definition: 'Requests answered by all daemons, divided by the seconds; probes are left out',
    value: ({ counts, seconds }) => ratio(of(counts, 'requests'), seconds),
  },
  lock_contention: {
    group: 'system',
    title: 'Lock contention %',
    unit: 'percent',
    window_minutes: 5,
    better: 'lower',
    definition: 'Tries for a hold refused as slot_locked, of all that were granted or lost',
    value: ({ counts }) => ratio(of(counts, 'holds_locked'), holdTries(counts), 100),
  },
  deadlock_rate: {
    group: 'system',
    title: 'Deadlocks/hour',
    unit: 'per_hour',
    window_minutes: 60,
    better: 'lower',
    definition: 'Deadlocks that PostgreSQL counted in this database',
    value: ({ counts, seconds }) => ratio(of(counts, 'deadlocks') * 3_600, seconds),
  },
  expired_rate: {
    group: 'system',
    title: 'Expired %',
    unit: 'percent',
    window_minutes: 60,
    better: 'lower',
    definition: 'Holds that expired, of all holds that ended: confirmed, cancelled or expired',
    value: ({ counts }) => ratio(of(counts, 'holds_expired'), holdsEnded(counts), 100),
  },
  inventory_accuracy: {
    group: 'system',
    title: 'Inventory accuracy %',
    unit: 'percent',
    window_minutes: 5,
    better: 'higher',
    definition: 'Claimed seats (counted up to 100000) less rows that break an invariant',
    value: ({ counts }) => {
      // Of an empty inventory nothing is wrong.
      if (of(counts, 'inventory_looks') === 0) return null;
      const wrong = ratio(of(counts, 'inventory_wrong'), of(counts, 'inventory_seats'), 100);
      return Math.max(0, 100 - (wrong ?? (of(counts, 'inventory_wrong') > 0 ? 100 : 0)));
    },
  },
  time_to_book: {
    group: 'experience',
    title: 'Time to book',
    unit: 's',
    window_minutes: 60,
    better: 'lower',
    definition: 'From the hold to the confirmed booking, on average',
    value: ({ counts }) => ratio(of(counts, 'book_ms'), of(counts, 'booked_timed'), 0.001),
  },
  payment_latency: {
    group: 'experience',
    title: 'Payment latency',
    unit: 's',
    window_minutes: 60,
    better: 'lower',
    definition:
      'From a payment page or charge being opened to its money being recorded, on average',
    value: ({ counts }) => ratio(of(counts, 'pay_ms'), of(counts, 'paid_timed'), 0.001),
  },
  notification_delay: {
    group: 'experience',
    title: 'Notification delay',
    unit: 's',
    window_minutes: 15,
    better: 'lower',
    definition:
      'From a message being due to its being handed over, on average; quiet hours are no delay',
    value: ({ counts }) => ratio(of(counts, 'notify_ms'), of(counts, 'notified'), 0.001),
  },
  client_timing: {
    group: 'experience',
    title: 'Client p95',
    unit: 'ms',
    window_minutes: 15,
    better: 'lower',
    definition: 'The time that 95 of 100 screens took on the devices that report it',
    value: ({ counts }) => percentile95(counts, 'client'),
  },
  failed_payments: {
    group: 'business',
    title: 'Failed payments %',
    unit: 'percent',
    window_minutes: 15,
    better: 'lower',
    definition: 'Payments refused, of all that were decided',
    value: ({ counts }) => ratio(of(counts, 'payments_failed'), payments(counts), 100),
  },
  inventory_mismatches: {
    group: 'system',
    title: 'Inventory mismatches',
    unit: 'count',
    window_minutes: 2,
    better: 'lower',
    definition: 'Rows that break an invariant, as the periodic look found them',
    value: ({ counts }) => ratio(of(counts, 'inventory_wrong'), of(counts, 'inventory_looks')),
  },
};
