import type { Sample } from './run-k6.ts';

/** Lines about a run under way: a panel that is painted in place, or one plain line now and then. */

export type ProgressFacts = {
  readonly run: number;
  readonly scenario: string;
  readonly vus: number;
  readonly slots: number;
  readonly host: string;
  /** Expected length. */
  readonly total_ms: number;
  /** From PostgreSQL while it runs; null = not looked yet. */
  readonly double_bookings: number | null;
};

const BAR = 30;
const SPARK = 28;
const levels = ' .:-=+*#';

const clock = (ms: number) => {
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
};

/** 18204 -> `18 204`. */
export const grouped = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');

/** The last values as a row of ASCII levels, the largest being `#`. */
export function sparkline(values: readonly number[], width = SPARK): string {
  const shown = values.slice(-width);
  const top = Math.max(...shown, 0);
  if (top === 0) return '';
  return shown
    .map((value) => levels.charAt(Math.ceil((value / top) * (levels.length - 1))))
    .join('');
}

/** Requests per second between neighbours. */
function rates(samples: readonly Sample[]): readonly number[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index];
    const ms = sample.elapsed_ms - (before?.elapsed_ms ?? 0);
    return ms <= 0 ? 0 : ((sample.requests - (before?.requests ?? 0)) / ms) * 1000;
  });
}

/** The panel of ux, figure B. */
export function panelLines(facts: ProgressFacts, samples: readonly Sample[]): readonly string[] {
  const now = samples.at(-1);
  if (!now) return [` LOAD run ${facts.run}  ${facts.scenario}  starting`];
  const share = Math.min(1, now.elapsed_ms / facts.total_ms);
  const filled = Math.round(share * BAR);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}`;
  const per_second = rates(samples);
  const { double_bookings } = facts;
  const is_clean = !double_bookings && now.server_errors === 0 && now.dirty_answers === 0;
  const slots = facts.slots === 1 ? '1 slot' : `${facts.slots} slots`;
  return [
    ` LOAD run ${facts.run}  ${facts.scenario}  ${now.vus} of ${facts.vus} users -> ${slots}` +
      `  target ${facts.host}  ${clock(now.elapsed_ms)} / ${clock(facts.total_ms)}`,
    ` [${bar}] ${String(Math.round(share * 100)).padStart(3)}%` +
      `   req ${grouped(now.requests)}   rps ${grouped(per_second.at(-1) ?? 0)}`,
    ` won ${now.winners}   paid ${now.confirmed}   409 conflict ${grouped(now.conflicts)}   5xx ${now.server_errors}` +
      `   timeouts ${now.timeouts}   dirty ${now.dirty_answers}`,
    ` DOUBLE BOOKINGS ${double_bookings ?? '?'}  ${is_clean ? 'PASS so far' : 'FAIL'}` +
      `     p50 ${Math.round(now.p50_ms)}ms  p95 ${Math.round(now.p95_ms)}ms` +
      `  p99 ${Math.round(now.p99_ms)}ms  max ${Math.round(now.max_ms)}ms`,
    ` p95  ${sparkline(samples.map((one) => one.p95_ms))}   rps  ${sparkline(per_second)}`,
    ' Ctrl-C stops it and keeps the report',
  ];
}

/** The same for logs and pipes. */
export function plainLine(facts: ProgressFacts, now: Sample): string {
  return (
    `load run ${facts.run} ${clock(now.elapsed_ms)}/${clock(facts.total_ms)}` +
    ` users ${now.vus} req ${now.requests} won ${now.winners} conflicts ${now.conflicts}` +
    ` 5xx ${now.server_errors} timeouts ${now.timeouts} dirty ${now.dirty_answers}` +
    ` p95 ${Math.round(now.p95_ms)}ms double bookings ${facts.double_bookings ?? '?'}`
  );
}

export type Painter = {
  readonly show: (facts: ProgressFacts, samples: readonly Sample[]) => void;
};

/** Elsewhere than on a terminal a line each 5 s. ux, watch/progress. */
const LINE_EVERY_MS = 5_000;

/** Repaints in place on a terminal, adds a line now and then elsewhere. */
export function makePainter(options: {
  readonly write: (text: string) => void;
  readonly in_place: boolean;
  readonly columns: () => number;
}): Painter {
  let painted = 0;
  let line_at_ms = Number.NEGATIVE_INFINITY;
  return {
    show: (facts, samples) => {
      const now = samples.at(-1);
      if (!options.in_place) {
        if (!now || now.elapsed_ms - line_at_ms < LINE_EVERY_MS) return;
        line_at_ms = now.elapsed_ms;
        options.write(`${plainLine(facts, now)}\n`);
        return;
      }
      const width = Math.max(20, options.columns() - 1);
      const lines = panelLines(facts, samples).map((line) => line.slice(0, width));
      const up = painted > 0 ? `\u001b[${painted}A` : '';
      // Each line is cleared to its end, so that a shorter picture leaves nothing of a longer one.
      options.write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
      painted = lines.length;
    },
  };
}
