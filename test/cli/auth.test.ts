import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { addClinic, addOwner } from '../helpers/database.ts';
import { startHarness } from '../http/harness.ts';
import { own_certificate, own_key } from './doctor-certificate.ts';
import { cli } from './harness.ts';
import { type Place, place, runProcess } from './place.ts';
import { scriptedServer } from './scripted-server.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const PETPRO_URL = harness.daemon.url;
const status = async (token: string | null, ...flags: readonly string[]) => {
  const env = { PETPRO_URL, ...(token === null ? {} : { PETPRO_TOKEN: token }) };
  return await cli(['auth', 'status', ...flags], { env });
};

test('auth status says who the daemon takes us for, and by which token', async () => {
  const clinic = await addClinic(harness.sql);
  const key = await harness.addKey('desk', clinic.id);
  const { out, code } = await status(key, '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out).items).toMatchObject([
    { kind: 'operator', role: 'desk', clinic_id: clinic.id, url: PETPRO_URL, expires_at: null },
  ]);
  const { user_id } = await addOwner(harness.sql);
  const token = await harness.mintCustomerToken(user_id);
  const people = await status(token);
  expect(people.out).toContain('customer');
  expect(people.out).toContain('from PETPRO_TOKEN');
  expect(people.out).not.toContain(token);
});

test('a bad token, and none, are exit 4 with the next step', async () => {
  const bad = await status('nonsense');
  expect([bad.code, bad.err]).toEqual([4, expect.stringContaining('next: unset PETPRO_TOKEN')]);
  const none = await status(null);
  expect([none.code, none.err]).toEqual([4, expect.stringContaining('next: petpro auth login')]);
});

/** A home with the daemon as its server. */
function placeWithDaemon(more: object = {}): Place {
  const here = place();
  here.settings({ profile: 'own', profiles: { own: { url: PETPRO_URL, ...more } } });
  return here;
}

const login = async (here: Place, input: string, ...flags: readonly string[]) =>
  await here.run(['auth', 'login', '--with-token', ...flags], { input });

describe('auth login', () => {
  test('keeps a token that the server knows, for nobody else to read', async () => {
    using here = placeWithDaemon();
    const key = await harness.addKey('desk');
    const { code, out, err } = await login(here, `${key}\n`, '--as', 'rina', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out).items).toMatchObject([{ name: 'rina', role: 'desk', url: PETPRO_URL }]);
    expect(out + err).not.toContain(key);
    expect(fs.statSync(here.credentials_file).mode & 0o777).toBe(0o600);
    const who = await here.run(['auth', 'whoami']);
    expect(who.out).toContain('from the login of rina');
    expect((await here.run(['auth', 'token'])).out).toBe(`${key}\n`);
  });

  test('typed on a terminal it is not shown', async () => {
    using here = placeWithDaemon();
    const key = await harness.addKey('viewer');
    const { code, err } = await here.run(['auth', 'login'], { answers: [key], terminal: 80 });
    expect(code).toBe(0);
    expect(err).toContain('gives no codes to log in by: paste a key');
    expect(err).not.toContain(key);
    const nothing = await here.run(['auth', 'login'], { answers: [''], terminal: 80 });
    expect(nothing.code).toBe(130);
  });

  test.each([
    ['', 2],
    ['two words', 2],
    [`ppk_${'x'.repeat(20_000)}`, 2],
    ['ppk_unknown', 4],
  ])('%.12j keeps nothing', async (input, exit) => {
    using here = placeWithDaemon();
    const { code, err } = await login(here, input);
    expect([code, err]).toEqual([exit, expect.stringContaining('next: ')]);
    expect(fs.existsSync(here.credentials_file)).toBe(false);
  });

  test('nobody there to ask, and no server, say what to do', async () => {
    using here = placeWithDaemon();
    const alone = await here.run(['auth', 'login']);
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--with-token < key.txt')]);
    here.settings({});
    expect((await here.run(['auth', 'login'])).code).toBe(11);
  });
});

