import fs from 'node:fs';
import { describe, expect, test } from 'vitest';
import { place, writeJson } from './place.ts';
import { type Answer, scriptedServer } from './scripted-server.ts';

/** Which server is meant, and how it is treated. Nobody listens at `nobody`. */

const nobody = 'http://127.0.0.1:9';
const locks: Answer = { status: 200, body: { items: [], next_cursor: null, doorman: 'up' } };
const live: Answer = { status: 200, body: { status: 'ok' } };
const clinics: Answer = { status: 200, body: { items: [], next_cursor: null } };

const json = (text: string) => JSON.parse(text).items[0];

describe('profile add, use, show, remove', () => {
  test('from nothing to a server in force, and back', async () => {
    using here = place();
    const words = ['profile', 'add', 'staging', '--url', `${nobody}/`, '--env', 'staging'];
    const added = await here.run([...words, '-c', 'BSD', '--tz', 'Asia/Tokyo']);
    expect([added.code, added.out]).toEqual([0, '']);
    expect(added.err).toContain('next: petpro auth login -p staging');
    expect((await here.run(['profile', 'use', 'staging'])).code).toBe(0);
    const shown = json((await here.run(['profile', 'show', '--json'])).out);
    expect(shown).toMatchObject({
      name: 'staging',
      in_force: true,
      url: nobody,
      clinic: 'BSD',
      tz: 'Asia/Tokyo',
      protected: false,
      login: null,
    });
    expect((await here.run(['profile', 'list', '-o', 'name'])).out).toBe('staging\ndemo\n');
    await here.run(['profile', 'add', 'staging', '--protected', 'yes']);
    expect(json((await here.run(['profile', 'show', '--json'])).out)).toMatchObject({
      url: nobody,
      protected: true,
      writes: false,
    });
    const removed = await here.run(['profile', 'remove', 'staging']);
    expect([removed.code, removed.err]).toEqual([
      0,
      expect.stringContaining('No profile is chosen now'),
    ]);
    expect(JSON.parse(fs.readFileSync(here.user_file, 'utf8')).profile).toBeUndefined();
    expect((await here.run(['profile', 'show'])).code).toBe(3);
  });

  test('use --here is for one folder', async () => {
    using here = place();
    here.settings({ profiles: { a: { url: nobody }, b: { url: nobody } }, profile: 'a' });
    expect((await here.run(['profile', 'use', 'b', '--here'])).code).toBe(0);
    expect(JSON.parse(fs.readFileSync(here.project_file, 'utf8'))).toEqual({ profile: 'b' });
    expect(json((await here.run(['profile', 'show', '--json'])).out).name).toBe('b');
    const elsewhere = await here.run(['profile', 'show', '--json'], { cwd: here.folder });
    expect(json(elsewhere.out).name).toBe('a');
  });

  test.each([
    [['profile', 'add', 'demo', '--url', nobody], 2],
    [['profile', 'add', 'UP', '--url', nobody], 2],
    [['profile', 'add', 'x'], 2],
    [['profile', 'add', 'x', '--url', 'ftp://x'], 2],
    [['profile', 'add', 'x', '--url', nobody, '--env', 'live'], 2],
    [['profile', 'use', 'nowhere'], 3],
    [['profile', 'remove', 'nowhere'], 3],
    [['profile', 'remove', 'demo'], 9],
    [['today', '-p', 'nowhere'], 2],
  ])('%j is exit %i', async (words, exit) => {
    using here = place();
    const { code, err } = await here.run(words);
    expect([code, err]).toEqual([exit, expect.stringContaining('next: petpro')]);
    expect(fs.existsSync(here.user_file)).toBe(false);
  });

  test('a profile of the whole machine is not removed from here', async () => {
    using here = place();
    writeJson(here.env['PETPRO_SYSTEM_CONFIG']!, { profiles: { prod: { url: nobody } } });
    const { code, err } = await here.run(['profile', 'remove', 'prod']);
    expect([code, err]).toEqual([9, expect.stringContaining('not from your file')]);
  });
});

