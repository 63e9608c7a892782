import fs from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openPane, type Pane } from '../helpers/tmux.ts';

/** A fault inside the console still gives the terminal back, and then says what was wrong. */

const root = path.resolve(import.meta.dirname, '../..');
/** Inside the project, because that is where the packages are found from. */
const built = path.join(root, 'node_modules', '.cache', `petpro-crash-test-${process.pid}`);
let pane: Pane | null = null;

beforeAll(async () => {
  const bundle = await rolldown({
    cwd: root,
    input: 'test/tui/crash-entry.tsx',
    platform: 'node',
    external: [/^[^./]/],
    transform: { target: 'node26', jsx: { runtime: 'automatic' } },
  });
  await bundle.write({ dir: built, format: 'esm' });
  await bundle.close();
});
afterEach(async () => {
  await pane?.close();
  pane = null;
});
afterAll(() => fs.rmSync(built, { recursive: true, force: true }));

async function open(kind: string): Promise<Pane> {
  const script = path.join(built, `${kind}.sh`);
  const entry = path.join(built, 'crash-entry.js');
  const lines = [
    'before=$(stty -g)',
    `"${process.execPath}" "${entry}" ${kind}`,
    'code=$?',
    'test "$before" = "$(stty -g)" && same=yes || same=no',
    'echo "EXIT $code SAME-TTY $same"',
    'exec sleep 600',
  ];
  fs.writeFileSync(script, lines.join('\n'));
  pane = await openPane({ columns: 80, rows: 24, command: `sh ${script}` });
  return pane;
}

it('restores the terminal after an exception, before the message', async () => {
  const shown = await open('fault');
  await shown.expect('Mochi');
  await shown.keys('C-r');
  const end = await shown.expect('EXIT 1 SAME-TTY yes');
  expect(end).toContain('The console ended because of a fault: ');
  expect(end).toContain('RangeError: Temporal error');
  // A stack is for those who ask for it.
  expect(end).not.toContain('    at ');
  expect(end).not.toContain('Siti Rahmawati');
  expect(await shown.ask('#{alternate_on} #{cursor_flag}')).toBe('0 1');
});

it('restores the terminal after an unhandled rejection', async () => {
  const shown = await open('rejection');
  await shown.expect('Mochi');
  await shown.keys('f');
  await shown.type('siti');
  const end = await shown.expect('EXIT 1 SAME-TTY yes');
  expect(end).toContain('lost');
  expect(await shown.ask('#{alternate_on} #{cursor_flag}')).toBe('0 1');
});
