/** Writes docs/configuration.md from the settings table; a test fails when the two differ. */
import fs from 'node:fs';
import path from 'node:path';
import { configTable } from '../src/config.ts';

const cell = (text: string) => text.replaceAll('|', '\\|');

/** The document as it should be now. */
export function configDocument(): string {
  const rows = configTable().map(([key, setting]) => {
    const computed = typeof setting.fallback === 'function';
    const fallback = computed ? '*from the system*' : cell(String(setting.fallback ?? ''));
    const secret = setting.secret ? 'yes' : '';
    return `| \`${setting.env}\` | \`${key}\` | ${fallback || '-'} | ${secret} | ${cell(setting.doc)} |`;
  });
  return [
    '# Configuration',
    '',
    'Precedence: flag, then environment, then default. All problems are reported at once, at start.',
    '`petpro config list` prints the values in force with their source, secrets masked.',
    'Written by `node scripts/config-doc.ts` from the table in `src/config-table.ts`; do not edit by hand.',
    '',
    '| variable | key | default | secret | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

export const config_document_file = path.resolve(import.meta.dirname, '../docs/configuration.md');

if (import.meta.main) fs.writeFileSync(config_document_file, configDocument());
