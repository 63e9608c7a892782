import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ringDesks } from '../../src/commands/call-desk.ts';
import { removePostgresData } from '../../src/sandbox/postgres.ts';
import { eventually } from '../helpers/poll.ts';
import { openPane, type Pane } from '../helpers/tmux.ts';

// The built console on a real terminal, and the daemon taken away from under it.

const root = path.resolve(import.meta.dirname, '../..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-gone-'));
// Sockets have short paths, and PostgreSQL's own user must reach its data.
fs.chmodSync(folder, 0o755);
const home = path.join(folder, 'home');
const runtime_dir = path.join(folder, 'run');
const sheet = path.join(folder, 'sheet.txt');
const built = path.join(root, 'node_modules', '.cache', `petpro-offline-test-${process.pid}`);
const DEMO_MS = 120_000;
/** Heartbeats come every 10 s; 10 s late is STALE. ux §3. */
const STALE_MS = 30_000;
const run = promisify(execFile);
const env = { PETPRO_HOME: home, XDG_RUNTIME_DIR: runtime_dir, PETPRO_PRINTER: `file:${sheet}` };

let pane: Pane | null = null;

async function petpro(...words: readonly string[]): Promise<string> {
  const args = [path.join(root, 'src/main.ts'), ...words];
  const options = { env: { ...process.env, ...env }, timeout: DEMO_MS };
  return (await run(process.execPath, args, options)).stdout;
}

beforeAll(async () => {
  fs.mkdirSync(runtime_dir, { mode: 0o700 });
  const rolldown = path.join(root, 'node_modules/rolldown/bin/cli.mjs');
  const build = [rolldown, '-c', 'rolldown.config.mjs', '-d', built, '--log-level', 'warn'];
  await run(process.execPath, build, { cwd: root, timeout: DEMO_MS });
  await petpro('demo', 'up', '--detach', '--json');
}, DEMO_MS);

afterEach(async () => {
  await pane?.close();
  pane = null;
});

afterAll(async () => {
  await petpro('demo', 'down');
  removePostgresData(path.join(home, 'postgres'));
  fs.rmSync(folder, { recursive: true, force: true });
  fs.rmSync(built, { recursive: true, force: true });
}, DEMO_MS);

async function openConsole(): Promise<Pane> {
  const command = `'${process.execPath}' '${path.join(built, 'main.js')}' tui --lang en`;
  const around = { ...env, NODE_ENV: 'production' };
  pane = await openPane({ columns: 80, rows: 24, command, env: around });
  return pane;
}

/** The demo writes down what it started. */
function daemonPid(): number {
  const document = JSON.parse(fs.readFileSync(path.join(home, 'demo.json'), 'utf8'));
  return Number(document.pids.daemon.pid);
}

const keptDays = () => {
  const days = path.join(home, 'days');
  return fs.existsSync(days) ? fs.readdirSync(days).filter((name) => name.endsWith('.json')) : [];
};

it('grows stale, goes offline, works from the cache, and comes back by itself', async () => {
  const daemon = daemonPid();
  const shown = await openConsole();
  await shown.expect(/LIVE \d/);
  await eventually('today and tomorrow', () => keptDays().length === 2, 20_000);
  process.kill(daemon, 'SIGSTOP');
  try {
    await shown.expect(/STALE \d\d:\d\d:\d\d/, STALE_MS);
    // A request that hangs is worse than a late heartbeat.
    await shown.keys(']');
    await shown.expect(/OFFLINE since \d\d:\d\d:\d\d, showing \d\d:\d\d:\d\d, retry \d+ s/);
    await shown.expect(/> .*(open|BP\d{8})/);
    await shown.keys('a');
    await shown.expect('nothing changes until the server answers');
    await shown.keys('p');
    await shown.expect('as it was last seen: the sheet says so');
    await shown.keys('Enter');
    await shown.expect('printed: DAY SHEET');
    expect(fs.readFileSync(sheet, 'utf8')).toMatch(/^AS OF \d\d:\d\d: no connection since$/m);
    expect(await ringDesks({ runtime_dir }, null, '+6281234567890')).toMatchObject({ shown: [1] });
    await shown.expect('CALL from +6281234567890');
    await shown.expect(/OFFLINE: \d+ of the kept days with this number/);
    await shown.keys('Escape');
    // A second console on the same machine begins with what is kept.
    const again = await openPane({
      columns: 80,
      rows: 24,
      command: `'${process.execPath}' '${path.join(built, 'main.js')}' tui --lang en`,
      env: { ...env, NODE_ENV: 'production', PETPRO_TIMEOUT: '2s' },
    });
    try {
      await again.expect(/OFFLINE since .*showing/, 30_000);
      expect(await again.capture()).toContain('Klinik Sehat BSD');
    } finally {
      await again.close();
    }
  } finally {
    process.kill(daemon, 'SIGCONT');
  }
  await shown.expect(/LIVE \d/, 45_000);
  const board = await shown.capture();
  expect(board).not.toContain('OFFLINE');
  await shown.keys('t', 'q');
  await eventually('the socket to be gone', () => {
    return !fs.existsSync(path.join(runtime_dir, 'petpro', 'desk-1.sock'));
  });
}, 180_000);
