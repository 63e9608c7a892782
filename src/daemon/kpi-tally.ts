import { type Endpoint, endpoints } from '../domain/api.ts';
import { type Counts, classKey, latency_bounds_ms, latencyClass } from '../domain/kpi.ts';
import { addressesOf } from './http/addresses.ts';

/**
 * What this process has counted since it told the database last (workers/kpis.ts). Figures, not a ledger:
 * what was counted in the last seconds before a crash is lost.
 */
export type Tally = {
  readonly request: (route: string, status: number, ms: number, code: string | null) => void;
  readonly client: (ms: number) => void;
  /** What was counted since the last call; the counters begin anew. */
  readonly take: () => Counts;
  /** Puts counts back that could not be told. */
  readonly putBack: (counts: Counts) => void;
  /** Tries for a hold since the process began, for /metrics. */
  readonly tries: () => HoldTries;
};

export type HoldTries = { readonly won: number; readonly locked: number; readonly taken: number };

/** Probes and the live feed are no requests of anybody's. */
const uncounted: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics', '/events']);

/** Addresses whose success is a hold. */
const hold_routes: ReadonlySet<string> = new Set(
  (['create_reservation', 'create_booking'] as const)
    .flatMap((name) => addressesOf(endpoints[name] as Endpoint))
    .map(({ path }) => path.replaceAll(/\{(\w+)\}/g, ':$1')),
);

const CLASSES = latency_bounds_ms.length + 1;

/** One per process: a few additions for each request. */
export function createTally(): Tally {
  const total = { won: 0, locked: 0, taken: 0 };
  let told: HoldTries = { ...total };
  let requests = 0;
  let errors = 0;
  let request_ms = 0;
  let client_ms = 0;
  let clients = 0;
  let returned: Record<string, number> = {};
  const by_class = new Float64Array(CLASSES);
  const client_class = new Float64Array(CLASSES);

  const current = (): Record<string, number> => ({
    requests,
    errors,
    request_ms: Math.round(request_ms),
    clients,
    client_ms: Math.round(client_ms),
    holds_won: total.won - told.won,
    holds_locked: total.locked - told.locked,
    holds_taken: total.taken - told.taken,
    ...Object.fromEntries([...by_class].map((count, index) => [classKey('request', index), count])),
    ...Object.fromEntries(
      [...client_class].map((count, index) => [classKey('client', index), count]),
    ),
  });

  const begin = () => {
    requests = errors = request_ms = client_ms = clients = 0;
    by_class.fill(0);
    client_class.fill(0);
    told = { ...total };
    returned = {};
  };

  return {
    request: (route, status, ms, code) => {
      if (uncounted.has(route)) return;
      requests += 1;
      request_ms += ms;
      if (status >= 500) errors += 1;
      const index = latencyClass(ms);
      by_class[index] = (by_class[index] ?? 0) + 1;
      if (code === 'slot_locked') total.locked += 1;
      else if (code === 'slot_taken') total.taken += 1;
      else if (status === 201 && hold_routes.has(route)) total.won += 1;
    },
    client: (ms) => {
      clients += 1;
      client_ms += ms;
      const index = latencyClass(ms);
      client_class[index] = (client_class[index] ?? 0) + 1;
    },
    take: () => {
      const counts = current();
      for (const [key, value] of Object.entries(returned)) counts[key] = (counts[key] ?? 0) + value;
      begin();
      return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0));
    },
    putBack: (counts) => {
      for (const [key, value] of Object.entries(counts)) {
        returned[key] = (returned[key] ?? 0) + value;
      }
    },
    tries: () => ({ ...total }),
  };
}
