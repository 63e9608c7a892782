import type { App, Worker } from '../app-types.ts';
import { queueReminders } from '../store/reminders.ts';

/** Reminders per statement: a few milliseconds, so that no booking waits for its row. */
const BATCH = 100;
/**
 * Reminders that may wait to be sent at any time. About as many as leave in two seconds: what is
 * confirmed meanwhile goes out after them, however many were due at once.
 */
const WAITING_MAX = 200;
/** A look costs one index probe where nothing is due. */
const EVERY_MS = 2_000;
/** From here on a reminder is told of as late: this daemon, or all of them, were away. */
const LATE_MS = 60_000;

/**
 * Turns due reminders into messages. Every daemon with the role `cron` has one; the statement lets one
 * of them work at a time and judges each booking anew (docs/reminders.md).
 */
export function createReminder(): Worker {
  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (signal.aborted) return 0;
    const judged = await queueReminders(app.sql, { limit: BATCH, waiting_max: WAITING_MAX });
    const sent = judged.filter(({ verdict }) => verdict === 'send');
    if (sent.length > 0) app.wake.dispatcher();
    for (const { reminder_id, booking_id, reminder_type, verdict, late_ms } of judged) {
      if (verdict === 'send') continue;
      const facts = { reminder_id, booking_id, reminder_type, reason: verdict, late_ms };
      app.log.info('reminder.not_sent', facts);
    }
    const late = sent.filter(({ late_ms }) => late_ms >= LATE_MS);
    const worst = late.reduce((most, { late_ms }) => Math.max(most, late_ms), 0);
    if (late.length > 0) app.log.warn('reminder.late', { count: late.length, late_ms_max: worst });
    return judged.length;
  };
  return { name: 'reminders', every_ms: EVERY_MS, tick };
}
