import { expect, test } from 'vitest';
import { failureDocument, failureText, readFailure } from '../../src/commands/failure.ts';
import { tree } from '../../src/commands/tree.ts';
import { lineOf } from '../../src/commands/words.ts';
import { AppError, isProblemCode, type Json, problems } from '../../src/domain/errors.ts';

const codes = Object.keys(problems).filter(isProblemCode);
const paths: readonly string[] = tree.map(({ path }) => path);

function told(error: Error, words: string): string {
  const typed = { command: `petpro ${words}`, line: `petpro ${words} X1` };
  return failureText(readFailure(error), { debug: false, paint: (text) => text, typed });
}

/** The commands that a `next:` line names must be there. */
function expectCommands(text: string): void {
  const next = /^next: (.+)$/m.exec(text)?.[1] ?? '';
  const named = [...next.matchAll(/petpro ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)?)/g)];
  expect({ text, found: named.length }).not.toMatchObject({ found: 0 });
  for (const [, words = ''] of named) {
    const first = words.split(' ')[0] ?? '';
    const is_there = paths.some((path) => path.startsWith(words)) || paths.includes(first);
    expect({ next, words, is_there }).toEqual({ next, words, is_there: true });
  }
}

test.each(codes)('%s ends with a next command, on the terminal and for programs', (code) => {
  for (const command of ['bookings show', 'today', 'hold create']) {
    for (const facts of [{}, { reference_code: 'BP10000127' }] satisfies Record<string, Json>[]) {
      const error = new AppError(code, 'It did not work.', facts);
      expectCommands(told(error, command));
      const typed = { command: `petpro ${command}`, line: `petpro ${command}` };
      const document = JSON.parse(failureDocument(readFailure(error), typed));
      expect(told(error, command).replaceAll(' X1', '')).toContain(`next: ${document.error.next}`);
    }
  }
});

test('what is not found is looked for where such things are listed', () => {
  for (const command of paths) expectCommands(told(new AppError('not_found', 'No.'), command));
});

test('a bug too says what to run', () => {
  expect(told(new Error('oops'), 'today')).toContain('next: petpro today X1 --debug\n');
});

test('the line is repeated as it was typed, without passwords', () => {
  const words = ['demo', 'up', '--database-url', 'postgres://me:secret@db/x', '--reason', 'a "b"'];
  expect(lineOf(words)).toBe(
    'petpro demo up --database-url "postgres://me:***@db/x" --reason "a \\"b\\""',
  );
});

test('what a booking allows instead is said in the words of the command line', () => {
  const facts = { rule: 'visit_not_started', reference_code: 'BP10000127', status: 'confirmed' };
  const allowed = ['arrived', 'in-progress', 'no-show', 'cancelled'];
  const detail = 'It was not started.';
  expect(told(new AppError('policy_refused', detail, { ...facts, allowed }), 'complete')).toBe(
    'error[POLICY_REFUSED]: It was not started.\n' +
      'allowed: check-in, start, no-show, cancel\n' +
      'next: petpro start BP10000127\n',
  );
  const none = new AppError('policy_refused', 'Over.', { rule: 'booking_final', allowed: [] });
  expect(told(none, 'complete')).toContain('allowed: nothing, this is its end\n');
});
