import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { seedUser } from './lib/calls.ts';
import { head, owners, part, pick, slotsOf } from './lib/data.ts';
import { clean_thresholds, summary, trend_stats } from './lib/summary.ts';
import { visit } from './lib/visit.ts';

/** A busy day: people look, hold, pay, move, change their mind or walk away, faster towards noon. */

/** Visits per second at noon, and before and after it. */
const { rate: peak, vus } = head;
const quiet = Math.max(1, Math.round(peak / 5));

export const options: Options = {
  summaryTrendStats: trend_stats,
  scenarios: {
    day: {
      executor: 'ramping-arrival-rate',
      startRate: quiet,
      timeUnit: '1s',
      preAllocatedVUs: Math.min(vus, 100),
      maxVUs: vus,
      stages: [
        { duration: part(0.3), target: peak },
        { duration: part(0.5), target: peak },
        { duration: part(0.2), target: quiet },
      ],
      // Longer than a request may take: an answer that is cut off may have won.
      gracefulStop: '20s',
    },
  },
  thresholds: {
    ...clean_thresholds,
    winners: ['count>0'],
    'http_req_duration{name:browse}': ['p(95)<=250'],
    'http_req_duration{name:hold}': ['p(95)<=250'],
    'http_req_duration{name:checkout}': ['p(95)<=500'],
    'http_req_duration{name:move}': ['p(95)<=250'],
    ...(head.stripe_url === null
      ? {}
      : { confirmed: ['count>0'], moved: ['count>0'], time_to_confirm: ['p(95)<=2000'] }),
    dropped_iterations: ['count==0'],
  },
};

const day_slots = slotsOf('day');
const mix = { pay: 0.6, release: 0.25, cancel: 0.1, move: 0.15 };

export default function person(): void {
  const index = exec.scenario.iterationInTest;
  if (exec.vu.iterationInScenario === 0) seedUser();
  // Most want the first hours: 60 % of the wishes fall on a fifth of the slots.
  const spread = Math.random() < 0.6 ? day_slots.length / 5 : day_slots.length;
  const slot = pick(day_slots, Math.floor(Math.random() * spread));
  const other_slot = pick(day_slots, Math.floor(Math.random() * day_slots.length));
  visit({ owner: pick(owners, index), slot, other_slot, attempt: index }, 0.5, mix);
}

export const handleSummary = summary;