describe('several people at one desk', () => {
  test('switch, logout, logout --all', async () => {
    using here = placeWithDaemon();
    await login(here, await harness.addKey('desk'), '--as', 'rina');
    await login(here, await harness.addKey('manager'), '--as', 'budi');
    const role = async () => (await here.run(['auth', 'status', '-o', 'name'])).out.trim();
    expect(await role()).toBe('manager');
    expect((await here.run(['auth', 'switch', 'rina'])).code).toBe(0);
    expect(await role()).toBe('desk');
    expect((await here.run(['auth', 'switch', '-o', 'name'])).out).toBe('rina\nbudi\n');
    const nobody = await here.run(['auth', 'switch', 'sari']);
    expect([nobody.code, nobody.err]).toEqual([3, expect.stringContaining('there are rina, budi')]);
    expect((await here.run(['auth', 'logout'])).err).toContain('In use now: budi');
    expect(await role()).toBe('manager');
    expect((await here.run(['auth', 'logout', '--all'])).code).toBe(0);
    expect((await here.run(['auth', 'status'])).code).toBe(4);
    expect(fs.readFileSync(here.credentials_file, 'utf8')).not.toContain('ppk_');
  });

  test('a file that others can read is not used', async () => {
    using here = placeWithDaemon();
    await login(here, await harness.addKey('desk'));
    fs.chmodSync(here.credentials_file, 0o644);
    const { code, err } = await here.run(['auth', 'status']);
    expect([code, err]).toEqual([9, expect.stringContaining('chmod 600')]);
    fs.chmodSync(here.credentials_file, 0o600);
    fs.writeFileSync(here.credentials_file, 'no json');
    expect((await here.run(['auth', 'status'])).code).toBe(4);
  });

  test('a profile that goes takes its logins with it, after a yes', async () => {
    using here = placeWithDaemon();
    await login(here, await harness.addKey('desk'));
    expect((await here.run(['profile', 'remove', 'own'])).code).toBe(2);
    expect((await here.run(['profile', 'remove', 'own', '--yes'])).code).toBe(0);
    expect(fs.readFileSync(here.credentials_file, 'utf8')).not.toContain('ppk_');
  });
});

describe('a token goes only where it belongs', () => {
  test('not to another address of the same profile', async () => {
    using here = placeWithDaemon();
    await using other = await scriptedServer([{ status: 200, body: { items: [] } }]);
    await login(here, await harness.addKey('desk'));
    await here.run(['profile', 'add', 'own', '--url', other.url]);
    await here.run(['clinics', 'list']);
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('not from the environment of another server', async () => {
    using here = place();
    await using other = await scriptedServer([{ status: 200, body: { items: [] } }]);
    here.settings({ profiles: { other: { url: other.url } } });
    const env = { PETPRO_URL, PETPRO_TOKEN: 'ppk_secret' };
    await here.run(['clinics', 'list', '-p', 'other'], { env });
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    const { code, err } = await here.run(['auth', 'status', '-p', 'other'], { env });
    expect([code, err]).toEqual([4, expect.stringContaining('was not sent here')]);
  });

  test('and PETPRO_TOKEN_FILE stays', async () => {
    using here = placeWithDaemon();
    const file = path.join(here.folder, 'token');
    fs.writeFileSync(file, `${await harness.addKey('ci')}\n`);
    const { out } = await here.run(['auth', 'status'], { env: { PETPRO_TOKEN_FILE: file } });
    expect(out).toContain(`PETPRO_TOKEN_FILE ${file}`);
  });
});

describe('credential_command', () => {
  test('what it prints is the token; no shell runs it', async () => {
    const key = await harness.addKey('desk');
    using here = placeWithDaemon({ credential_command: ['printf', '%s\n', key] });
    const { code, out } = await here.run(['auth', 'status']);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('from credential_command of profile own'),
    ]);
  });

  test('is not run from a file that everybody can write', async () => {
    using here = placeWithDaemon({ credential_command: ['touch', 'ran'] });
    fs.chmodSync(here.user_file, 0o666);
    const { code, err } = await here.run(['auth', 'status']);
    expect([code, err]).toEqual([9, expect.stringContaining('chmod o-w')]);
  });

  test.each([
    [['false'], 'exit 1'],
    [['echo', 'two', 'words'], 'more than one word came'],
    [['true'], 'nothing came'],
    [['petpro-no-such-program'], 'ENOENT'],
  ])('%j', async (credential_command, why) => {
    using here = placeWithDaemon({ credential_command });
    const { code, err } = await here.run(['auth', 'status']);
    expect([code, err]).toEqual([4, expect.stringContaining(why)]);
    expect(err).toContain('next: run it by hand');
    // Who asks for no token pays for none.
    expect((await here.run(['health'])).code).toBe(0);
  });
});

test('PETPRO_CA_FILE makes a server of our own trusted, and only then', async () => {
  using here = place();
  const server = https.createServer({ key: own_key, cert: own_certificate }, (_, response) =>
    response.end('{"status":"ok"}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const env = { ...here.env, PETPRO_URL: `https://127.0.0.1:${port}` };
  const ca = path.join(here.folder, 'ca.pem');
  fs.writeFileSync(ca, own_certificate);
  fs.writeFileSync(path.join(here.folder, 'no.pem'), 'nonsense');
  const ask = async (PETPRO_CA_FILE: string) =>
    await runProcess(['health'], { ...env, PETPRO_CA_FILE });
  const ends = await Promise.all([ask(''), ask(ca), ask(path.join(here.folder, 'no.pem'))]);
  server.close();
  expect(ends.map(({ code }) => code)).toEqual([11, 0, 2]);
  expect(ends[2]?.err).toContain('PETPRO_CA_FILE');
});
