import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CliOptions, cli } from './harness.ts';

// Doctor on this machine: terminal, files, completion, disk, how it prints, and what it refuses.

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-doctor-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

type Found = { readonly id: string; readonly state: string; readonly detail: string };

async function look(only: string, options: CliOptions = {}) {
  const { code, out } = await cli(['doctor', '--only', only, '--json', '-q'], options);
  const items: readonly (Found & { readonly fix: string | null })[] = JSON.parse(out).items;
  return { code, items, state: Object.fromEntries(items.map(({ id, state }) => [id, state])) };
}

const well = { TERM: 'xterm-256color', LC_ALL: 'C.UTF-8' };

describe('the terminal', () => {
  test('is well', async () => {
    const { code, state } = await look('terminal', { terminal: 120, env: well, glyph_columns: 1 });
    expect(code).toBe(0);
    expect(state).toEqual({
      'terminal.size': 'pass',
      'terminal.type': 'pass',
      'terminal.colours': 'pass',
      'terminal.charset': 'pass',
      'terminal.glyphs': 'pass',
    });
  });

  test('is small, dumb, not UTF-8, and wide where it should not be: warnings, each with a remedy', async () => {
    const small = await look('terminal', { terminal: 60, env: well, glyph_columns: 2 });
    expect(small.code).toBe(0);
    expect(small.items.filter(({ state }) => state === 'warn')).toMatchObject([
      { id: 'terminal.size', fix: 'make the window 80x24, or use: petpro desk' },
      { id: 'terminal.glyphs', fix: 'export PETPRO_ASCII=yes' },
    ]);
    const dumb = await look('terminal', {
      terminal: 120,
      env: { TERM: 'dumb', LC_ALL: 'C' },
      glyph_columns: null,
    });
    expect(dumb.state).toMatchObject({
      'terminal.type': 'warn',
      'terminal.charset': 'warn',
      'terminal.glyphs': 'skip',
    });
    expect(dumb.items.find(({ id }) => id === 'terminal.colours')?.detail).toContain('off');
  });

  test('colours follow NO_COLOR, and are wrong on a terminal without any', async () => {
    const at = (env: Readonly<Record<string, string>>) =>
      look('terminal.colours', { terminal: 120, env: { ...well, ...env } });
    expect((await at({ NO_COLOR: '1' })).items[0]?.detail).toContain('NO_COLOR');
    expect((await at({ TERM: 'vt220' })).state['terminal.colours']).toBe('warn');
  });

  test('is none in a pipe', async () => {
    const { state } = await look('terminal');
    expect(new Set(Object.values(state))).toEqual(new Set(['skip']));
  });
});

describe('files', () => {
  const home = path.join(root, 'home');
  const config_home = path.join(root, 'config');
  const env = { PETPRO_HOME: home, XDG_CONFIG_HOME: config_home };
  const secret = path.join(home, 'demo-secrets.json');
  const settings = path.join(config_home, 'petpro/config.json');
  fs.mkdirSync(home, { recursive: true });
  fs.mkdirSync(path.dirname(settings), { recursive: true });
  fs.writeFileSync(secret, '{}', { mode: 0o600 });
  fs.writeFileSync(settings, '{}', { mode: 0o644 });
  const modeOf = (file: string) => fs.statSync(file).mode & 0o777;

  test('that are ours alone pass; settings may be read by others', async () => {
    const { items } = await look('config.files', { env });
    expect(items).toMatchObject([{ state: 'pass', detail: '2 files are yours alone' }]);
  });

  test('that others can read are told, planned, asked for and closed', async () => {
    fs.chmodSync(secret, 0o644);
    fs.chmodSync(settings, 0o666);
    const { items } = await look('config.files', { env });
    expect(items).toMatchObject([{ state: 'warn', fix: `chmod 600 ${settings} ${secret}` }]);

    const words = ['doctor', '--only', 'config.files', '--fix'];
    const plan = await cli([...words, '--dry-run'], { env });
    expect(plan.code).toBe(0);
    expect(plan.err).toContain(`This will:\n  config.files: make ${settings}, ${secret}`);
    expect(plan.err).toContain('Nothing was changed.');
    const alone = await cli(words, { env });
    expect(alone.code).toBe(2);
    expect(alone.err).toContain('next: petpro doctor --fix --yes');
    const no = await cli(words, { env, answers: ['n'] });
    expect(no.code).toBe(130);
    expect(modeOf(secret)).toBe(0o644);

    const yes = await cli(words, { env, answers: ['y'] });
    expect(yes.code).toBe(0);
    expect(yes.err).toContain('config.files: 2 files closed to others');
    // Told before and after.
    expect(yes.out).toMatch(/warn[\s\S]*pass {2}2 files are yours alone/);
    expect([modeOf(secret), modeOf(settings)]).toEqual([0o600, 0o600]);
    const again = await cli(words, { env });
    expect(again.err).toContain('Nothing here is for --fix to mend.');
  });

  test('in json mode --fix gives one document, of how it is afterwards', async () => {
    fs.chmodSync(secret, 0o604);
    const words = ['doctor', '--only', 'config.files', '--fix', '--yes', '--json'];
    const { out, code } = await cli(words, { env });
    expect(code).toBe(0);
    expect(out.trimEnd()).not.toContain('\n');
    expect(JSON.parse(out).items).toMatchObject([{ id: 'config.files', state: 'pass' }]);
  });

  test('there may be none yet', async () => {
    const nowhere = path.join(root, 'nowhere');
    const { state } = await look('config.files', {
      env: { PETPRO_HOME: nowhere, XDG_CONFIG_HOME: nowhere },
    });
    expect(state).toEqual({ 'config.files': 'skip' });
  });

  test('that hold a token for CI count too', async () => {
    const token_file = path.join(root, 'ci');
    fs.writeFileSync(token_file, 'x', { mode: 0o640 });
    const nowhere = path.join(root, 'nowhere');
    const { items } = await look('config.files', {
      env: { PETPRO_HOME: nowhere, XDG_CONFIG_HOME: nowhere, PETPRO_TOKEN_FILE: token_file },
    });
    expect(items).toMatchObject([{ state: 'warn', fix: `chmod 600 ${token_file}` }]);
  });
});

