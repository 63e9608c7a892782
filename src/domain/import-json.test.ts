import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonFault, jsonLinesReader, jsonReader } from './import-json.ts';

function textsOf(reader: ReturnType<typeof jsonReader>, text: string, lengths: readonly number[]) {
  let rest = text;
  const found = lengths.flatMap((length) => {
    const piece = rest.slice(0, length);
    rest = rest.slice(length);
    return reader.push(piece);
  });
  return [...found, ...reader.push(rest), ...reader.end()];
}

test('objects are found in whatever pieces they arrive', () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 });
  const lengths = fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 80 });
  fc.assert(
    fc.property(objects, lengths, fc.boolean(), (wanted, pieces, is_wide) => {
      const text = JSON.stringify(wanted, null, is_wide ? 2 : 0);
      const found = textsOf(jsonReader(), text, pieces);
      expect(found.map((one) => JSON.parse(one.text))).toEqual(JSON.parse(text));
      const lines = wanted.map((one) => `${JSON.stringify(one)}\n`).join('\n');
      const from_lines = textsOf(jsonLinesReader(), lines, pieces);
      expect(from_lines.map((one) => JSON.parse(one.text))).toEqual(JSON.parse(text));
    }),
  );
});

test('what is no list of objects, or is cut off, is refused with its line', () => {
  const read = (text: string) => () => textsOf(jsonReader(), text, []);
  expect(read('[1]')).toThrow('expected a list of objects');
  expect(read('[{"a":1},\n{"b":')).toThrow(expect.objectContaining({ line: 2 }));
  expect(read('[{"a":1},\n')).toThrow('the list is never closed');
  expect(read('[[]]')).toThrow(JsonFault);
  expect(read('[{"a":1},\n {"b":"}"}]')().map(({ line }) => line)).toEqual([1, 2]);
});
