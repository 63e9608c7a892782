import type { Sql } from 'postgres';
import type { App } from '../../src/daemon/app-types.ts';
import { fanOutEvents, sequenceEvents } from '../../src/daemon/store/outbox.ts';
import { createAlerter } from '../../src/daemon/workers/alerts.ts';
import { createTeller } from '../../src/daemon/workers/kpis.ts';

/** Figures and alerts driven by hand: no clock, no interval. */

const never = new AbortController().signal;
const BATCH = 500;

export type Scene = {
  /** What every daemon does every ten seconds. */
  readonly tell: () => Promise<void>;
  /** Publishes, counts and judges, as if the last time was long ago. */
  readonly look: () => Promise<void>;
};

export function openScene(app: App): Scene {
  const { sql } = app;
  const teller = createTeller();
  const alerter = createAlerter();
  const tell = async () => {
    await teller.tick(app, never);
  };
  return {
    tell,
    look: async () => {
      while ((await sequenceEvents(sql, BATCH)) > 0);
      while ((await fanOutEvents(sql, BATCH)).length > 0);
      await tell();
      await sql`update kpi_state set looked_at = null, counted_at = counted_at - interval '1 hour'`;
      await alerter.tick(app, never);
    },
  };
}

/** Moves everything that alerts remember that far into the past. */
export async function passTime(sql: Sql, seconds: number): Promise<void> {
  const past = sql`${seconds}::integer * interval '1 second'`;
  await sql`update alerts set over_since = over_since - ${past}, well_since = well_since - ${past}`;
}

/** Puts counts into this minute, as a daemon would. */
export async function plant(sql: Sql, counts: Readonly<Record<string, number>>): Promise<void> {
  await sql`select put_counts(date_trunc('minute', now()), 'planted', ${sql.json(counts)})`;
}

/** As if nothing had been counted. */
export async function forget(sql: Sql): Promise<void> {
  await sql`delete from kpi_samples`;
}
