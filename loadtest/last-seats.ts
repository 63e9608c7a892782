import { sleep } from 'k6';
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { book, seedUser } from './lib/calls.ts';
import { head, owners, pick, slotsOf } from './lib/data.ts';
import { clean_thresholds, summary, trend_stats } from './lib/summary.ts';

/** Twenty seats are left and groups of one to four want them: all must go, none twice. */

const slot = pick(slotsOf('seats'), 0);

export const options: Options = {
  summaryTrendStats: trend_stats,
  scenarios: {
    seats: {
      executor: 'per-vu-iterations',
      vus: head.vus,
      iterations: 1,
      maxDuration: `${head.seconds}s`,
    },
  },
  thresholds: {
    ...clean_thresholds,
    seats_won: [`count==${slot.capacity}`],
    http_req_duration: ['p(95)<=1000'],
  },
};

/** A group that does not fit sends fewer; a single person tries twice. */
export default function group(): void {
  seedUser();
  const owner = pick(owners, exec.vu.idInTest - 1);
  const wanted = 1 + Math.floor(Math.random() * 4);
  for (let quantity = wanted; quantity >= 1; quantity -= 1) {
    if (book({ slot, owner, quantity, how: 'checkout', attempt: 0 })) return;
    sleep(0.2 + Math.random() * 0.3);
  }
  book({ slot, owner, quantity: 1, how: 'checkout', attempt: 1 });
}

export const handleSummary = summary;
