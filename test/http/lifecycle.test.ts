import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addClinic, addOwner, addService, addSlot } from '../helpers/database.ts';
import { eventually } from '../helpers/poll.ts';
import { addKey, call, codeOf, type Env, member, send, startSurroundings } from './harness.ts';

const { sql, env } = await startSurroundings();
const main = path.resolve(import.meta.dirname, '../../src/main.ts');

type Line = Readonly<Record<string, unknown>>;
type Child = {
  readonly process: ChildProcess;
  readonly lines: readonly Line[];
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
};

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** `petpro serve` as a process of its own. */
function serve(extra: Env = {}): Child {
  const child = spawn(process.execPath, [main, 'serve'], {
    env: { PATH: process.env['PATH'] ?? '', ...env, PETPRO_LOG_LEVEL: 'info', ...extra },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: Line[] = [];
  let errors = '';
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line));
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const ended = once(child, 'exit').then(([code]) => code);
  return { process: child, lines, stderr: () => errors, ended };
}

async function lineOf(child: Child, event: string): Promise<Line> {
  return await eventually(
    `${event} in the log; stderr: ${child.stderr()}`,
    () => {
      if (child.process.exitCode !== null) throw new Error(`it ended: ${child.stderr()}`);
      return child.lines.find((line) => line['event'] === event);
    },
    20_000,
  );
}

async function urlOf(child: Child): Promise<string> {
  return String((await lineOf(child, 'daemon.ready'))['url']);
}

/** Whether somebody accepts connections there. */
async function knock(base: string): Promise<'open' | 'refused'> {
  const { promise, resolve } = Promise.withResolvers<'open' | 'refused'>();
  const socket = net.connect(Number(new URL(base).port), '127.0.0.1');
  socket.on('connect', () => resolve('open'));
  socket.on('error', () => resolve('refused'));
  const result = await promise;
  socket.destroy();
  return result;
}

let token = '';
let hold_request: { body: unknown };
beforeAll(async () => {
  token = await addKey(sql, 'desk');
  const clinic = await addClinic(sql);
  const service_id = await addService(sql, clinic);
  const slot_id = await addSlot(sql, clinic, service_id);
  hold_request = { body: { service_id, slot_id, ...(await addOwner(sql)) } };
});

describe('petpro serve', () => {
  it('is ready, finishes the request under way at SIGTERM, and ends with 0', async () => {
    const child = serve();
    const base = await urlOf(child);
    const ready = await send(base, '/readyz');
    expect({ status: ready.status, said: member(ready.json, 'status') }).toEqual({
      status: 200,
      said: 'ok',
    });
    const held = await call(base, 'create_reservation', hold_request, { token });
    const reservation_id = String(member(held.json, 'reservation_id'));

    // Somebody else has the row: the request waits in the middle of its work.
    const { promise: let_go, resolve: release } = Promise.withResolvers<void>();
    const { promise: locked, resolve: have_it } = Promise.withResolvers<void>();
    const blocker = sql.begin(async (tx) => {
      await tx`select from reservations where id = ${reservation_id} for update`;
      have_it();
      await let_go;
    });
    await locked;
    const request = { params: { reservation_id } };
    const answer = call(base, 'cancel_reservation', request, { token });
    await eventually('the request in the database', async () => {
      const waiting = await sql`select from pg_locks where not granted`;
      return waiting.length > 0;
    });
    child.process.kill('SIGTERM');
    await lineOf(child, 'daemon.stopping');
    await eventually('no new connections', async () => {
      return (await knock(base)) === 'refused';
    });
    release();
    await blocker;
    expect((await answer).status).toBe(200);
    expect(await child.ended).toBe(0);
    // It waited for the request and for nothing else.
    expect(child.lines.map((line) => line['event'])).not.toContain('daemon.drain_cut');
    expect(child.stderr()).toBe('');
  });

  it('ends at once at the second signal', async () => {
    const child = serve();
    // An open request keeps the drain waiting: headers that never end.
    const port = Number(new URL(await urlOf(child)).port);
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    socket.write('POST /v1/reservations HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{');
    child.process.kill('SIGTERM');
    await lineOf(child, 'daemon.stopping');
    child.process.kill('SIGTERM');
    expect(await child.ended).toBe(143);
    socket.destroy();
  });

  it('says in one sentence that the port is taken, and what to do', async () => {
    const squatter = net.createServer();
    squatter.listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const child = serve({ PETPRO_PORT: String(port) });
    expect(await child.ended).toBe(11);
    expect(child.stderr()).toContain(`Port ${port} on 127.0.0.1 is taken.`);
    expect(child.stderr()).toContain('next:');
    expect(child.stderr()).not.toMatch(/\n\s+at /);
    squatter.close();
  });

  it('refuses to start on a database that lacks migrations', async () => {
    const url = new URL(env['DATABASE_URL'] ?? '');
    url.pathname = '/postgres';
    const child = serve({ DATABASE_URL: url.href });
    expect(await child.ended).toBe(11);
    expect(child.stderr()).toContain('petpro migrate up');
  });

  it('stays ready without Redis, and says that it is degraded', async () => {
    const child = serve({ REDIS_URL: 'redis://127.0.0.1:1' });
    const base = await urlOf(child);
    const degraded = await eventually('degraded', async () => {
      const answer = await send(base, '/readyz');
      return member(answer.json, 'status') === 'degraded' ? answer : null;
    });
    expect(degraded.status).toBe(200);
    const owner = await addOwner(sql);
    const clinic = await addClinic(sql);
    const service_id = await addService(sql, clinic);
    const slot_id = await addSlot(sql, clinic, service_id);
    const body = { service_id, slot_id, ...owner };
    const held = await call(base, 'create_reservation', { body }, { token });
    expect({ status: held.status, code: codeOf(held) }).toEqual({ status: 201, code: null });
  });
});
