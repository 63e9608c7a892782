import { AppError } from '../domain/errors.ts';
import type { Problem } from './model.ts';

/** What went wrong, as data for the reducer. */
export function problemOf(error: unknown): Problem {
  if (error instanceof AppError) {
    return { code: error.code, detail: error.detail, facts: error.facts };
  }
  return {
    code: 'internal',
    detail: error instanceof Error ? error.message : String(error),
    facts: {},
  };
}
