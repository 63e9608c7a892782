import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { DemoDocument, DemoState } from '../../src/sandbox/demo-home.ts';
import { removePostgresData } from '../../src/sandbox/postgres.ts';
import { isAlive } from '../../src/sandbox/process.ts';
import { eventually } from '../helpers/poll.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-demo-'));
fs.chmodSync(root, 0o755);
const homes = ['a', 'b'].map((name) => path.join(root, name));
const [home_a = '', home_b = ''] = homes;
const DEMO_MS = 90_000;

type Outcome = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** The real program in a process of its own; it means the second home when none is named. */
async function petpro(...args: readonly string[]): Promise<Outcome> {
  return await new Promise((resolve) => {
    const options = { timeout: DEMO_MS, env: { ...process.env, PETPRO_HOME: home_b } };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

const up = async (home: string, ...args: readonly string[]) =>
  await petpro('demo', 'up', '--detach', '--json', '--port', '0', '--home', home, ...args);
const stateOf = (home: string): DemoState =>
  JSON.parse(fs.readFileSync(path.join(home, 'demo.json'), 'utf8'));
const documentOf = (outcome: Outcome): DemoDocument => {
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return JSON.parse(outcome.stdout);
};

afterAll(async () => {
  await Promise.all(homes.map((home) => petpro('demo', 'down', '--home', home)));
  for (const home of homes) removePostgresData(path.join(home, 'postgres'));
  fs.rmSync(root, { recursive: true, force: true });
});

async function get(url: string, token: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
}

test(
  'two homes run side by side, one home runs once, and down stops everything',
  async () => {
    const [first, rival, other] = await Promise.all([up(home_a), up(home_a), up(home_b)]);
    const a = documentOf(first);
    const b = documentOf(other);
    expect(documentOf(rival)).toEqual(a);
    expect(Object.keys(a)).toEqual([
      'url',
      'tcp_url',
      'database_url',
      'redis_url',
      'stripe_url',
      'smtp_outbox_url',
      'clinic_id',
      'service_id',
      'pet_id',
      'tokens',
    ]);
    const addresses = [a, b].flatMap((d) => [d.url, d.database_url, d.stripe_url, d.redis_url]);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(fs.statSync(path.join(home_a, 'demo.json')).mode & 0o777).toBe(0o600);

    const roles = ['customer', 'viewer', 'desk', 'manager', 'ci', 'admin'] as const;
    for (const role of roles) {
      const { status } = await get(`${a.url}/v1/clinics/${a.clinic_id}`, a.tokens[role]);
      expect([role, status]).toEqual([role, 200]);
    }
    const stranger = await get(`${b.url}/v1/bookings`, a.tokens.admin);
    expect(stranger.status).toBe(401);
    const services = await get(`${a.url}/v1/clinics/${a.clinic_id}/services`, a.tokens.viewer);
    expect(JSON.stringify(services.body)).toContain(a.service_id);

    const again = await petpro('demo', 'up', '--detach', '--json', '--home', home_a);
    expect(documentOf(again)).toEqual(a);

    const { pids } = stateOf(home_a);
    const down = await petpro('demo', 'down', '--home', home_a, '--json');
    expect(JSON.parse(down.stdout)).toEqual({ home: home_a, stopped: true });
    for (const ref of Object.values(pids)) expect(isAlive(ref?.pid ?? 0)).toBe(false);
    expect((await petpro('demo', 'status', '--home', home_a)).code).toBe(11);
    const nothing = await petpro('demo', 'down', '--home', home_a, '--json');
    expect(JSON.parse(nothing.stdout)).toEqual({ home: home_a, stopped: false });
    expect((await fetch(`${b.url}/readyz`)).status).toBe(200);
  },
  DEMO_MS,
);

test(
  'a killed daemon, Redis and PostgreSQL come back at their old addresses',
  async () => {
    const demo = documentOf(await up(home_b));
    const before = stateOf(home_b).pids;
    for (const ref of [before.daemon, before.redis, before.postgres]) {
      if (ref) process.kill(ref.pid, 'SIGKILL');
    }
    const pids = await eventually(
      'a new daemon serves, and demo.json names the new processes',
      async () => {
        const now = stateOf(home_b).pids;
        const parts = [now.daemon, now.redis, now.postgres];
        const old = [before.daemon.pid, before.redis?.pid, before.postgres?.pid];
        if (parts.some((ref) => ref !== null && old.includes(ref.pid))) return null;
        if (parts.some((ref) => ref !== null && !isAlive(ref.pid))) return null;
        const answer = await fetch(`${demo.url}/readyz`).catch(() => null);
        return answer?.status === 200 ? now : null;
      },
      30_000,
    );
    expect(pids.supervisor).toEqual(before.supervisor);
    const { status } = await get(`${demo.url}/v1/clinics/${demo.clinic_id}`, demo.tokens.desk);
    expect(status).toBe(200);
    expect(stateOf(home_b).smtp_url).toMatch(/^smtp:\/\/127\.0\.0\.1:\d+$/);
    const looked = await petpro('doctor', '--only', 'smtp', '--json');
    expect(JSON.parse(looked.stdout).items).toMatchObject([{ id: 'smtp.verify', state: 'pass' }]);
  },
  DEMO_MS,
);

test(
  'after a killed supervisor the next up takes over, with the same addresses and keys',
  async () => {
    const before = documentOf(await up(home_b));
    const { pids } = stateOf(home_b);
    process.kill(pids.supervisor.pid, 'SIGKILL');
    await eventually('the daemon drains without its supervisor', () => !isAlive(pids.daemon.pid));
    const after = documentOf(await up(home_b));
    expect(after.url).toBe(before.url);
    expect(after.tokens.admin).toBe(before.tokens.admin);
    expect(after.database_url).toBe(before.database_url);
    const old = await get(`${after.url}/v1/clinics/${after.clinic_id}`, before.tokens.customer);
    expect(old.status).toBe(200);
  },
  DEMO_MS,
);

/** In the foreground, until it says that it is up. */
async function foreground(home: string) {
  const child = spawn(process.execPath, [main, 'demo', 'up', '--port', '0', '--home', home], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += String(chunk);
  });
  await eventually('the demo is up', () => said.includes('PetPro demo is up'), 60_000);
  return { child, ended, pids: Object.values(stateOf(home).pids) };
}

test(
  'in the foreground it ends with Ctrl-C, and also when its window is killed',
  async () => {
    const interrupted = await foreground(home_a);
    interrupted.child.kill('SIGINT');
    expect(await interrupted.ended).toBe(0);
    for (const ref of interrupted.pids) expect(isAlive(ref?.pid ?? 0)).toBe(false);

    const killed = await foreground(home_a);
    killed.child.kill('SIGKILL');
    await eventually(
      'everything has ended',
      () => killed.pids.every((ref) => !isAlive(ref?.pid ?? 0)),
      30_000,
    );
  },
  DEMO_MS,
);

test('what stands in the way is one sentence and the next command', async () => {
  const squatter = net.createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  const address = squatter.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const taken = await petpro('demo', 'up', '--detach', '--port', port, '--home', home_a);
  squatter.close();
  expect(taken.code).toBe(11);
  expect(taken.stderr).toContain(`Port ${port} is taken`);
  expect(taken.stderr).toContain('next: petpro demo up --port 0');

  const file = path.join(root, 'file');
  fs.writeFileSync(file, '');
  const not_a_folder = await petpro('demo', 'up', '--detach', '--home', file);
  expect([not_a_folder.code, not_a_folder.stdout]).toEqual([11, '']);
  expect(not_a_folder.stderr).toContain('is not a folder');
});
