/** What the console needs of load tests. The command line gives it: the console knows neither k6 nor PostgreSQL. */

export type LoadForm = 'short' | 'full';

/** Figures of a run under way; they come twice a second. */
export type LoadSample = {
  readonly elapsed_ms: number;
  readonly vus: number;
  readonly requests: number;
  readonly winners: number;
  readonly confirmed: number;
  readonly conflicts: number;
  readonly server_errors: number;
  readonly timeouts: number;
  readonly dirty_answers: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Of the last second alone. */
  readonly p95_now_ms: number;
};

export type LoadProgress = {
  readonly facts: {
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
  readonly samples: readonly LoadSample[];
};

/** A run that has ended, as its report tells it. */
export type LoadRun = {
  readonly run: number;
  readonly scenario: string;
  readonly form: LoadForm;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly vus: number;
  readonly host: string;
  readonly verdict: 'PASSED' | 'STOPPED' | 'FAILED';
  readonly double_bookings: number;
  readonly requests: number;
  readonly requests_per_second: number;
  readonly winners: number;
  readonly confirmed: number;
  readonly conflicts: number;
  readonly server_errors: number;
  readonly timeouts: number;
  readonly dirty_answers: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** What was missed: rule and measure, one line each. */
  readonly missed: readonly string[];
  /** How many rules were looked at. */
  readonly rules: number;
};

export type LoadScenario = {
  readonly name: string;
  readonly about: string;
  readonly sizes: Readonly<
    Record<LoadForm, { readonly vus: number; readonly rate: number; readonly seconds: number }>
  >;
};

export type LoadList = {
  /** Newest first. */
  readonly runs: readonly LoadRun[];
  readonly scenarios: readonly LoadScenario[];
  /** Null: there is no k6, and `how` says how to get one. */
  readonly k6: string | null;
  readonly how: string;
};

export type LoadMeasure = {
  readonly measure: string;
  readonly before: number;
  readonly after: number;
  /** Positive = worse; null where there is nothing to divide by. */
  readonly worse_percent: number | null;
  readonly passed: boolean;
};

export type LoadJob = {
  readonly subscribe: (listener: (progress: LoadProgress) => void) => void;
  /** Ends it early; what was measured so far becomes its report. */
  readonly stop: () => void;
  readonly done: Promise<LoadRun>;
};

export type LoadPort = {
  readonly list: () => Promise<LoadList>;
  readonly start: (scenario: string, form: LoadForm) => LoadJob;
  /** Writes the report for people beside the one for programs; answers where. */
  readonly export_report: (run: number) => Promise<string>;
  readonly compare: (before: number, after: number) => Promise<readonly LoadMeasure[]>;
};
