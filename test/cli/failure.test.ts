import { expect, test } from 'vitest';
import { failureText, readFailure } from '../../src/commands/failure.ts';
import { AppError, type Json, type ProblemCode } from '../../src/domain/errors.ts';

const told = (code: ProblemCode, detail = '', facts: Readonly<Record<string, Json>> = {}) =>
  failureText(readFailure(new AppError(code, detail, facts)), {
    debug: false,
    paint: (text) => text,
  });

test('what a booking allows instead is said in the words of the command line', () => {
  const facts = { rule: 'visit_not_started', reference_code: 'BP10000127', status: 'confirmed' };
  const some = told('policy_refused', 'It was not started.', {
    ...facts,
    allowed: ['arrived', 'in-progress', 'no-show', 'cancelled'],
  });
  expect(some).toBe(
    'error[POLICY_REFUSED]: It was not started.\n' +
      'allowed: check-in, start, no-show, cancel\n' +
      'next: petpro start BP10000127\n',
  );
  const none = told('policy_refused', 'It is over.', { rule: 'booking_final', allowed: [] });
  expect(none).toContain('allowed: nothing, this is its end\n');
});
