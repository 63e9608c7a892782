import type { AppError } from '../../src/domain/errors.ts';
import type { LoadJob, LoadPort, LoadProgress, LoadRun } from '../../src/tui/load-port.ts';
import { figureList, runOf } from './fixture-ops.ts';

/** Load tests in memory: what k6 would say is said by hand, so that each test knows when. */

export type FakeLoad = {
  readonly port: LoadPort;
  readonly started: string[];
  stops: number;
  k6: string | null;
  /** The next start fails with this. */
  failure: AppError | null;
  readonly progress: (progress: LoadProgress) => void;
  readonly end: (run: LoadRun) => void;
};

export function fakeLoad(): FakeLoad {
  let listener: ((progress: LoadProgress) => void) | null = null;
  let ended = Promise.withResolvers<LoadRun>();
  let list = figureList();

  function start(scenario: string, form: string): LoadJob {
    fake.started.push(`${scenario} ${form}`);
    ended = Promise.withResolvers<LoadRun>();
    if (fake.failure !== null) ended.reject(fake.failure);
    return {
      subscribe: (one) => {
        listener = one;
      },
      stop: () => {
        fake.stops += 1;
        fake.end(runOf(41, { verdict: 'STOPPED' }));
      },
      done: ended.promise,
    };
  }

  const fake: FakeLoad = {
    started: [],
    stops: 0,
    k6: 'v2.1.0',
    failure: null,
    progress: (progress) => listener?.(progress),
    end: (run) => {
      list = { ...list, runs: [run, ...list.runs] };
      ended.resolve(run);
    },
    port: {
      list: async () => ({ ...list, k6: fake.k6, how: 'k6 was not found: bash scripts/get-k6.sh' }),
      start,
      export_report: async (run) => `/var/petpro/load/runs/00${run}/report.html`,
      compare: async () => [
        { measure: 'p95_ms', before: 9.7, after: 212.4, worse_percent: 2_089.7, passed: false },
        { measure: 'double_bookings', before: 0, after: 0, worse_percent: null, passed: true },
      ],
    },
  };
  return fake;
}
