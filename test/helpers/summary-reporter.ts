import type { Reporter, TestModule } from 'vitest/node';

type Counts = { passed: number; failed: number; skipped: number };

function count(modules: readonly TestModule[], unhandled_errors: number): Counts {
  const counts: Counts = { passed: 0, failed: unhandled_errors, skipped: 0 };
  for (const module of modules) {
    // A file that could not be loaded, or whose hooks failed, holds no failed test: count it itself.
    let failed_tests = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'failed') failed_tests += 1;
      // A test that never ran (an earlier hook died) proves nothing.
      if (state === 'passed') counts.passed += 1;
      else if (state === 'skipped' || state === 'pending') counts.skipped += 1;
    }
    counts.failed += module.state() === 'failed' ? Math.max(failed_tests, 1) : failed_tests;
  }
  return counts;
}

/** Prints `N passed, N failed` (and skipped ones) as the very last line: CI reads it. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled_errors: readonly unknown[]): void {
    const { passed, failed, skipped } = count(modules, unhandled_errors.length);
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    // On exit, so that nothing that another reporter still prints comes after it.
    process.once('exit', () => {
      process.stdout.write(`\n${passed} passed, ${failed} failed${tail}\n`);
    });
  }
}
