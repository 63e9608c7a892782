import type { App, Wake, Worker } from '../app-types.ts';

/** What health checks and metrics read of one worker. */
export type WorkerStatus = {
  readonly name: Worker['name'];
  readonly every_ms: number;
  /** Since the last tick that ended well; null before the first. */
  readonly idle_ms: number | null;
  readonly ticks: number;
  readonly units: number;
  readonly failures: number;
  readonly last_error: string | null;
  /** What it found wrong when it looked last. */
  readonly findings: Readonly<Record<string, number>>;
};

/** Told after each tick; for metrics. */
export type OnTick = (tick: {
  readonly name: Worker['name'];
  readonly units: number;
  readonly ms: number;
  readonly ok: boolean;
  readonly findings: Readonly<Record<string, number>>;
}) => void;

export type Loop = {
  /** Ticks at once, or right after the tick under way. */
  readonly wake: () => void;
  readonly status: () => WorkerStatus;
  /** Aborts the tick's signal and waits for it to end. */
  readonly stop: () => Promise<void>;
};

const FAILURE_PAUSE_MAX_MS = 10_000;
/** Spreads the daemons' ticks, so that they do not all ask at the same moment. */
const JITTER = 0.2;
/** Ticks in a row without a pause while there is work; then others get a turn. */
const BUSY_TICKS_MAX = 100;

const jittered = (ms: number) => ms * (1 - JITTER / 2 + Math.random() * JITTER);

/** Ticks one worker until stopped: every interval, when woken, and again while there is work. */
export function startLoop(app: App, worker: Worker, on_tick?: OnTick): Loop {
  const controller = new AbortController();
  let is_woken = false;
  let end_pause: (() => void) | null = null;
  let ended_at: number | null = null;
  let ticks = 0;
  let units = 0;
  let failures = 0;
  let failures_in_row = 0;
  let last_error: string | null = null;

  const findings = () => worker.findings?.() ?? {};

  const wake = () => {
    is_woken = true;
    // A wake-up must not turn a broken database into a busy loop.
    if (failures_in_row === 0) end_pause?.();
  };

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      if (controller.signal.aborted || (is_woken && failures_in_row === 0)) return resolve();
      const timer = setTimeout(resolve, ms);
      end_pause = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const tickOnce = async (): Promise<number> => {
    const started = performance.now();
    try {
      const done = await worker.tick(app, controller.signal);
      const ms = performance.now() - started;
      ended_at = performance.now();
      ticks += 1;
      units += done;
      failures_in_row = 0;
      if (done > 0) app.log.info('worker.tick', { worker: worker.name, units: done, ms });
      on_tick?.({ name: worker.name, units: done, ms, ok: true, findings: findings() });
      return done;
    } catch (error) {
      if (controller.signal.aborted) return 0;
      failures += 1;
      failures_in_row += 1;
      last_error = error instanceof Error ? error.message : String(error);
      const ms = performance.now() - started;
      app.log.error('worker.failed', { worker: worker.name, ms, failures_in_row, err: error });
      on_tick?.({ name: worker.name, units: 0, ms, ok: false, findings: findings() });
      return 0;
    }
  };

  const run = async () => {
    let busy_ticks = 0;
    while (!controller.signal.aborted) {
      is_woken = false;
      const done = await tickOnce();
      busy_ticks = done > 0 ? busy_ticks + 1 : 0;
      if (failures_in_row > 0) {
        await pause(jittered(Math.min(100 * 2 ** failures_in_row, FAILURE_PAUSE_MAX_MS)));
      } else if (done === 0 || busy_ticks >= BUSY_TICKS_MAX) {
        busy_ticks = 0;
        await pause(jittered(worker.every_ms));
      }
      end_pause = null;
    }
  };
  const running = run();

  return {
    wake,
    status: () => ({
      name: worker.name,
      every_ms: worker.every_ms,
      idle_ms: ended_at === null ? null : performance.now() - ended_at,
      ticks,
      units,
      failures,
      last_error,
      findings: findings(),
    }),
    stop: async () => {
      controller.abort();
      end_pause?.();
      await running;
      await worker.settle?.();
    },
  };
}

/** The app's wake-up calls, before and after the workers that they wake exist. */
export type Wakeups = {
  readonly wake: Wake;
  readonly connect: (name: keyof Wake, target: () => void) => void;
};

/** Wake-ups of one process. Calls in one turn of the event loop reach the worker as one. */
export function createWakeups(): Wakeups {
  const targets = new Map<keyof Wake, Set<() => void>>();
  const waiting = new Set<keyof Wake>();
  const call = (name: keyof Wake) => () => {
    if (waiting.has(name) || !targets.has(name)) return;
    waiting.add(name);
    setImmediate(() => {
      waiting.delete(name);
      for (const target of targets.get(name) ?? []) target();
    });
  };
  return {
    wake: { relay: call('relay'), dispatcher: call('dispatcher'), sweeper: call('sweeper') },
    connect: (name, target) => {
      const known = targets.get(name) ?? new Set();
      targets.set(name, known.add(target));
    },
  };
}
