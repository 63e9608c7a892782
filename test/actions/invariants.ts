import type { Sql } from 'postgres';
import { expect } from 'vitest';
import { runInvariants } from '../../src/daemon/store/invariants.ts';

/** Every invariant of sql/invariants.sql holds; the message names those that do not. */
export async function expectInvariants(sql: Sql): Promise<void> {
  const broken = (await runInvariants(sql)).filter(({ rows }) => rows > 0);
  expect(broken).toEqual([]);
}
