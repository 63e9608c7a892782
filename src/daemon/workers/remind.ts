import { setTimeout as sleep } from 'node:timers/promises';
import type { App, Worker } from '../app-types.ts';
import { queueReminders } from '../store/reminders.ts';

/**
 * Messages of reminders that may wait to be sent at any time, and so the most in one statement. What is
 * confirmed meanwhile goes out after them: at 1200 mails a minute within two seconds (design, section 9).
 */
const WAITING_MAX = 40;
/** A look costs one index probe where nothing is due. */
const EVERY_MS = 2_000;
/** While there is work the next look is for room in the line, and comes sooner. */
const ROOM_MS = 100;
const ROOM_LOOKS = 10;
/** From here on a reminder is told of as late: this daemon, or all of them, were away. */
const LATE_MS = 60_000;

type Judged = Awaited<ReturnType<typeof queueReminders>>;

function note(app: App, judged: Judged): void {
  for (const { reminder_id, booking_id, reminder_type, verdict, late_ms } of judged) {
    if (verdict === 'send') continue;
    const facts = { reminder_id, booking_id, reminder_type, reason: verdict, late_ms };
    app.log.info('reminder.not_sent', facts);
  }
  const late = judged.filter(({ verdict, late_ms }) => verdict === 'send' && late_ms >= LATE_MS);
  if (late.length === 0) return;
  const late_ms_max = late.reduce((most, { late_ms }) => Math.max(most, late_ms), 0);
  app.log.warn('reminder.late', { count: late.length, late_ms_max });
}

/**
 * Turns due reminders into messages. Every daemon with the role `cron` has one; the statement lets one
 * of them work at a time and judges each booking anew (docs/reminders.md).
 */
export function createReminder(): Worker {
  let was_busy = false;
  const look = async (app: App) =>
    await queueReminders(app.sql, { limit: WAITING_MAX, waiting_max: WAITING_MAX });

  const tick = async (app: App, signal: AbortSignal): Promise<number> => {
    if (signal.aborted) return 0;
    let judged = await look(app);
    for (let looks = 0; was_busy && judged.length === 0 && looks < ROOM_LOOKS; looks += 1) {
      await sleep(ROOM_MS);
      if (signal.aborted) return 0;
      judged = await look(app);
    }
    was_busy = judged.length > 0;
    if (judged.some(({ verdict }) => verdict === 'send')) app.wake.dispatcher();
    note(app, judged);
    return judged.length;
  };
  return { name: 'reminders', every_ms: EVERY_MS, tick };
}
