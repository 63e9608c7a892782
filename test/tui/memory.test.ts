import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const file = path.resolve(import.meta.dirname, '../../src/tui/memory.ts');

/** The young heap of a process of its own that keeps many small things for a while. */
async function youngHeap(prepare: string): Promise<number> {
  const script = `
    import v8 from 'node:v8';
    import { settleHeap } from ${JSON.stringify(file)};
    ${prepare}
    let kept = [];
    let largest = 0;
    for (let i = 0; i < 4_000_000; i += 1) {
      kept.push({ i, more: [i] });
      if (kept.length > 60_000) kept = [];
      if (i % 100_000 === 0) {
        const young = v8.getHeapSpaceStatistics().find((one) => one.space_name === 'new_space');
        largest = Math.max(largest, young.space_size);
        await new Promise(setImmediate);
      }
    }
    console.log(largest);`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await run(process.execPath, args, { timeout: 60_000 });
  return Number(stdout) / 1_048_576;
}

// How far the heap grows when left alone is V8's mood (12 to 64 MB for the same program), so only the
// bound is held here; what it gains is measured by bench/tui (docs/performance.md).
test('the young heap of a console that stands stays far below what V8 may take', async () => {
  const settled = await youngHeap('settleHeap(0);');
  expect(settled).toBeGreaterThan(0);
  expect(settled).toBeLessThan(40);
}, 120_000);

test('a console that closes before it stands leaves the heap alone', async () => {
  // A clock of its own, so that nothing waits: timers are kept and rung by hand.
  const script = `
    import v8 from 'node:v8';
    import { settleHeap } from ${JSON.stringify(file)};
    let flags = 0;
    v8.setFlagsFromString = () => { flags += 1; };
    const timers = new Set();
    globalThis['setTime' + 'out'] = (ring) => {
      const timer = { ring, unref() {} };
      timers.add(timer);
      return timer;
    };
    globalThis.clearTimeout = (timer) => timers.delete(timer);
    const ringAll = () => { for (const timer of timers) timer.ring(); };
    settleHeap()();
    ringAll();
    const cancelled = flags;
    settleHeap();
    ringAll();
    console.log(cancelled, flags);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout.trim()).toBe('0 1');
});
