import fs from 'node:fs';
import { expect, test } from 'vitest';
import { payments_document_file, paymentsDocument } from '../../scripts/payments-doc.ts';
import { inbox_causes } from '../../src/domain/money-words.ts';

const written = fs.readFileSync(payments_document_file, 'utf8');

test('docs/payments.md has the table that is tested; else: node scripts/payments-doc.ts', () => {
  expect(written).toBe(paymentsDocument());
});

test('docs/payments.md tells of every cause on the inbox', () => {
  for (const cause of Object.keys(inbox_causes)) expect(written).toContain(`| ${cause} |`);
});
