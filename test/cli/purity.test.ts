import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { watchOf } from '../../src/commands/output-flags.ts';
import type { CommandSpec } from '../../src/commands/spec.ts';
import { tree } from '../../src/commands/tree.ts';
import { makeApiKeys, seedDatabase } from '../../src/sandbox/seed.ts';
import { startHarness } from '../http/harness.ts';
import { cli } from './harness.ts';

// stdout is for data: with --json one document, whatever happens; and nobody is asked where nobody is.

const harness = await startHarness();
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-pure-'));
/** Nothing of the person who runs the tests, and everything that is written goes in there. */
const own = {
  XDG_CONFIG_HOME: path.join(home, 'config'),
  XDG_STATE_HOME: path.join(home, 'state'),
  XDG_CACHE_HOME: path.join(home, 'cache'),
  XDG_DATA_HOME: path.join(home, 'data'),
};
const children: ChildProcess[] = [];

beforeAll(async () => {
  const keys = makeApiKeys();
  const { clinic_id } = await seedDatabase(harness.sql, { seed: 42, keys });
  const demo = { url: harness.daemon.url, clinic_id, tokens: keys };
  fs.writeFileSync(path.join(home, 'demo.json'), JSON.stringify(demo), { mode: 0o600 });
});
afterAll(() => fs.rmSync(home, { recursive: true, force: true }));
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Streams, servers, whole machines of their own, and what hands the terminal to somebody else. */
const no_document = /^(serve|tui|desk|demo .*|events tail|load (run|setup|chaos)|race.*|help)$/;
const documents = tree.filter(
  (spec) => spec.hidden !== true && !no_document.test(spec.path) && spec.owns_signals !== true,
);

