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

test('the young heap of a console that stands does not grow', async () => {
  const left_alone = await youngHeap('');
  const settled = await youngHeap('settleHeap(0);');
  expect(left_alone).toBeGreaterThan(30);
  expect(settled).toBeLessThan(left_alone / 2);
}, 120_000);
