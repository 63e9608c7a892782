import { expect, test } from 'vitest';
import { escposDocument } from '../../src/commands/escpos.ts';
import { receiptText } from '../../src/domain/receipt.ts';
import { indonesian, japanese } from './receipt-facts.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('a copy begins with a reset and its code page, and ends with feed and cut', () => {
  const { bytes, lost } = escposDocument('Café ¥5\n', 'cp437');
  expect(hex(bytes)).toBe('1b401b740043616682209d350a1b64041d564200');
  expect(lost).toBe(0);
  const two = escposDocument('A\n', 'cp437', 2);
  expect(hex(two.bytes)).toBe('1b401b7400410a1b64041d564200'.repeat(2));
});

test('Japanese goes out as Shift JIS that reads back the same', () => {
  const text = receiptText({ ...japanese, owner_name: 'ﾊﾅ 田中' }, 42);
  const { bytes, lost } = escposDocument(text, 'shift_jis');
  expect(lost).toBe(0);
  expect(hex(bytes.subarray(0, 7))).toBe('1b401c261c4301');
  expect(new TextDecoder('shift_jis').decode(bytes.subarray(7, -7))).toBe(text);
});

test('UTF-8 is switched on where the printer has it', () => {
  const { bytes } = escposDocument('髙 😀\n', 'utf8');
  expect(hex(bytes.subarray(0, 9))).toBe('1b401c284302003032');
  expect(Buffer.from(bytes.subarray(9, -7)).toString('utf8')).toBe('髙 😀\n');
});

test('what the printer has not loses its accents first, and is counted when it is lost', () => {
  const latin = escposDocument('Žižek ＡＢ', 'cp437');
  expect(Buffer.from(latin.bytes.subarray(5, -7)).toString('latin1')).toBe('Zizek AB');
  expect(latin.lost).toBe(0);
  const lost = escposDocument('猫😀', 'cp437');
  expect(Buffer.from(lost.bytes.subarray(5, -7)).toString('latin1')).toBe('??');
  expect(lost.lost).toBe(2);
  const rupiah = escposDocument(receiptText(indonesian, 42), 'cp437');
  expect(rupiah.lost).toBe(0);
});
