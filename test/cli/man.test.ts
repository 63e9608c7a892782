import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pages } from '../../scripts/man.ts';
import { tree } from '../../src/commands/tree.ts';
import { problems } from '../../src/domain/errors.ts';

// Man pages are drawn from the tree, and read here by the programs that people read them with.

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'petpro-man-'));
const made = pages('2026-11-20');
const shown = tree.filter((spec) => spec.hidden !== true);

beforeAll(() => {
  for (const { file, text } of made) writeFileSync(path.join(folder, file), text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The page as a terminal shows it, without the overstrikes that make letters bold. */
async function read(file: string): Promise<string> {
  const env = { ...process.env, MANWIDTH: '80', MANPAGER: 'cat', LC_ALL: 'C.UTF-8' };
  const { stdout } = await run('man', ['-l', path.join(folder, file)], { env, timeout: 30_000 });
  return stdout.split('\b').reduce((text, rest) => text.slice(0, -1) + rest);
}

test('every command has one', () => {
  expect(made.map(({ file }) => file)).toEqual([
    'petpro.1',
    ...shown.map((spec) => `petpro-${spec.path.replaceAll(' ', '-')}.1`),
  ]);
});

test('groff finds nothing to warn of', async () => {
  const files = made.map(({ file }) => path.join(folder, file));
  const { stderr } = await run('groff', ['-man', '-Tascii', '-ww', '-z', ...files], {
    timeout: 60_000,
  });
  expect(stderr).toBe('');
});

test('a page shows examples, flags and exit codes', async () => {
  const page = await read('petpro-cancel.1');
  expect(page).toContain('petpro cancel [options] <reference>');
  expect(page).toContain('petpro cancel BP10000127 --reason owner-request --dry-run');
  expect(page).toMatch(/--idempotency-key <key>/);
  expect(page.indexOf('EXAMPLES')).toBeLessThan(page.indexOf('OPTIONS'));
  expect(page).toContain('0, 1, 2, 3, 4, 5, 6, 9, 11, 130');
});

test('petpro.1 tells every command, setting and failure', async () => {
  const page = await read('petpro.1');
  for (const spec of shown) expect(page).toContain(`petpro-${spec.path.replaceAll(' ', '-')}(1)`);
  for (const code of Object.keys(problems)) expect(page).toContain(code);
  expect(page).toContain('PETPRO_URL');
});

test('the package takes them along', () => {
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  expect(manifest.files).toContain('share');
  expect(manifest.directories.man).toBe('share/man/man1');
  expect(manifest.scripts.prepack).toContain('npm run -s man');
});