/** A line that the parser takes: something for every argument and every flag that must be there. */
function lineOf(spec: CommandSpec): readonly string[] {
  const wanted = (spec.args ?? []).filter(({ name }) => name.startsWith('<'));
  const flags = (spec.options ?? []).filter(({ required }) => required === true);
  return [
    ...spec.path.split(' '),
    ...wanted.map(() => path.join(home, 'nothing')),
    ...flags.flatMap((option) => {
      const flag = /--[\w-]+/.exec(option.flags)?.[0] ?? '';
      const takes_value = /[<[]/.test(option.flags);
      return takes_value ? [flag, option.choices?.[0] ?? path.join(home, 'nothing')] : [flag];
    }),
    '--json',
    '--timeout',
    '5s',
  ];
}

/** One document, and on failure its exit code is the process's. */
function expectDocument(words: readonly string[], out: string, code: number): void {
  const lines = out.split('\n').filter((line) => line !== '');
  expect({ words, lines: lines.length }).toEqual({ words, lines: 1 });
  const document = JSON.parse(lines[0] ?? '');
  expect(document.api_version).toBe('petpro/v1');
  if (document.error !== null) expect(document.error.exit).toBe(code);
  else expect({ words, kind: document.kind }).not.toMatchObject({ kind: 'Error' });
}

describe('one document on stdout', () => {
  test.each(documents.map((spec) => [spec.path, spec] as const))('%s', async (_, spec) => {
    const words = lineOf(spec);
    const alone = await cli(words, { env: { ...own, PETPRO_URL: 'http://127.0.0.1:9' } });
    expectDocument(words, alone.out, alone.code);
    const { out, err, code } = await cli(words, { env: { ...own, PETPRO_HOME: home } });
    expectDocument(words, out, code);
    // Without a terminal nobody is asked, and a question is answered with the flag that says yes.
    expect(`${alone.err}${err}`).not.toMatch(/\[y\/N\]|Do it\?/);
    if (JSON.parse(out).error?.code === 'input_needed') {
      expect(code).toBe(2);
      expect(err).toMatch(/--[a-z]|next: petpro [a-z]/);
    }
  });
});

describe('where nobody can be asked', () => {
  test('what would ask is exit 2, changes nothing, and names the flag that answers', async () => {
    const env = { ...own, PETPRO_HOME: home };
    const { out } = await cli(['bookings', 'list', '--status', 'confirmed', '-o', 'name'], { env });
    const [reference = ''] = out.split('\n');
    const lines: readonly (readonly [line: string, flag: string])[] = [
      [`cancel ${reference}`, '--yes'],
      ['reminders run', '--yes'],
      ['deliveries pause email', '--reason'],
      ['retention run', '--reason'],
      ['reconcile run --fix', '--dry-run'],
      ['config edit', 'petpro config set'],
    ];
    for (const [line, flag] of lines) {
      const { code, err } = await cli(line.split(' '), { env });
      expect({ line, code }).toEqual({ line, code: 2 });
      expect(err).toContain('error[INPUT_NEEDED]');
      expect({ line, next: /^next: (.*)$/m.exec(err)?.[1] }).toMatchObject({
        next: expect.stringContaining(flag),
      });
      // A terminal alone is not enough when the person said that nobody is to be asked.
      const told = await cli([...line.split(' '), '--no-input'], {
        env,
        terminal: 80,
        answers: ['y'],
      });
      expect({ line, code: told.code }).toEqual({ line, code: 2 });
    }
    const after = await cli(['bookings', 'show', reference, '--json=status'], { env });
    expect(JSON.parse(after.out).items).toEqual([{ status: 'confirmed' }]);
  });
});

describe('flags that are on every command of their kind', () => {
  const reads = documents.filter((spec) => spec.mutates === undefined && spec.role !== 'public');

  test('--watch on every read but papers, files and waits', () => {
    const without = reads.filter((spec) => watchOf(spec) === null);
    for (const { path: name, watch } of without)
      expect({ name, watch }).toEqual({ name, watch: false });
    expect(reads.length - without.length).toBeGreaterThan(60);
  });

  test('--limit and --cursor on every list', async () => {
    for (const { path: name } of documents.filter((spec) => / list$/.test(spec.path))) {
      const { out } = await cli([...name.split(' '), '--help'], { env: own });
      expect({ name, has: out.includes('--limit <n>') }).toEqual({ name, has: true });
    }
  });

  test('--watch in a pipe prints the rows that changed, as lines of JSON, until Ctrl-C', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const { code, err } = await cli(['bookings', 'list', '--watch', '500ms'], {
      env: { ...own, PETPRO_HOME: home },
      signal: stop.signal,
      on_out: (text) => {
        lines.push(text);
        // The second round of an unchanged list must add nothing: that is looked at below.
        setImmediate(() => stop.abort(130));
      },
    });
    expect({ code, err }).toEqual({ code: 130, err: '' });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reference_code: expect.any(String) });
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('--debug=http shows bodies and no secret', async () => {
    const env = { ...own, PETPRO_HOME: home };
    const { err, out, code } = await cli(['auth', 'status', '--debug=http', '--json'], { env });
    expect(code).toBe(0);
    expect(err).toContain('debug > authorization: ***');
    expect(err).toMatch(/debug < \{.*"role":"desk"/);
    expect(err).not.toMatch(/ppk_[0-9a-f]/);
    expect(JSON.parse(out).items).toHaveLength(1);
  });
});

describe('the process', () => {
  const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

  test('a second Ctrl-C ends what the first only asked to stop', async () => {
    // A database that takes the call and never says a word.
    const server = net.createServer();
    const called = new Promise<void>((resolve) => server.once('connection', () => resolve()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = spawn(process.execPath, [entry, 'migrate', 'status'], {
      env: { ...process.env, ...own, DATABASE_URL: `postgres://petpro@127.0.0.1:${port}/petpro` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await called;
    let err = '';
    const told = new Promise<void>((resolve) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        err += chunk.toString();
        if (err.includes('Ctrl-C again')) resolve();
      });
    });
    child.kill('SIGINT');
    await told;
    expect(err).toContain('petpro migrate status');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    server.close();
  });
});
