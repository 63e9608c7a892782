import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ringDesks } from '../../src/commands/call-desk.ts';
import { type CallerSocket, openCallerSocket } from '../../src/tui/caller-socket.ts';
import { view } from '../../src/tui/view.ts';
import { cli } from '../cli/harness.ts';
import { badWidths, type Driver, openDriver } from './driver.ts';
import { fakeApi } from './fake-api.ts';
import { owners } from './fixture.ts';

// Who rings: real sockets in a runtime folder of our own, and the card on a console driven by keys.

const runtime_dir = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-run-'));
const dir = path.join(runtime_dir, 'petpro');
const sockets: CallerSocket[] = [];
const drivers: Driver[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
  for (const driver of drivers.splice(0)) driver.close();
  fs.rmSync(dir, { recursive: true, force: true });
});

afterAll(() => fs.rmSync(runtime_dir, { recursive: true, force: true }));

async function listen(on_call: (number: string) => boolean): Promise<CallerSocket> {
  const socket = await openCallerSocket({ dir, on_call });
  if (socket === null) throw new Error('No socket could be made.');
  sockets.push(socket);
  return socket;
}

/** Sends raw bytes and gives what comes back until the other side closes. */
async function say(text: string, desk = 1): Promise<string> {
  const done = Promise.withResolvers<string>();
  const socket = net.connect(path.join(dir, `desk-${desk}.sock`), () => socket.write(text));
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => done.resolve(heard));
  return await done.promise;
}

