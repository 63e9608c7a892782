import { describe, expect, test } from 'vitest';
import { tree } from '../../src/commands/tree.ts';
import { cli } from './harness.ts';

describe('help', () => {
  test('petpro alone says what there is', async () => {
    const { out, err, code } = await cli([]);
    expect(code).toBe(0);
    expect(err).toBe('');
    const commands = out.slice(0, out.indexOf('\nOptions:'));
    expect(commands).toMatch(/^Usage: petpro \[options\] \[command\]\n\nBookings for clinics /);
    const heads = commands.match(/^\w[\w ]*:$/gm);
    expect(heads).toEqual(['Desk:', 'Things:', 'Money:', 'Console:', 'Running it:', 'More:']);
    // Every first word stands there exactly once, under one of the heads.
    const listed = [...commands.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, word]) => word);
    const first_words = new Set(
      tree.filter((spec) => spec.hidden !== true).map((spec) => spec.path.split(' ')[0]),
    );
    expect(listed.toSorted()).toEqual([...first_words].toSorted());
  });

  test('-h anywhere shows the help of that command', async () => {
    const { out, code } = await cli(['cancel', '-h', '--quiet']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /\n\nNeeds: own or desk\. Exit codes: [\d ]+ \(petpro help exit-codes\)\n$/,
    );
    expect(out.slice(0, out.indexOf('Global Options'))).toMatchInlineSnapshot(`
      "Usage: petpro cancel [options] <reference>

      Cancel a booking, with the refund that the policy gives.

      Examples:
        petpro cancel BP10000127 --reason owner-request --dry-run
        petpro cancel BP10000127 --by clinic --reason "vet is ill" --yes

      Arguments:
        reference                BP12345678 or the id of the booking

      Options:
        --by <who>               clinic = full refund (choices: "owner", "clinic")
        --now                    refund and mail leave at once: no undo
        --yes                    answer yes to the question, if there is one
        --idempotency-key <key>  a repeat with the same key has one effect; default:
                                 new
        --reason <text>          why; kept in the history
        --if-version <n>         only while this is its version
        --dry-run                say what would happen, change nothing
        -h, --help               display help for command

      "
    `);
  });

  test('topics', async () => {
    expect((await cli(['help', 'exit-codes'])).out).toContain('slot_taken');
    expect((await cli(['help', 'environment'])).out).toContain('PETPRO_URL');
    expect((await cli(['help', 'formatting'])).out).toContain('RFC 4180');
    expect((await cli(['help', 'slots', 'list'])).out).toContain('Usage: petpro slots list');
    const { code, err } = await cli(['help', 'sltos']);
    expect(code).toBe(3);
    expect(err).toMatchInlineSnapshot(`
      "error[NOT_FOUND]: There is no help on "sltos". Did you mean slots?
      next: petpro help slots
      "
    `);
  });

  test('--version', async () => {
    expect((await cli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('misuse is exit 2', () => {
  test.each([
    [['bok']],
    [['slots']],
    [['slots', 'lst']],
    [['slots', 'list', '--dat', 'fri']],
    [['slots', 'list', '-o', 'xml']],
    [['book', '--pay', 'clinic']],
    [['cancel']],
    [['cancel', 'BP10000127', 'BP10000128']],
    [['cancel', 'Mochi']],
    [['slots', 'list', '--timeout', 'soon']],
    [['doctor', '--only', 'nonsense']],
    [['demo', 'up', '--seed', 'abc']],
    [['demo', 'up', '--port', '99999']],
    [['owners', 'add', '--name', 'A', '--phone', '0812', '--pet', 'B']],
  ])('%j', async (words) => {
    const { code, out, err } = await cli(words, { env: { PETPRO_URL: 'http://127.0.0.1:9' } });
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/error\[INVALID_INPUT\]: /);
  });

  test('suggests, never runs', async () => {
    const { err } = await cli(['bok']);
    expect(err).toMatchInlineSnapshot(`
      "error[INVALID_INPUT]: Unknown command 'bok'. Did you mean book?
      next: petpro book --help
      "
    `);
  });

  test('in json mode stdout is one document all the same', async () => {
    for (const words of [
      ['bok', '--json'],
      ['--json', 'slots'],
      ['slots', 'lst', '-o', 'json'],
    ]) {
      const { out, code } = await cli(words);
      const document = JSON.parse(out);
      expect(out.trimEnd()).not.toContain('\n');
      expect(document).toMatchObject({ items: [], error: { code: 'invalid_input', exit: 2 } });
      expect(code).toBe(2);
    }
  });
});

describe('nobody to talk to', () => {
  test('no address and no demo', async () => {
    const { code, out, err } = await cli(['today']);
    expect(code).toBe(11);
    expect(out).toBe('');
    expect(err).toMatchInlineSnapshot(`
      "error[UNAVAILABLE]: PETPRO_URL is not set and no demo runs on this machine.
      next: petpro demo up
      "
    `);
  });

  test('a bad setting is told with its name', async () => {
    const { code, err } = await cli(['today'], {
      env: { PETPRO_URL: 'ftp://x', PETPRO_LANG: 'fr' },
    });
    expect(code).toBe(2);
    expect(err).toContain('PETPRO_URL must be a URL');
    expect(err).toContain('PETPRO_LANG must be one of en, ja, id');
  });
});

describe('colour', () => {
  const red = '\u001b[31m';
  test.each([
    [{}, [], true],
    [{ NO_COLOR: '1' }, [], false],
    [{ NO_COLOR: '1' }, ['--color', 'always'], true],
    [{ TERM: 'dumb' }, [], false],
    [{ TERM: 'dumb', FORCE_COLOR: '1' }, [], true],
    [{ CLICOLOR_FORCE: '1', NO_COLOR: '1' }, [], false],
    [{}, ['--color=never'], false],
  ])('%j %j', async (env, flags, coloured) => {
    const { err } = await cli(['today', ...flags], { env, terminal: 80 });
    expect(err.includes(red)).toBe(coloured);
  });

  test('none in a pipe', async () => {
    expect((await cli(['today'])).err).not.toContain(red);
    expect((await cli(['today'], { env: { FORCE_COLOR: '1' } })).err).toContain(red);
  });
});

describe('settings', () => {
  test('get is bare for scripts and masks secrets', async () => {
    const env = {
      DATABASE_URL: 'postgres://petpro:hunter2@db.example/petpro',
      PETPRO_TOKEN: 'ppk_x',
    };
    expect((await cli(['config', 'get', 'database_url'], { env })).out).toBe(
      'postgres://petpro:***@db.example/petpro\n',
    );
    const { out } = await cli(['config', 'list', '-o', 'csv'], { env });
    expect(out).not.toContain('hunter2');
    expect(out).not.toContain('ppk_x');
    expect(out.split('\r\n')[0]).toBe('key,env,value,source,doc');
    expect((await cli(['config', 'get', 'nope'])).code).toBe(3);
  });
});
