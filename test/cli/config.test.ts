import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linesOf, syntaxFault } from '../../src/config-lines.ts';
import { configSchema } from '../../src/config-schema.ts';
import { place, writeJson } from './place.ts';

const json = (text: string) => JSON.parse(text).items;

describe('which of several wins', () => {
  test('flag, environment, folder, profile, own file, file of the machine, default', async () => {
    using here = place();
    const profiles = { staging: { url: 'http://127.0.0.1:9', clinic: 'OF-PROFILE' } };
    writeJson(path.join(here.folder, 'etc.json'), { clinic: 'OF-MACHINE' });
    here.settings({ profile: 'staging', clinic: 'OF-PERSON', profiles });
    writeJson(here.project_file, { clinic: 'OF-FOLDER' });
    const words = ['config', 'get', 'clinic', '--show-origin', '--json'];
    const env = { PETPRO_CLINIC: 'OF-ENV' };
    const { out } = await here.run([...words, '-c', 'OF-FLAG'], { env });
    const found = json(out).map((one: { source: string; value: string; wins: boolean }) => [
      one.wins,
      one.source,
      one.value,
    ]);
    expect(found).toEqual([
      [true, 'flag', 'OF-FLAG'],
      [false, 'env', 'OF-ENV'],
      [false, 'project', 'OF-FOLDER'],
      [false, 'profile', 'OF-PROFILE'],
      [false, 'user', 'OF-PERSON'],
      [false, 'system', 'OF-MACHINE'],
      [false, 'default', null],
    ]);
    const people = await here.run(words.slice(0, -1));
    expect(people.out).toContain(`${here.project_file}:2`);
    expect((await here.run(['config', 'get', 'clinic'])).out).toBe('OF-FOLDER\n');
  });

  test("a folder's clinic is not used at another server than the folder's", async () => {
    using here = place();
    const profiles = { a: { url: 'http://127.0.0.1:9' }, b: { url: 'http://127.0.0.1:10' } };
    here.settings({ profiles });
    writeJson(here.project_file, { profile: 'a', clinic: 'OF-A' });
    expect((await here.run(['config', 'get', 'clinic'])).out).toBe('OF-A\n');
    expect((await here.run(['config', 'get', 'clinic', '-p', 'b'])).out).toBe('\n');
  });

  test('the daemon and the demo read no files at all', async () => {
    using here = place();
    here.settings({ nonsense: true });
    const { code } = await here.run(['demo', 'status', '--json']);
    expect(code).toBe(11);
  });
});