describe('the socket', () => {
  it('is for its owner alone, takes one number, and goes with the console', async () => {
    const heard: string[] = [];
    const { desk, close } = await listen((number) => heard.push(number) > 0);
    expect(desk).toBe(1);
    const file = path.join(dir, 'desk-1.sock');
    expect((fs.statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect((fs.statSync(dir).mode & 0o777).toString(8)).toBe('700');
    expect(await ringDesks({ runtime_dir }, null, '+6281234567890')).toEqual({
      shown: [1],
      refused: [],
    });
    expect(heard).toEqual(['+6281234567890']);
    close();
    expect(fs.existsSync(file)).toBe(false);
    expect(await ringDesks({ runtime_dir }, null, '+62812')).toEqual({ shown: [], refused: [] });
  });

  it('does nothing for what is no number, and lets go of who says too much', async () => {
    const heard: string[] = [];
    await listen((number) => heard.push(number) > 0);
    for (const line of ['garbage\n', '{}\n', '{"number":7}\n', '{"number":"call me"}\n']) {
      expect(JSON.parse(await say(line))).toEqual({ ok: false, desk: 1, why: 'no number' });
    }
    expect(await say('x'.repeat(10_000))).toBe('');
    expect(heard).toEqual([]);
  });

  it('gives each console of a person a desk, and takes over what a dead one left', async () => {
    fs.mkdirSync(dir, { mode: 0o700 });
    const left = net.createServer().listen(path.join(dir, 'left.sock'));
    await new Promise((resolve) => left.once('listening', resolve));
    // A file of a socket that nobody listens on any more.
    fs.linkSync(path.join(dir, 'left.sock'), path.join(dir, 'desk-1.sock'));
    await new Promise<void>((resolve) => left.close(() => resolve()));
    expect((await listen(() => true)).desk).toBe(1);
    expect((await listen(() => false)).desk).toBe(2);
    expect(await ringDesks({ runtime_dir }, null, '+62812')).toEqual({ shown: [1], refused: [2] });
    expect(await ringDesks({ runtime_dir }, 2, '+62812')).toEqual({ shown: [], refused: [2] });
  });

  it('is not looked for in a folder that others can write to', async () => {
    await listen(() => true);
    fs.chmodSync(dir, 0o777);
    expect(await ringDesks({ runtime_dir }, null, '+62812')).toEqual({ shown: [], refused: [] });
  });

  it('is absent where its path would be too long, and the console runs all the same', async () => {
    const long = path.join(dir, 'x'.repeat(120));
    expect(await openCallerSocket({ dir: long, on_call: () => true })).toBeNull();
  });
});

describe('petpro call', () => {
  const env = { XDG_RUNTIME_DIR: runtime_dir };

  it('rings at the desk without asking the daemon', async () => {
    await listen(() => true);
    expect(await cli(['call', '+62 812-3456-7890'], { env })).toEqual({
      code: 0,
      out: '',
      err: 'Shown on desk 1.\n',
    });
  });

  it('says that a desk is not there, and what to do', async () => {
    const { code, err } = await cli(['call', '+6281234567890', '--desk', '4'], { env });
    expect(code).toBe(11);
    expect(err).toContain('No console of yours runs as desk 4 here.');
    expect(err).toContain('next: petpro tui, or petpro call --print');
    expect((await cli(['call', '+6281234567890', '--desk', '0'], { env })).code).toBe(2);
  });
});

async function open(options: Parameters<typeof openDriver>[0] = {}): Promise<Driver> {
  const api = fakeApi();
  api.owners = owners.map((owner) => ({ ...owner, matched_by: 'phone' as const }));
  const driver = await openDriver({ api, ...options });
  drivers.push(driver);
  return driver;
}
const [siti] = owners;
const number = siti?.phone ?? '';

describe('on the console', () => {
  it.each(['en', 'ja', 'id'] as const)(
    'a call over the board shows the card in %s',
    async (lang) => {
      const driver = await open({ lang });
      driver.send({ type: 'rang', number });
      expect(driver.state().overlay).toMatchObject({ screen: 'caller' });
      await driver.until(
        'the owner',
        ({ overlay }) => overlay?.screen === 'caller' && overlay.call.owners !== null,
      );
      expect(driver.text()).toContain(number);
      expect(badWidths(view(driver.state()), 80)).toEqual([]);
      driver.press('b');
      expect(driver.state().overlay).toMatchObject({ screen: 'caller' });
      driver.pass(400);
      driver.press('b');
      expect(driver.state().overlay).toMatchObject({ screen: 'book' });
      expect(driver.text()).toContain(number);
    },
  );

  it('does not take the keyboard from a form: it waits on a line for Ctrl-O, and Esc leads back', async () => {
    const driver = await open();
    driver.press('b');
    driver.type('buy');
    driver.send({ type: 'rang', number });
    await driver.expect('Ctrl-O opens');
    driver.type('er');
    expect(driver.text()).toContain('[buyer');
    driver.press('ctrl-o');
    expect(driver.text()).toContain(`CALL from ${number}`);
    driver.pass(400);
    driver.press('b');
    expect(driver.text()).toContain('The form is still open');
    driver.press('ctrl-o');
    expect(driver.text()).toContain('[buyer');
    expect(driver.text()).not.toContain('Ctrl-O opens');
  });

  it('keeps the last five that nobody looked at', async () => {
    const driver = await open();
    driver.press('?');
    for (let n = 0; n < 9; n += 1) driver.send({ type: 'rang', number: `+6281200000${n}` });
    expect(driver.state().calls.map((call) => call.number.slice(-1))).toEqual([
      '4',
      '5',
      '6',
      '7',
      '8',
    ]);
    expect(badWidths(view(driver.state()), 80)).toEqual([]);
  });

  it('a number that nobody has begins a form with it', async () => {
    const driver = await open();
    driver.send({ type: 'rang', number: '+4915112345678' });
    await driver.expect('Nobody has this number');
    driver.pass(400);
    driver.press('b');
    expect(driver.text()).toContain('[+4915112345678');
  });

  it('shows nothing to a role that sees no owners', async () => {
    const driver = await open({ role: 'viewer' });
    driver.send({ type: 'rang', number });
    expect(driver.state()).toMatchObject({ overlay: null, calls: [] });
  });

  it('without a server it says so', async () => {
    const driver = await open();
    driver.api.is_down = true;
    driver.send({ type: 'rang', number });
    await driver.expect('OFFLINE: 0 of the kept days with this number');
  });
});
