/** Writes docs/configuration.md and docs/config.schema.json from the settings tables; a test fails when they differ. */
import fs from 'node:fs';
import path from 'node:path';
import { configTable } from '../src/config.ts';
import { file_settings } from '../src/config-files.ts';
import { profile_fields } from '../src/config-profile.ts';
import { configSchema } from '../src/config-schema.ts';

const cell = (text: string) => text.replaceAll('|', '\\|');

/** The document as it should be now. */
export function configDocument(): string {
  const rows = configTable().map(([key, setting]) => {
    const computed = typeof setting.fallback === 'function';
    const fallback = computed ? '*from the system*' : cell(String(setting.fallback ?? ''));
    const secret = setting.secret ? 'yes' : '';
    return `| \`${setting.env}\` | \`${key}\` | ${fallback || '-'} | ${secret} | ${cell(setting.doc)} |`;
  });
  const fields = Object.entries(profile_fields).map(
    ([key, { doc }]) => `| \`${key}\` | ${cell(doc)} |`,
  );
  const in_files = [...file_settings.keys()].map((key) => `\`${key}\``).join(', ');
  return [
    '# Configuration',
    '',
    'Written by `node scripts/config-doc.ts` from the tables in `src/config-table.ts` and `src/config-profile.ts`; do not edit by hand.',
    '',
    'The daemon (`petpro serve`) and `petpro demo` read flags and variables, nothing else. The command line and the console read, the stronger first:',
    '',
    '1. flags; the profile that `-p` names counts as one',
    '2. variables of the environment',
    '3. `./.petpro.json`: `profile` and `clinic` only. An address or a secret there is refused: whoever can write into a folder could send your token elsewhere',
    '4. the profile in force ([profiles.md](profiles.md))',
    '5. `$XDG_CONFIG_HOME/petpro/config.json`, else `~/.config/petpro/config.json`',
    '6. `/etc/petpro/config.json`',
    '7. the default',
    '',
    'All problems are reported at once, before anything is done: those of files with their line.',
    '`petpro config list` prints the values in force with their source, secrets masked; `petpro config get clinic --show-origin` every place that says something about one, the winner first; `petpro config path` the files.',
    '`petpro config set|unset|edit|validate` change and check the files; unknown names are refused with the nearest that is known. `config.schema.json` beside your file lets editors help ([config.schema.json](config.schema.json)).',
    '',
    `Beside \`profile\` and \`profiles\` a file of settings may hold: ${in_files}.`,
    '',
    '| field of a profile | meaning |',
    '|---|---|',
    ...fields,
    '',
    '| variable | key | default | secret | meaning |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

export const config_document_file = path.resolve(import.meta.dirname, '../docs/configuration.md');

export const config_schema_file = path.resolve(import.meta.dirname, '../docs/config.schema.json');

/** The schema of a file of settings, as it should be now. */
export const configSchemaText = (): string => `${JSON.stringify(configSchema(), null, 2)}\n`;

if (import.meta.main) {
  fs.writeFileSync(config_document_file, configDocument());
  fs.writeFileSync(config_schema_file, configSchemaText());
}
