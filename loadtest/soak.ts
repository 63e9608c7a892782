import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { seedUser } from './lib/calls.ts';
import { head, owners, pick, slotsOf } from './lib/data.ts';
import { clean_thresholds, summary, trend_stats } from './lib/summary.ts';
import { visit } from './lib/visit.ts';

/** Hours of a steady, modest load in which every slot is given back, so that it can go on for ever. */

const { rate, vus } = head;

export const options: Options = {
  summaryTrendStats: trend_stats,
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration: `${head.seconds}s`,
      preAllocatedVUs: Math.min(vus, 50),
      maxVUs: vus,
      // Longer than a request may take: an answer that is cut off may have won.
      gracefulStop: '20s',
    },
  },
  thresholds: {
    ...clean_thresholds,
    winners: ['count>0'],
    http_req_duration: ['p(95)<=250', 'p(99)<=1000'],
    dropped_iterations: ['count==0'],
  },
};

const all_slots = slotsOf('steady');
/** Everybody who pays cancels, and nobody walks away from a hold. */
const mix = { pay: 0.3, release: 0.7, cancel: 1, move: 0 };

export default function person(): void {
  if (exec.vu.iterationInScenario === 0) seedUser();
  const slot = pick(all_slots, Math.floor(Math.random() * all_slots.length));
  const attempt = exec.scenario.iterationInTest;
  visit({ owner: pick(owners, attempt), slot, other_slot: slot, attempt }, 0.6, mix);
}

export const handleSummary = summary;