describe('which server', () => {
  const show = ['profile', 'show', '--json'];

  test('-p wins over PETPRO_URL; a profile of a file steps back for it', async () => {
    using here = place();
    await using other = await scriptedServer([live]);
    await using own = await scriptedServer([live]);
    here.settings({ profile: 'own', profiles: { own: { url: own.url } } });
    const env = { PETPRO_URL: other.url };
    const stepped = await here.run(['config', 'get', 'url', '--show-origin'], { env });
    expect(stepped.err).toContain('profile own steps back: PETPRO_URL leads elsewhere');
    expect((await here.run(['health'], { env })).code).toBe(0);
    expect([own.seen.length, other.seen.length]).toEqual([0, 1]);
    expect((await here.run(['health', '-p', 'own'], { env })).code).toBe(0);
    expect([own.seen.length, other.seen.length]).toEqual([1, 1]);
  });

  test('two variables that contradict each other are refused', async () => {
    using here = place();
    here.settings({ profiles: { own: { url: nobody } } });
    const env = { PETPRO_URL: 'http://127.0.0.1:10', PETPRO_PROFILE: 'own' };
    const { code, err } = await here.run(['today'], { env });
    expect([code, err]).toEqual([2, expect.stringContaining('name two servers')]);
  });

  test('a protected server is protected however it was reached', async () => {
    using here = place();
    here.settings({ profiles: { prod: { url: nobody, env: 'prod' } } });
    const { out } = await here.run(show, { env: { PETPRO_URL: nobody } });
    expect(json(out)).toMatchObject({ name: 'prod', protected: true });
  });

  test('demo is the demo, whatever else is chosen', async () => {
    using here = place();
    here.settings({ profile: 'own', profiles: { own: { url: nobody } } });
    const none = await here.run(['today', '-p', 'demo']);
    expect([none.code, none.err]).toEqual([11, expect.stringContaining('No demo runs')]);
    await using demo = await scriptedServer([live]);
    const tokens = { desk: 'of-the-desk' };
    writeJson(`${here.env['PETPRO_HOME']}/demo.json`, { url: demo.url, tokens });
    expect((await here.run(['health', '-p', 'demo'])).code).toBe(0);
    // Zero configuration: no profile at all is the demo, too.
    here.settings({});
    expect(json((await here.run(['auth', 'token', '--json'])).out)).toMatchObject({
      url: demo.url,
      token: 'of-the-desk',
    });
  });
});

describe('a protected server', () => {
  const of = (url: string, more: object = {}) => ({
    profile: 'prod',
    profiles: { prod: { url, env: 'prod', ...more } },
  });

  test('is named on stderr of a terminal, and not in logs of reads', async () => {
    using here = place();
    await using server = await scriptedServer([locks, locks, locks, locks, locks, locks]);
    here.settings(of(server.url));
    const env = { PETPRO_TOKEN: 'x', NO_COLOR: '1' };
    const seen = await here.run(['events', 'presence'], { env, terminal: 80 });
    expect(seen.err).toMatch(new RegExp(`^ PROD  protected, profile prod, ${server.url}\n`));
    const piped = await here.run(['events', 'presence'], { env });
    expect(piped.err).not.toContain('protected');
    const quiet = await here.run(['events', 'presence', '-q'], { env, terminal: 80 });
    expect(quiet.err).not.toContain('protected');
  });

  test('operators look only, until they say --writes', async () => {
    using here = place();
    await using server = await scriptedServer([]);
    here.settings(of(server.url));
    const env = { PETPRO_TOKEN: 'x' };
    const words = ['views', 'refresh', 'upcoming', '--yes'];
    const refused = await here.run(words, { env });
    expect([refused.code, refused.err]).toEqual([
      9,
      expect.stringContaining('add --writes when you mean it'),
    ]);
    expect(server.seen).toEqual([]);
    await here.run([...words, '--writes'], { env });
    expect(server.seen.length).toBeGreaterThan(0);
    const before = server.seen.length;
    here.settings(of(server.url, { writes: true }));
    await here.run(words, { env });
    expect(server.seen.length).toBeGreaterThan(before);
  });

  test('severe commands want their word typed, also with --yes', async () => {
    using here = place();
    await using server = await scriptedServer([locks, locks, locks]);
    const env = { PETPRO_TOKEN: 'x' };
    const words = ['retention', 'run', '--reason', 'INC-1', '--writes', '--yes'];
    here.settings(of(server.url));
    const refused = await here.run(words, { env });
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('next: add --confirm all, or --dry-run'),
    ]);
    expect(server.seen).toEqual([]);
    await here.run([...words, '--confirm', 'all'], { env });
    expect(server.seen).toHaveLength(1);
    here.settings({ profile: 'dev', profiles: { dev: { url: server.url } } });
    await here.run(words, { env });
    expect(server.seen).toHaveLength(2);
  });

  test('is not loaded', async () => {
    using here = place();
    await using server = await scriptedServer([clinics]);
    here.settings(of(server.url));
    const { code, err } = await here.run(['load', 'run', '--scenario', 'one-slot']);
    expect([code, err]).toEqual([9, expect.stringContaining('it is production')]);
    expect(server.seen).toEqual([]);
  });
});

test('a daemon of another version is told of once', async () => {
  using here = place();
  const headers = { 'x-petpro-version': '9.4.1' };
  await using server = await scriptedServer([
    { ...clinics, headers },
    { ...clinics, headers },
  ]);
  const env = { PETPRO_URL: server.url, PETPRO_TOKEN: 'x' };
  const first = await here.run(['clinics', 'list'], { env });
  expect(first.err).toMatch(/warning: .* runs petpro 9\.4\.1, this is \d/);
  expect((await here.run(['clinics', 'list'], { env })).err).not.toContain('9.4.1');
});
