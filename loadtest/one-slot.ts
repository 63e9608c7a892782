import { sleep } from 'k6';
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { book, confirmedBooking, payFor, seedUser } from './lib/calls.ts';
import { head, killed, owners, pick, type Slot, slotsOf } from './lib/data.ts';
import { clean_thresholds, summary, trend_stats } from './lib/summary.ts';

/**
 * Everybody wants the same slot. Seed 004, load line: 1000 users for 30 s, 10 s up, 10 s there, 10 s down. Then
 * as many users press the button of a second slot in the same instant.
 */

const { vus } = head;
const third = Math.max(1, Math.round(head.seconds / 3));
/** A person tries again after about this long; without a pause k6 measures its own CPU. */
const think_s = 1;
const pays_within_s = 10;

/**
 * With Redis or a daemon killed nearly everybody is still answered at once; without PostgreSQL all wait, and only
 * how long counts: as long as it may be gone.
 */
function limits(): string[] {
  // design, goals: 1000 users on one slot, p95 <= 100 ms.
  if (killed.length === 0) return ['p(95)<=100'];
  return killed.includes('postgres') ? ['max<=5000'] : ['p(95)<=1000', 'max<=5000'];
}

export const options: Options = {
  summaryTrendStats: trend_stats,
  scenarios: {
    crowd: {
      executor: 'ramping-vus',
      exec: 'crowd',
      startVUs: 0,
      stages: [
        { duration: `${third}s`, target: vus },
        { duration: `${third}s`, target: vus },
        { duration: `${third}s`, target: 0 },
      ],
      gracefulRampDown: '5s',
      gracefulStop: '5s',
    },
    burst: {
      executor: 'per-vu-iterations',
      exec: 'burst',
      vus,
      iterations: 1,
      startTime: `${third * 3 + 6}s`,
      maxDuration: '30s',
    },
  },
  thresholds: {
    ...clean_thresholds,
    'winners{group:crowd}': ['count==1'],
    'winners{group:burst}': ['count==1'],
    'http_req_duration{scenario:crowd}': limits(),
    'http_req_duration{scenario:burst}': ['p(95)<=2000'],
  },
};

const crowd_slot = pick(slotsOf('crowd'), 0);
const burst_slot = pick(slotsOf('burst'), 0);
const contest = slotsOf('chaos');
/** One slot of the contest opens each time; together they cover the seconds around the kill. */
const contest_every_ms = 250;
let is_seeded = false;

function pause(): void {
  sleep(think_s * (0.5 + Math.random()));
}

/**
 * In a chaos run the crowd turns to fresh slots around the half, one after the other, so that the kill falls into
 * an open contest; when all have been opened, everybody takes any of them.
 */
function wanted(): Slot {
  const half_ms = third * 1_500;
  const since_ms = Date.now() - exec.scenario.startTime - half_ms;
  const nth = Math.floor(since_ms / contest_every_ms) + Math.floor(contest.length / 2);
  if (contest.length === 0 || nth < 0) return crowd_slot;
  const late = Math.floor(Math.random() * contest.length);
  return pick(contest, nth < contest.length ? nth : late);
}

export function crowd(): void {
  if (!is_seeded) {
    seedUser();
    is_seeded = true;
    // People do not arrive in step.
    sleep(Math.random() * think_s);
  }
  const owner = pick(owners, exec.vu.idInTest - 1);
  // The same key each time: whoever has won and presses again gets the same hold, not a second one.
  const slot = wanted();
  const won = book({ slot, owner, quantity: 1, how: 'checkout', attempt: 0 });
  if (won && !won.replayed && slot.group === 'crowd') {
    const paid_at = Date.now();
    const end = paid_at + pays_within_s * 1000;
    if (payFor(won.reservation_id)) {
      while (Date.now() < end && !confirmedBooking(won.reservation_id, paid_at)) sleep(0.1);
    }
  }
  pause();
}

export function burst(): void {
  const owner = pick(owners, exec.vu.idInTest - 1);
  book({ slot: burst_slot, owner, quantity: 1, how: 'checkout', attempt: 0 });
}

export const handleSummary = summary;
