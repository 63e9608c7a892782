/** Writes the table of docs/payments.md from the table that the tests enforce; a test compares. */
import fs from 'node:fs';
import path from 'node:path';
import { endOf, modes, states } from '../test/payments/mode-table.ts';

export const payments_document_file = path.resolve(import.meta.dirname, '../docs/payments.md');
const from = '<!-- table: node scripts/payments-doc.ts -->';
const to = '<!-- end of table -->';

/** The table as it should be now. */
export function modeTable(): string {
  const rows = modes.map(
    (mode) => `| ${mode} | ${states.map((state) => endOf(mode, state)).join(' | ')} |`,
  );
  const head = `| the card \\ the hold | ${states.join(' | ')} |`;
  return [head, `|---${'|---'.repeat(states.length)}|`, ...rows].join('\n');
}

/** The document with its table brought up to date. */
export function paymentsDocument(): string {
  const text = fs.readFileSync(payments_document_file, 'utf8');
  const start = text.indexOf(from) + from.length;
  return `${text.slice(0, start)}\n\n${modeTable()}\n\n${text.slice(text.indexOf(to))}`;
}

if (import.meta.main) fs.writeFileSync(payments_document_file, paymentsDocument());
