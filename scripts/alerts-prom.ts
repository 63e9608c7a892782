import type { AlertName } from '../src/domain/alerts.ts';
import { ALERT_PAYMENTS_MIN, ALERT_REQUESTS_MIN } from '../src/domain/alerts.ts';

/** How Prometheus measures what the daemon's alerts look at, and series that the rules are tried with. */

type Series = readonly (readonly [series: string, values: string])[];

export type Query = {
  /** In the unit of the alert; the threshold is put behind it. */
  readonly value: string;
  /** Without this there is too little to judge by. */
  readonly enough?: string;
  /** A sample every minute, half an hour long: with these it fires, with the others it does not. */
  readonly bad: Series;
  readonly good: Series;
};

const counted = '{route!~"/healthz|/readyz|/metrics"}';
const requests = `petpro_http_request_duration_seconds_count${counted}`;
const failed = requests.replace('{', '{status=~"5..",');
const buckets = `petpro_http_request_duration_seconds_bucket${counted}`;
const payments = 'sum(max by (result) (increase(petpro_payments_total[15m])))';
const tries = 'petpro_hold_tries_total';
const per_100 = (part: string, whole: string) =>
  `100 * sum(rate(${part}[5m])) / sum(rate(${whole}[5m]))`;
const enough = (what: string, least: number) => `sum(increase(${what}[5m])) >= ${least}`;

const request = (status: number) =>
  `petpro_http_request_duration_seconds_count{route="/v1/clinics",method="GET",status="${status}"}`;
const bucket = (le: string) =>
  `petpro_http_request_duration_seconds_bucket{route="/v1/clinics",method="GET",status="200",le="${le}"}`;
const gauge = (series: string, bad: string, good: string) =>
  ({ bad: [[series, bad]], good: [[series, good]] }) as const;

/** Null: only the daemon knows. */
export const queries: Readonly<Record<AlertName, Query | null>> = {
  error_rate: {
    value: per_100(failed, requests),
    enough: enough(requests, ALERT_REQUESTS_MIN),
    bad: [
      [request(200), '0+90x30'],
      [request(503), '0+10x30'],
    ],
    good: [
      [request(200), '0+99x30'],
      [request(503), '0+1x30'],
    ],
  },
  latency_p95: {
    value: `1000 * histogram_quantile(0.95, sum by (le) (rate(${buckets}[5m])))`,
    enough: enough(requests, ALERT_REQUESTS_MIN),
    bad: [
      [request(200), '0+60x30'],
      [bucket('2'), '0+30x30'],
      [bucket('5'), '0+60x30'],
      [bucket('+Inf'), '0+60x30'],
    ],
    good: [
      [request(200), '0+60x30'],
      [bucket('2'), '0+60x30'],
      [bucket('5'), '0+60x30'],
      [bucket('+Inf'), '0+60x30'],
    ],
  },
  lock_contention: {
    value: per_100(`${tries}{outcome="locked"}`, tries),
    enough: enough(tries, ALERT_REQUESTS_MIN),
    bad: [
      [`${tries}{outcome="won"}`, '0+10x30'],
      [`${tries}{outcome="locked"}`, '0+30x30'],
    ],
    good: [
      [`${tries}{outcome="won"}`, '0+30x30'],
      [`${tries}{outcome="locked"}`, '0+10x30'],
    ],
  },
  inventory_mismatch: {
    value: 'max(petpro_inventory_mismatches{kind=~"invariant[.].*"})',
    ...gauge('petpro_inventory_mismatches{kind="invariant.paid"}', '1x30', '0x30'),
  },
  failed_payments: {
    // Every daemon tells of all payments: the largest counts, not the sum.
    value: `100 * max(increase(petpro_payments_total{result="failed"}[15m])) / ${payments}`,
    enough: `${payments} >= ${ALERT_PAYMENTS_MIN}`,
    bad: [
      ['petpro_payments_total{result="ok",instance="a"}', '0+4x30'],
      ['petpro_payments_total{result="ok",instance="b"}', '0+4x30'],
      ['petpro_payments_total{result="failed",instance="a"}', '0+1x30'],
      ['petpro_payments_total{result="failed",instance="b"}', '0+1x30'],
    ],
    good: [
      ['petpro_payments_total{result="ok",instance="a"}', '0+20x30'],
      ['petpro_payments_total{result="failed",instance="a"}', '0+1x30'],
    ],
  },
  locks_leaked: {
    value: 'max(petpro_inventory_mismatches{kind="lock.leaked"})',
    ...gauge('petpro_inventory_mismatches{kind="lock.leaked"}', '2x30', '0x30'),
  },
  events_dead: { value: 'max(petpro_outbox_dead)', ...gauge('petpro_outbox_dead', '1x30', '0x30') },
  messages_dead: {
    value: 'sum(max by (queue) (petpro_queue_jobs{queue!="outbox",state="dead"}))',
    bad: [
      ['petpro_queue_jobs{queue="email",state="dead",instance="a"}', '8x30'],
      ['petpro_queue_jobs{queue="sms",state="dead",instance="a"}', '4x30'],
    ],
    good: [
      ['petpro_queue_jobs{queue="email",state="dead",instance="a"}', '8x30'],
      ['petpro_queue_jobs{queue="email",state="dead",instance="b"}', '8x30'],
    ],
  },
  relay_lag: {
    value: 'max(petpro_outbox_lag_seconds)',
    ...gauge('petpro_outbox_lag_seconds', '0+20x30', '3x30'),
  },
  backup_age: {
    value: 'max(petpro_backup_age_seconds) / 3600',
    ...gauge('petpro_backup_age_seconds', '100000x30', '3600x30'),
  },
  certificate: {
    value: 'min(petpro_certificate_days)',
    ...gauge('petpro_certificate_days', '3x30', '60x30'),
  },
  disk: {
    value: 'max(petpro_disk_used_percent)',
    ...gauge('petpro_disk_used_percent', '97x30', '40x30'),
  },
  test: null,
};
