import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram } from '../../src/commands/cli.ts';
import { complete } from '../../src/commands/complete.ts';
import type { Io } from '../../src/commands/io.ts';
import { tree } from '../../src/commands/tree.ts';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { openPane, type Pane } from '../helpers/tmux.ts';
import { startHarness } from '../http/harness.ts';
import { cli } from './harness.ts';

// The Tab key: the program's answers in this process, then a real bash in a real terminal against a real daemon.

/** For what needs no daemon: a program is built once, not for each word. */
const silent: Io = {
  out: () => {},
  out_bytes: () => {},
  err: () => {},
  is_tty: false,
  is_err_tty: false,
  can_ask: false,
  columns: () => 80,
  rows: () => 24,
  env: { PETPRO_HOME: '/nonexistent/petpro', XDG_CACHE_HOME: '/nonexistent/cache' },
  ask: async () => null,
  askHidden: async () => null,
  readInput: async () => '',
  trapSignals: () => new AbortController().signal,
  duringPager: async (work) => await work(),
};

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const harness = await startHarness();
const folder = mkdtempSync(path.join(os.tmpdir(), 'petpro-tab-'));
const env = {
  PETPRO_HOME: folder,
  XDG_CACHE_HOME: path.join(folder, 'cache'),
  XDG_DATA_HOME: path.join(folder, 'data'),
  // These tests are about what is answered; a busy machine must not decide.
  PETPRO_COMPLETE_TIMEOUT: '5s',
};
let reference = '';

