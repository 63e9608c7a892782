import { channels } from '../../domain/ports.ts';
import type { App, Worker } from '../app-types.ts';
import { createAlerter } from './alerts.ts';
import { createAuthoriser } from './authorisations.ts';
import { openConsumer } from './consume.ts';
import { createDispatcher } from './dispatch.ts';
import type { Feed } from './feed.ts';
import { createSlotMaker } from './generate-slots.ts';
import { createHousekeeper } from './housekeeping.ts';
import { createLockKeeper } from './keep-locks.ts';
import { createTeller } from './kpis.ts';
import { type Loop, type OnTick, startLoop, type Wakeups, type WorkerStatus } from './loop.ts';
import { createPoller } from './poll-payments.ts';
import { createPruner } from './prune.ts';
import { createReconciler } from './reconcile.ts';
import { createViewRefresher } from './refresh-views.ts';
import { createRefunder } from './refunds.ts';
import { createRelay } from './relay.ts';
import { createReminder } from './remind.ts';
import { createReplayer } from './replay.ts';
import { openEventStream } from './stream.ts';
import { createSweeper } from './sweep.ts';
import { createAttachmentSweeper } from './sweep-attachments.ts';
import { createWaitlister, wakeOnNews } from './waitlist.ts';
import { createWebhookSender } from './webhooks.ts';

export type Workers = {
  readonly status: () => readonly WorkerStatus[];
  /** Lets each tick under way end, then closes what the workers opened. */
  readonly stop: () => Promise<void>;
};

/**
 * Starts the workers that `config.roles` names. Every one may run in any number of daemons at once.
 * Wake the app's own with `wakeups`; the feed belongs to the caller, because the API reads it too.
 */
export function startWorkers(app: App, wakeups: Wakeups, feed: Feed, on_tick?: OnTick): Workers {
  const { roles, redis_url } = app.config;
  const loops: Loop[] = [];
  const stops: (() => void)[] = [];
  const start = (worker: Worker): Loop => {
    const loop = startLoop(app, worker, on_tick);
    loops.push(loop);
    return loop;
  };
  const has = (role: (typeof roles)[number]) => roles.includes(role);

  const stream =
    has('relay') && redis_url ? openEventStream({ url: redis_url, log: app.log }) : null;
  const consumer =
    has('relay') && redis_url ? openConsumer({ url: redis_url, log: app.log }) : null;
  if (consumer) start(consumer.worker);
  const sender = createWebhookSender();
  if (has('relay')) {
    wakeups.connect('relay', start(createRelay({ feed, stream })).wake);
    start(createReplayer(stream));
  }
  if (has('sweeper')) {
    wakeups.connect('sweeper', start(createSweeper()).wake);
    start(createLockKeeper());
    stops.push(wakeOnNews(app, feed, start(createWaitlister()).wake));
  }
  if (has('dispatcher')) {
    for (const channel of channels) {
      wakeups.connect('dispatcher', start(createDispatcher(channel)).wake);
    }
    wakeups.connect('dispatcher', start(createRefunder()).wake);
    wakeups.connect('dispatcher', start(createAuthoriser()).wake);
    const sending = start(sender.worker);
    wakeups.connect('dispatcher', sending.wake);
    sender.onFree(sending.wake);
  }
  if (has('cron')) {
    start(createPoller());
    start(createReconciler());
    start(createHousekeeper());
    start(createReminder());
    start(createAttachmentSweeper());
    start(createViewRefresher());
    start(createSlotMaker());
    start(createPruner());
    start(createAlerter());
  }
  start(createTeller());

  return {
    status: () => loops.map((loop) => loop.status()),
    stop: async () => {
      for (const stop of stops) stop();
      await Promise.all(loops.map((loop) => loop.stop()));
      await sender.settled();
      await consumer?.close();
      await stream?.close();
    },
  };
}
