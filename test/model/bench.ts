import { afterAll } from 'vitest';
import { createTestDatabase } from '../helpers/database.ts';
import { modelParts } from './parts.ts';
import type { RunParts } from './run.ts';

/** The SQL functions on a database of their own, and everything around them. */
export async function openModelBench(): Promise<Omit<RunParts, 'count'>> {
  const { sql, url } = await createTestDatabase({ max: 2 });
  const { parts, close } = modelParts(sql, url);
  afterAll(close);
  return parts;
}
