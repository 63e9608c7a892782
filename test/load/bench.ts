import { expect } from 'vitest';
import type { Envelope } from '../../src/commands/output.ts';
import { findK6, type K6 } from '../../src/load/find-k6.ts';
import { rulesOf } from '../../src/load/render.ts';
import type { LoadReport } from '../../src/load/report-types.ts';
import { type CliResult, cli } from '../cli/harness.ts';
import { type Harness, startHarness } from '../http/harness.ts';

/** A daemon with everything around it, and `petpro load` pointed at it. Runs the real k6 where it can be had. */

export type LoadBench = {
  readonly harness: Harness;
  /** Null = it cannot be had here; then every run must say so. */
  readonly k6: K6 | null;
  readonly load: (...words: readonly string[]) => Promise<CliResult>;
};

export async function startLoadBench(): Promise<LoadBench> {
  const harness = await startHarness();
  const { PETPRO_HOME = '', DATABASE_URL = '', STRIPE_API_BASE = '' } = harness.env;
  const env = {
    PATH: process.env['PATH'] ?? '',
    PETPRO_HOME,
    DATABASE_URL,
    STRIPE_API_BASE,
    PETPRO_URL: harness.daemon.url,
  };
  return {
    harness,
    k6: await findK6(env),
    load: async (...words) => await cli(['load', ...words], { env }),
  };
}

/** The first item of the JSON document on stdout. */
export function itemOf<T>({ out, err }: CliResult): T {
  const document: Envelope & { readonly items: readonly T[] } = JSON.parse(out || '{"items":[]}');
  const [item] = document.items;
  if (item === undefined) throw new Error(`no item on stdout; stderr: ${err}`);
  return item;
}

/** Without k6 there is no run and no pretence of one. */
export function expectNoK6(result: CliResult): void {
  expect(result.code).toBe(11);
  expect(result.err).toContain('The load generator k6 was not found');
  expect(result.out).toContain('"code":"unavailable"');
}

/**
 * What failed, apart from answer times: a machine that is busy with other tests may be slow, but it may never be
 * wrong.
 */
export function wrongs(report: LoadReport): readonly string[] {
  return rulesOf(report)
    .filter(({ name, passed }) => !passed && !/duration|time_to_confirm|dropped/.test(name))
    .map(({ name, detail }) => `${name}: ${detail}`);
}
