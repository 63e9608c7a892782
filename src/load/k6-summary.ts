import type { Counts, Interruptions, Latency, RuleResult } from './report-types.ts';

/** Reads what k6 says at its end into our own words. */

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? { ...value } : {};

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

const round = (value: number, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits;

export type K6Result = {
  readonly counts: Counts;
  readonly interruptions: Omit<Interruptions, 'cut_requests'>;
  readonly latency_ms: Latency;
  readonly latency_by: Readonly<Record<string, Latency>>;
  readonly thresholds: readonly RuleResult[];
  readonly duration_ms: number;
};

function latencyOf(values: Fields): Latency {
  const at = (name: string) => round(numberOf(values[name]));
  return { p50: at('med'), p90: at('p(90)'), p95: at('p(95)'), p99: at('p(99)'), max: at('max') };
}

/** `count==1` on {count: 3}: what was measured, for people. */
function measured(rule: string, values: Fields): string {
  const [, name = ''] = /^\s*([\w().]+)\s*[<>=!]/.exec(rule) ?? [];
  const value = values[name];
  return typeof value === 'number' ? `${name} is ${round(value)}` : 'nothing was measured';
}

function rulesOf(metric: string, fields: Fields): readonly RuleResult[] {
  const values = fieldsOf(fields['values']);
  return Object.entries(fieldsOf(fields['thresholds'])).map(([rule, result]) => ({
    name: `${metric}: ${rule}`,
    passed: fieldsOf(result)['ok'] === true,
    detail: measured(rule, values),
  }));
}

/** Throws when the text is no summary: a run without figures proves nothing. */
export function readK6Summary(text: string): K6Result {
  const summary = fieldsOf(JSON.parse(text));
  const metrics = Object.entries(fieldsOf(summary['metrics']));
  if (metrics.length === 0) throw new Error('the summary of k6 holds no metrics');
  const valuesOf = (name: string) =>
    fieldsOf(fieldsOf(metrics.find(([metric]) => metric === name)?.[1])['values']);
  const count = (name: string) => numberOf(valuesOf(name)['count']);
  const by = metrics.flatMap(([metric, fields]) => {
    const [, tag] = /^http_req_duration\{(.+)\}$/.exec(metric) ?? [];
    const is_trend = tag !== undefined && !tag.startsWith('expected_response');
    return is_trend ? [[tag, latencyOf(fieldsOf(fieldsOf(fields)['values']))] as const] : [];
  });
  return {
    counts: {
      requests: count('http_reqs'),
      requests_per_second: round(numberOf(valuesOf('http_reqs')['rate']), 1),
      winners: count('winners'),
      seats_won: count('seats_won'),
      conflicts: count('conflicts'),
      replays: count('replays'),
      refused: count('refused'),
      confirmed: count('confirmed'),
      cancelled: count('cancelled'),
      moved: count('moved'),
      server_errors: count('server_errors'),
      dirty_answers: count('dirty_answers'),
      timeouts: count('timeouts'),
      dropped_iterations: count('dropped_iterations'),
    },
    interruptions: {
      interrupted: count('interrupted'),
      unavailable_answers: count('unavailable_answers'),
      unresolved: Math.max(0, count('cut_wishes') - count('resolved_wishes')),
    },
    latency_ms: latencyOf(valuesOf('http_req_duration')),
    latency_by: Object.fromEntries(by),
    thresholds: metrics.flatMap(([metric, fields]) => rulesOf(metric, fieldsOf(fields))),
    duration_ms: Math.round(numberOf(fieldsOf(summary['state'])['testRunDurationMs'])),
  };
}
