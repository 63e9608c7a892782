import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { book, payFor, seedUser } from './lib/calls.ts';
import { head, owners, part, pick, slotsOf } from './lib/data.ts';
import { clean_thresholds, summary, trend_stats } from './lib/summary.ts';

/** Tickets for one evening go on sale at ten o'clock: one slot with thousands of seats, sold out in seconds. */

/** Customers per second once the doors are open; enough to want more than there is. */
const { rate, vus } = head;
const slot = pick(slotsOf('evening'), 0);

export const options: Options = {
  summaryTrendStats: trend_stats,
  scenarios: {
    sale: {
      executor: 'ramping-arrival-rate',
      startRate: Math.max(1, Math.round(rate / 10)),
      timeUnit: '1s',
      preAllocatedVUs: Math.min(vus, 200),
      maxVUs: vus,
      stages: [
        { duration: part(0.1), target: rate },
        { duration: part(0.9), target: rate },
      ],
      // Longer than a request may take: an answer that is cut off may have won.
      gracefulStop: '20s',
    },
  },
  thresholds: {
    ...clean_thresholds,
    seats_won: [`count<=${slot.capacity}`, 'count>0'],
    'http_req_duration{name:hold}': ['p(95)<=500'],
  },
};

/** One in ten pays at once; the payment page itself is not what is measured here. */
const pays = 0.1;

export default function customer(): void {
  if (exec.vu.iterationInScenario === 0) seedUser();
  const attempt = exec.scenario.iterationInTest;
  const owner = pick(owners, attempt);
  const how = Math.random() < pays && head.stripe_url !== null ? 'checkout' : 'hold';
  const quantity = 1 + Math.floor(Math.random() * 4);
  const won = book({ slot, owner, quantity, how, attempt });
  if (won && !won.replayed && how === 'checkout') payFor(won.reservation_id);
}

export const handleSummary = summary;
