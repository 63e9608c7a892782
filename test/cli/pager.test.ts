import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tree } from '../../src/commands/tree.ts';
import { openPane, type Pane } from '../helpers/tmux.ts';
import { cli } from './harness.ts';

// Long answers on a terminal go through a pager: a real one in a real terminal.

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'petpro-pager-'));
const marker = path.join(folder, 'paged');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A pager that leaves what it was given in a file. */
function program(name: string, body: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}
const last_path = tree.filter((spec) => spec.hidden !== true).at(-1)?.path ?? '';
const keeps = program('keeps', `cat > ${marker}; echo "LESS=$LESS" >> ${marker}; echo was-paged`);
const leaves = program('leaves', 'exit 0');

async function open(words: string, env: Readonly<Record<string, string>>): Promise<Pane> {
  const line = `"${process.execPath}" "${path.join(root, 'src/main.ts')}" ${words}; echo ended $?; read -r _`;
  return await openPane({
    columns: 80,
    rows: 24,
    command: line,
    env: { PETPRO_HOME: folder, PETPRO_PAGER: '', PAGER: '', LESS: '', ...env },
  });
}

test('less shows the beginning, q leaves it on the screen, and the exit code is the command’s', async () => {
  const pane = await open('commands', {});
  try {
    const first = await pane.expect(/^COMMAND [\s\S]*\n:$/m);
    expect(first).toContain('today');
    await pane.keys('C-c');
    await pane.type('q');
    const last = await pane.expect('ended 0');
    expect(last).toContain('today');
  } finally {
    await pane.close();
  }
});

test('PETPRO_PAGER goes before PAGER and is given LESS=FRX', async () => {
  const pane = await open('help roles', { PETPRO_PAGER: keeps, PAGER: leaves });
  try {
    await pane.expect('ended 0');
    const paged = readFileSync(marker, 'utf8');
    expect(paged).toContain('Roles: customer');
    expect(paged).toContain('LESS=FRX');
  } finally {
    await pane.close();
  }
});

test('one that is missing, or leaves at once, is no failure', async () => {
  const missing = await open('commands', { PAGER: '/nonexistent/pager' });
  try {
    expect(await missing.expect('ended 0')).toContain(last_path);
  } finally {
    await missing.close();
  }
  const early = await open('--help', { PAGER: leaves });
  try {
    expect(await early.expect('ended 0')).not.toContain('Usage');
  } finally {
    await early.close();
  }
});

test('--no-pager, a short answer and a pipe need none', async () => {
  for (const words of ['commands --no-pager', '--help --no-pager', '--version', 'commands | cat']) {
    const pane = await open(words, { PETPRO_PAGER: keeps });
    try {
      const seen = await pane.expect('ended 0');
      expect({ words, seen }).not.toMatchObject({ seen: expect.stringContaining('was-paged') });
    } finally {
      await pane.close();
    }
  }
});

test('what is said beside a long list stays in its place', async () => {
  const { out, err } = await cli(['commands', '--limit', '2'], { terminal: 80 });
  expect(out.split('\n')).toHaveLength(4);
  expect(err).toContain('More: --cursor o2');
});