describe('what is wrong is told with its line', () => {
  test('unknown names with the nearest, wrong values, secrets, addresses outside of profiles', async () => {
    using here = place();
    here.settings({
      lnag: 'ja',
      ascii: 'yes',
      token: 'ppk_secret',
      url: 'https://petpro.example',
      profiles: { staging: { url: 'ftp://x', protectd: true } },
    });
    const { code, out, err } = await here.run(['config', 'validate', '--json']);
    expect(code).toBe(2);
    expect(
      json(out).map((one: { line: number; problem: string }) => [one.line, one.problem]),
    ).toEqual([
      [2, 'lnag is not known; did you mean lang?'],
      [3, 'ascii must be true or false.'],
      [4, expect.stringContaining('petpro auth login keeps it')],
      [5, 'url belongs into a profile: profiles.NAME.'],
      [8, expect.stringContaining('profiles.staging.url must be a URL')],
      [9, 'profiles.staging.protectd is not known; did you mean protected?'],
    ]);
    expect(out + err).not.toContain('ppk_secret');
    const other = await here.run(['today']);
    expect(other.code).toBe(2);
    expect(other.err).toContain(`${here.user_file}:9: profiles.staging.protectd is not known`);
    expect(other.err).toContain('next: petpro config validate');
  });

  test('a folder may choose, but not lead elsewhere', async () => {
    using here = place();
    writeJson(here.project_file, { url: 'https://evil.example', profiles: {}, lang: 'ja' });
    const { out } = await here.run(['config', 'validate', '-o', 'csv']);
    expect(out.match(/may not stand here: whoever writes into this folder/g)).toHaveLength(3);
    expect((await here.run(['today'])).code).toBe(2);
  });

  test.each([
    ['{"profile": "a",\n "clinic": B,\n "x": 1}', 2],
    ['{"profile": "a",\n "clinic": ,\n "x": 1}', 2],
    ['{"profile": "a",\n "clinic": ["b",]\n}', 2],
    ['{"profile": "a",\n}', 2],
    ['{"profile":\n\n"a', 3],
    ['', 1],
  ])('%j', (text, line) => {
    let fault: unknown;
    try {
      JSON.parse(text);
    } catch (error) {
      fault = error;
    }
    expect(syntaxFault(text, fault).line).toBe(line);
  });

  test('every name of any document is found on its line', () => {
    const names = fc.stringMatching(/^[a-z{}",:\\]{1,6}$/);
    const documents = fc.dictionary(names, fc.dictionary(names, fc.json()));
    fc.assert(
      fc.property(documents, (document) => {
        const text = JSON.stringify(document, null, 2);
        const rows = text.split('\n');
        const lines = linesOf(text);
        for (const key of Object.keys(document)) {
          expect(rows[(lines.get(key) ?? 0) - 1]).toContain(`${JSON.stringify(key)}:`);
        }
      }),
    );
  });

  test('a profile that is nowhere', async () => {
    using here = place();
    here.settings({ profile: 'stagin', profiles: { staging: { url: 'http://127.0.0.1:9' } } });
    const { code, out } = await here.run(['config', 'validate', '-o', 'csv']);
    expect([code, out]).toEqual([2, expect.stringContaining('did you mean staging?')]);
    expect((await here.run(['today'])).err).toContain('next: petpro profile list');
  });
});

describe('config set, unset, edit', () => {
  test('changes one value and leaves the rest', async () => {
    using here = place();
    here.settings({ lang: 'id', profiles: { staging: { url: 'http://127.0.0.1:9' } } });
    expect((await here.run(['config', 'set', 'profiles.staging.protected', 'yes'])).code).toBe(0);
    const words = ['config', 'set', 'profiles.staging.credential_command'];
    expect((await here.run([...words, '["pass","show","a b"]'])).code).toBe(0);
    expect((await here.run(['config', 'unset', 'lang'])).code).toBe(0);
    expect(JSON.parse(fs.readFileSync(here.user_file, 'utf8'))).toEqual({
      profiles: {
        staging: {
          url: 'http://127.0.0.1:9',
          protected: true,
          credential_command: ['pass', 'show', 'a b'],
        },
      },
    });
    expect((await here.run(['config', 'unset', 'lang'])).code).toBe(3);
  });

  test('a new file says where its schema is; a folder has its own', async () => {
    using here = place();
    await here.run(['config', 'set', 'lang', 'ja']);
    expect(JSON.parse(fs.readFileSync(here.user_file, 'utf8'))).toEqual({
      $schema: './config.schema.json',
      lang: 'ja',
    });
    const schema = path.join(path.dirname(here.user_file), 'config.schema.json');
    expect(JSON.parse(fs.readFileSync(schema, 'utf8'))).toEqual(configSchema());
    expect((await here.run(['config', 'set', 'clinic', 'BSD', '--project'])).code).toBe(0);
    expect(JSON.parse(fs.readFileSync(here.project_file, 'utf8'))).toEqual({ clinic: 'BSD' });
    const refused = await here.run(['config', 'set', 'lang', 'ja', '--project']);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('may not stand here')]);
  });

  test.each([
    ['lang', 'fr'],
    ['timeout_ms', 'soon'],
    ['nonsense', '1'],
    ['url', 'https://petpro.example'],
    ['profiles.staging', 'x'],
    ['profile', 'nowhere'],
  ])('%s %s is refused and the file stays as it was', async (key, value) => {
    using here = place();
    here.settings({ lang: 'id' });
    const before = fs.readFileSync(here.user_file, 'utf8');
    const { code } = await here.run(['config', 'set', key, value]);
    expect([2, 3]).toContain(code);
    expect(fs.readFileSync(here.user_file, 'utf8')).toBe(before);
  });

  test('a broken file is not overwritten', async () => {
    using here = place();
    here.settings({});
    fs.writeFileSync(here.user_file, '{ "lang": ');
    const { code, err } = await here.run(['config', 'set', 'lang', 'ja']);
    expect([code, err]).toEqual([2, expect.stringContaining('is left as it is')]);
    expect(fs.readFileSync(here.user_file, 'utf8')).toBe('{ "lang": ');
  });

  test('edit takes a copy, asks again about faults, and saves what is right', async () => {
    using here = place();
    here.settings({ lang: 'id' });
    // An editor that makes a mistake first and mends it in the second round.
    const editor = path.join(here.folder, 'editor.sh');
    const mended = `grep -q fr "$1" && sed -i s/fr/ja/ "$1" || sed -i s/id/fr/ "$1"`;
    fs.writeFileSync(editor, `#!/bin/sh\n${mended}\n`, { mode: 0o700 });
    const env = { EDITOR: editor };
    const { code, err } = await here.run(['config', 'edit'], { env, answers: [''], terminal: 80 });
    expect(err).toContain('config.json:2 lang must be one of en, ja, id');
    expect(code).toBe(0);
    expect(JSON.parse(fs.readFileSync(here.user_file, 'utf8'))).toEqual({ lang: 'ja' });
    const gone = await here.run(['config', 'edit'], { env: { EDITOR: 'false' }, answers: [] });
    expect([gone.code, gone.err]).toEqual([130, expect.stringContaining('Nothing was changed')]);
    expect((await here.run(['config', 'edit'])).code).toBe(2);
  });
});

test('config path names the files and where tokens are kept', async () => {
  using here = place();
  here.settings({ lang: 'ja' });
  const { out } = await here.run(['config', 'path', '-o', 'csv']);
  expect(out).toContain(`user,read,${here.user_file},1,0`);
  expect(out).toContain(`project,absent,${here.project_file}`);
  expect(out).toContain(`tokens,state,${here.credentials_file}`);
});