function writeDemo(url: string, clinic_id: string, tokens: Readonly<Record<string, string>>) {
  const demo = { url, clinic_id, tokens };
  writeFileSync(path.join(folder, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
}

let clinic_id = '';
const keys = makeApiKeys();

beforeAll(async () => {
  ({ clinic_id } = await seedDatabase(harness.sql, { seed: 42, keys }));
  writeDemo(harness.daemon.url, clinic_id, keys);
  const { out } = await cli(['bookings', 'list', '--from', 'today', '-o', 'name'], { env });
  reference = out.split('\n')[0] ?? '';
  const petpro = path.join(folder, 'petpro');
  const entry = path.join(root, 'src/main.ts');
  writeFileSync(petpro, `#!/bin/sh\nexec "${process.execPath}" "${entry}" "$@"\n`);
  chmodSync(petpro, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The words that the Tab key offers after these. */
async function offered(words: readonly string[]): Promise<readonly string[]> {
  const { out, err, code } = await cli(['__complete', ...words], { env });
  expect({ err, code }).toEqual({ err: '', code: 0 });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t')[0] ?? '');
}

describe('what the tree knows', () => {
  test('first words, words after them, and none that are hidden', async () => {
    const first = await offered(['']);
    expect(first).toContain('today');
    expect(first).not.toContain('supervise');
    expect(await offered(['slots', 'l'])).toEqual(['list']);
    expect(await offered(['schedule', 'exception', ''])).toEqual(['add', 'list', 'rm']);
    expect(await offered(['-q', '--tz', 'UTC', 'slots', 'lis'])).toEqual(['list']);
  });

  test('every command can be reached by the Tab key alone', async () => {
    const said: string[] = [];
    const io = { ...silent, out: (text: string) => said.push(text) };
    const program = buildProgram(silent, async () => {});
    for (const spec of tree.filter((one) => one.hidden !== true)) {
      const words = spec.path.split(' ');
      for (const [index, word] of words.entries()) {
        said.length = 0;
        await complete(program, [...words.slice(0, index), word], io);
        expect(said.map((line) => line.split('\t')[0])).toContain(word);
      }
      said.length = 0;
      await complete(program, [...words, '--quie'], io);
      expect(said.join('')).toContain('--quiet\t');
    }
  });

  test('each says what it is, in one line', async () => {
    const { out } = await cli(['__complete', 'check-']);
    expect(out).toBe('check-in\tThe owner has arrived, or a ticket comes in: once\n');
  });

  test.each([
    [['today', '--out'], ['--output']],
    [['today', '--date', 'fri', '--dat'], []],
    [
      ['today', '-o', 'j'],
      ['json', 'jsonl'],
    ],
    [
      ['today', '--output=j'],
      ['--output=json', '--output=jsonl'],
    ],
    [
      ['services', 'approval', 'checkup', ''],
      ['on', 'off'],
    ],
    [['import', 'owners', ''], [':files']],
    [['export', 'all', '--to', ''], [':folders']],
    [['help', 'exit'], ['exit-codes']],
    [
      ['slots', 'list', '--date', 'to'],
      ['today', 'tomorrow'],
    ],
    [['completions', 'z'], ['zsh']],
    [['slots', 'list', '--tz', 'Asia/Jakar'], ['Asia/Jakarta']],
    [['nonsense', ''], []],
  ])('%j', async (words, wanted) => {
    expect(await offered(words)).toEqual(wanted);
  });
});

describe('what the daemon knows', () => {
  test('references, with the visit they stand for', async () => {
    expect(reference).toMatch(/^BP\d{8}$/);
    const { out } = await cli(['__complete', 'cancel', reference.slice(0, 9)], { env });
    expect(out).toMatch(new RegExp(`^${reference}\\t\\d{4}-\\d\\d-\\d\\d`, 'm'));
    expect(await offered(['payments', 'list', '--booking', reference])).toEqual([reference]);
  });

  test('clinics, vets, services, locks, views and queues', async () => {
    expect(await offered(['today', '--clinic', ''])).toContain('BSD');
    expect((await offered(['today', '--vet', ''])).length).toBeGreaterThan(1);
    expect((await offered(['book', '--service', 'che']))[0]).toMatch(/^Checkup/);
    expect((await offered(['locks', 'inspect', '']))[0]).toMatch(/^hold:/);
    expect(await offered(['views', 'refresh', 'upco'])).toEqual(['upcoming_bookings_view']);
    expect(await offered(['jobs', 'show', ''])).toContain('outbox');
  });

  test('another clinic in the line is another answer', async () => {
    const here = await offered(['slots', 'list', '--vet', '']);
    const there = await offered(['slots', 'list', '--clinic', 'GLM', '--vet', '']);
    expect(there).not.toEqual(here);
  });

  test('is kept for its person alone, answers while the daemon is away, and else is silent', async () => {
    const cache = path.join(env.XDG_CACHE_HOME, 'petpro/complete');
    const before = await offered(['views', 'refresh', '']);
    const files = readdirSync(cache);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(statSync(path.join(cache, file)).mode & 0o777).toBe(0o600);
    expect(
      files.map((file) => readFileSync(path.join(cache, file), 'utf8')).join(''),
    ).not.toContain(keys.desk);
    writeDemo('http://127.0.0.1:9', clinic_id, keys);
    try {
      expect(await offered(['views', 'refresh', ''])).toEqual(before);
      expect(await offered(['reviews', 'approve', ''])).toEqual([]);
    } finally {
      writeDemo(harness.daemon.url, clinic_id, keys);
    }
  });
});

describe('in bash', () => {
  const script = path.join(root, 'share/completions/petpro.bash');

  async function openBash(): Promise<Pane> {
    const variables = Object.entries({ ...env, PATH: `${folder}:${process.env['PATH']}` });
    const pane = await openPane({
      columns: 100,
      rows: 30,
      command: 'bash --norc --noprofile -i',
      env: Object.fromEntries(variables),
    });
    await pane.expect(/bash-[\d.]+[$#]/);
    await pane.type(`source ${script}; clear; echo sourced`);
    await pane.keys('Enter');
    await pane.expect(/^sourced/m);
    return pane;
  }

  test('Tab finishes words, values after =, references and names with spaces', async () => {
    const pane = await openBash();
    try {
      await pane.type('petpro check-');
      await pane.keys('Tab');
      await pane.expect(/petpro check-in$/m);
      await pane.type(reference.slice(0, 9));
      await pane.keys('Tab');
      await pane.expect(`petpro check-in ${reference}`);
      await pane.keys('C-u');
      await pane.type('petpro today --output=wi');
      await pane.keys('Tab');
      await pane.expect('petpro today --output=wide');
      await pane.keys('C-u');
      await pane.type('petpro book --service Perawatan');
      await pane.keys('Tab');
      await pane.expect('--service Perawatan\\ gigi');
    } finally {
      await pane.close();
    }
  });

  test('a second Tab lists them with what they mean', async () => {
    const pane = await openBash();
    try {
      await pane.type('petpro slots ');
      await pane.keys('Tab');
      await pane.keys('Tab');
      const seen = await pane.expect(/^explain +Why a slot is not open/m);
      expect(seen).toMatch(/^list +Open slots of a service/m);
      await pane.expect(/petpro slots$/m);
    } finally {
      await pane.close();
    }
  });
});

describe('petpro completions', () => {
  test.each(['bash', 'zsh', 'fish', 'pwsh'])('%s prints its script', async (shell) => {
    const { out, code } = await cli(['completions', shell], { env });
    expect(code).toBe(0);
    expect(out).toContain('__complete');
  });

  test('scripts are ones that their shell can read, where there is one', async () => {
    for (const [shell, file] of [
      ['bash', 'petpro.bash'],
      ['zsh', 'petpro.zsh'],
      ['fish', 'petpro.fish'],
    ] as const) {
      const script = path.join(root, 'share/completions', file);
      const done = run(shell, ['-n', script], { timeout: 10_000 });
      // Only bash is everywhere; of the others a missing one is the only failure that is none.
      const missing = (error: NodeJS.ErrnoException) => {
        if (shell !== 'bash' && error.code === 'ENOENT') return { stderr: '' };
        throw error;
      };
      expect((await done.catch(missing)).stderr).toBe('');
    }
  });

  test('--install puts it where the shell looks, --remove takes it away', async () => {
    const file = path.join(env.XDG_DATA_HOME, 'bash-completion/completions/petpro');
    const installed = await cli(['completions', 'bash', '--install'], { env });
    expect(installed).toMatchObject({ code: 0, err: expect.stringContaining('next: ') });
    expect(readFileSync(file, 'utf8')).toContain('complete -o nosort -F _petpro petpro');
    const removed = await cli(['completions', 'bash', '--remove', '--json'], { env });
    expect(JSON.parse(removed.out).items[0]).toMatchObject({ state: 'removed', file });
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  test('an unknown shell is exit 2 and names those that there are', async () => {
    const { code, err } = await cli(['completions', 'tcsh']);
    expect(code).toBe(2);
    expect(err).toContain('bash, zsh, fish, pwsh');
  });
});
