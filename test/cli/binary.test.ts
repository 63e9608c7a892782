import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { scriptedServer } from './scripted-server.ts';

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const children: ChildProcess[] = [];

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

function start(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [entry, ...words], {
    env: { ...process.env, PETPRO_HOME: '/nonexistent/petpro', PETPRO_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }));
  });
  return { child, ended };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('the process ends with the exit code of the failure, its streams apart', async () => {
  const { code, out, err } = await start(['today', '--json']).ended;
  expect(code).toBe(11);
  expect(JSON.parse(out)).toMatchObject({ items: [], error: { code: 'unavailable', exit: 11 } });
  expect(err).toMatch(/^error\[UNAVAILABLE\]: /);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s in the middle of a request is exit %i, without a word', async (signal, exit) => {
  await using server = await scriptedServer(['hang']);
  const { child, ended } = start(['health', '--timeout', '20s'], { PETPRO_URL: server.url });
  await server.asked;
  child.kill(signal);
  expect(await ended).toEqual({ code: exit, out: '', err: '' });
});

test('a reader that goes away (head -1) is no failure', async () => {
  const { child, ended } = start(['commands', '-o', 'jsonl']);
  child.stdout.once('data', () => child.stdout.destroy());
  const { code, err } = await ended;
  expect(`${err}${code}`).toBe('0');
});
