import { sleep } from 'k6';
import type { RefinedResponse } from 'k6/http';
import { Counter } from 'k6/metrics';
import { killed } from './data.ts';

/** What a good client does when a server dies under it: it asks again, under the same key. Only in chaos runs. */

type Response = RefinedResponse<'text'>;

/** With the pauses about eight seconds: longer than a part may be gone. */
const tries_max = 8;
const longest_pause_s = 1;
/** k6's own timeout; never taken for a cut connection. */
const k6_timeout = 1050;

const interrupted = new Counter('interrupted');
const unavailable = new Counter('unavailable_answers');
const cut_wishes = new Counter('cut_wishes');
const resolved_wishes = new Counter('resolved_wishes');

/** Wishes of this user that may have been granted without our knowing. */
const open_keys = new Set<string>();

function isInProgress(response: Response): boolean {
  return response.status === 409 && (response.body ?? '').includes('"in_progress"');
}

/** Why an answer is none, or null when it is one. */
export function interruption(response: Response): 'cut' | 'unavailable' | null {
  if (killed.length === 0) return null;
  if (response.status === 0) return response.error_code === k6_timeout ? null : 'cut';
  if (response.status === 503) return response.headers['Retry-After'] ? 'unavailable' : null;
  // The first try was cut off, and its server has not finished or died.
  return isInProgress(response) ? 'cut' : null;
}

function pauseAfter(response: Response): void {
  const asked_s = Number(response.headers['Retry-After'] ?? 0);
  sleep(Math.min(longest_pause_s, asked_s || 0.1 + Math.random() * 0.3));
}

/** The call, repeated while it is interrupted; the last answer when patience ends. */
export function patiently(key: string | null, call: () => Response): Response {
  for (let tries = 1; ; tries += 1) {
    const response = call();
    const why = interruption(response);
    if (why === null) return response;
    (why === 'unavailable' ? unavailable : interrupted).add(1);
    if (key !== null && !open_keys.has(key)) {
      open_keys.add(key);
      cut_wishes.add(1);
    }
    if (tries >= tries_max) return response;
    pauseAfter(response);
  }
}

/** The wish has got an answer: what became of it is known from now on. */
export function settle(key: string): void {
  if (open_keys.delete(key)) resolved_wishes.add(1);
}
