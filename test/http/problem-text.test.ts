import fc from 'fast-check';
import { expect, test } from 'vitest';
import { problemBody, problemText } from '../../src/daemon/http/problem.ts';
import { AppError, isProblemCode, type Json, problems } from '../../src/domain/errors.ts';

const codes = Object.keys(problems).filter(isProblemCode);
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.record({ slot_id: fc.uuid(), staff_name: fc.string({ unit: 'grapheme' }) })),
);
/** Names of standard members too: a fact must never replace one. */
const name = fc.oneof(fc.string(), fc.constantFrom('type', 'status', 'code', 'nearest', '0'));

test('a problem that is put together from parts is the JSON of its members, byte for byte', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...codes),
      fc.string({ unit: 'binary' }),
      fc.dictionary(name, value),
      fc.string(),
      (code, detail, facts, request_id) => {
        const error = new AppError(code, detail, facts);
        const wanted = JSON.stringify(problemBody(error, request_id));
        expect(problemText(error, request_id)).toBe(wanted);
        // Once more, with the lists that are ready now.
        expect(problemText(error, request_id)).toBe(wanted);
      },
    ),
  );
});