describe('completion and k6', () => {
  const home = path.join(root, 'shell');
  const at = async (shell: string) =>
    (await look('completion', { env: { SHELL: shell, HOME: home, XDG_DATA_HOME: '' } })).items[0];

  test('a shell without the completion is told how to get it', async () => {
    expect(await at('/bin/fish')).toMatchObject({
      state: 'warn',
      fix: 'petpro completions fish --install',
    });
    const file = path.join(home, '.config/fish/completions/petpro.fish');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, '');
    expect(await at('/bin/fish')).toMatchObject({ state: 'pass', detail: file });
    expect(await at('/bin/tcsh')).toMatchObject({ state: 'skip' });
  });

  test('k6 is found where it is, and missed without alarm', async () => {
    const bin = path.join(root, 'bin');
    fs.mkdirSync(bin);
    const fake = path.join(bin, 'k6');
    fs.writeFileSync(fake, '#!/bin/sh\necho "k6 v9.8.7 (a test)"\n', { mode: 0o755 });
    const { items } = await look('load.k6', { env: { PATH: `${bin}:/usr/bin:/bin` } });
    expect(items).toMatchObject([{ state: 'pass', detail: 'k6 v9.8.7' }]);
  });
});

describe('how it is asked', () => {
  test('--list names every check with what it looks at, and looks at nothing', async () => {
    const { out, code } = await cli(['doctor', '--list', '--json']);
    expect(code).toBe(0);
    const items: readonly { readonly id: string; readonly about: string }[] = JSON.parse(out).items;
    const ids = items.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !id.startsWith('invariants.')).length).toBeGreaterThanOrEqual(30);
    expect(items.filter(({ about }) => about === '')).toEqual([]);
  });

  test('an unknown name lists the known ones', async () => {
    const { code, err } = await cli(['doctor', '--only', 'redis,teapot']);
    expect(code).toBe(2);
    expect(err).toContain('No check is called teapot: there is runtime, config,');
    expect(err).toContain('next: petpro doctor --list');
  });

  test('this machine passes, one line each and in order', async () => {
    const { code, out, err } = await cli(['doctor', '--only', 'runtime,disk,backup'], {
      env: { PETPRO_HOME: root },
    });
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2).join(' '))).toEqual([
      'runtime.node pass',
      'runtime.zones pass',
      'disk.space pass',
      'backup.age skip',
      '',
    ]);
    expect(err).toBe('3 pass, 0 warn, 0 fail, 1 skip\n');
  });

  test('a failure is exit 10, with its remedy below', async () => {
    const { code, out } = await cli(['doctor', '--only', 'daemon.reach']);
    expect(code).toBe(10);
    expect(out).toMatch(/^daemon\.reach {2}FAIL .*\n +fix: petpro demo up\n$/);
  });

  test('--fix and --watch do not go together', async () => {
    const { code, err } = await cli(['doctor', '--fix', '--watch']);
    expect(code).toBe(2);
    expect(err).toContain('--watch only looks');
  });
});
