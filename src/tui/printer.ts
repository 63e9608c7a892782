import { execFile } from 'node:child_process';
import { AppError } from '../domain/errors.ts';

/** Paper, by way of `lp`, which every system with printers has. */

/** `lp` only hands the job to the queue; longer means that the queue does not answer. */
const PRINT_MS = 10_000;

/** Prints a text on this machine's default printer. Fails with what the printing system says. */
export async function printText(title: string, text: string): Promise<void> {
  const done = Promise.withResolvers<void>();
  const child = execFile('lp', ['-t', title], { timeout: PRINT_MS }, (error, _out, err) => {
    if (error === null) return done.resolve();
    const is_absent = 'code' in error && error.code === 'ENOENT';
    const said = is_absent ? 'lp is not installed here.' : err.trim() || error.message;
    done.reject(new AppError('unavailable', said, {}, { cause: error }));
  });
  // A printing system that ends at once leaves nobody to write to; its exit says why.
  child.stdin?.on('error', () => {});
  child.stdin?.end(`${text}\n`);
  await done.promise;
}
