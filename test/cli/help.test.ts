import { describe, expect, test } from 'vitest';
import { help_topics } from '../../src/commands/help-groups.ts';
import { nearest } from '../../src/commands/help-nearest.ts';
import { tree } from '../../src/commands/tree.ts';
import { cli } from './harness.ts';

describe('a word that is none', () => {
  test.each([
    [['bok'], 'petpro book --help'],
    [['bok', '--help'], 'petpro book --help'],
    [['-h', 'bok'], 'petpro book --help'],
    [['slots', 'lst', '--help'], 'petpro slots list --help'],
    [['schedule', 'exeption', 'list', '-h'], 'petpro schedule exception --help'],
    [['-o', 'json', 'slots', 'lsit', '-h'], 'petpro slots list --help'],
    [['xyzzy', '--help'], 'petpro --help'],
    [['today', '--dte', 'fri'], 'petpro today --help'],
  ])('%j is exit 2 and leads to %s', async (words, next) => {
    const { code, err } = await cli(words);
    expect(code).toBe(2);
    expect(err).toMatch(/^error\[INVALID_INPUT\]: /);
    expect(err).toContain(`next: ${next}\n`);
    // Never the whole help instead of an answer.
    expect(err.split('\n').length).toBeLessThan(5);
  });

  test('values are held against those that there are', async () => {
    const { code, err } = await cli(['today', '-o', 'tabel']);
    expect(code).toBe(2);
    expect(err).toContain('Did you mean table?');
    expect((await cli(['today', '--colour', 'never'])).err).toContain('Did you mean --color?');
  });

  test('what a flag or an argument is given is no word of the tree', async () => {
    expect((await cli(['find', 'bok', '--help'])).code).toBe(0);
    expect((await cli(['--tz', 'bok', 'today', '--help'])).code).toBe(0);
    expect((await cli(['undo', 'BP10000127', '--help'])).out).toContain('Usage: petpro undo');
  });
});

describe('nearest', () => {
  test.each([
    ['bok', ['book', 'hook'], ['book']],
    ['lit', ['list', 'lint', 'lot'], ['list', 'lint', 'lot']],
    ['lsit', ['list', 'show'], ['list']],
    ['resch', ['reschedule', 'refunds'], ['reschedule']],
    ['xyzzy', ['list', 'show'], []],
    ['', ['a'], []],
    ['x'.repeat(500), ['x'], []],
  ])('%s', (word, known, wanted) => {
    expect(nearest(word, known)).toEqual(wanted);
  });
});

describe('help', () => {
  test('examples come before arguments and flags on every command', async () => {
    for (const spec of tree.filter((one) => one.hidden !== true)) {
      const { out } = await cli([...spec.path.split(' '), '--help']);
      const at = out.indexOf('\n\nExamples:\n');
      expect({ path: spec.path, at }).not.toMatchObject({ at: -1 });
      for (const head of ['\n\nArguments:', '\n\nOptions:', '\n\nGlobal Options:']) {
        const place = out.indexOf(head);
        expect(place === -1 || place > at).toBe(true);
      }
    }
  });

  test.each(help_topics)('petpro help %s', async (topic) => {
    const { out, err, code } = await cli(['help', topic]);
    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(out.split('\n').length).toBeGreaterThan(8);
  });

  test('keys are told in the language of the person', async () => {
    const { out } = await cli(['help', 'keys', '--lang', 'ja']);
    expect(out).toMatch(/[\u3040-\u30ff]/);
  });

  test('roles name every command that needs a right', async () => {
    const words = (await cli(['help', 'roles'])).out.replaceAll(/\s+/g, ' ');
    for (const spec of tree.filter((one) => one.hidden !== true))
      expect(words).toContain(spec.path);
  });
});
