import { file_settings } from './config-files.ts';
import { yesNo } from './config-parse.ts';
import { type ProfileField, profile_fields } from './config-profile.ts';
import type { Setting } from './config-table.ts';

/** JSON Schema of a person's file of settings, made of the tables, for editors. */

type Schema = Readonly<Record<string, unknown>>;

const profile_name = '^(?!demo$)[a-z0-9][a-z0-9_-]{0,31}$';

function valueSchema(field: Setting | ProfileField): Schema {
  const { parse, doc: description } = field;
  if ('type' in field && field.type === 'words') {
    return { type: 'array', items: { type: 'string' }, minItems: 1, description };
  }
  if (parse === yesNo) return { type: 'boolean', description };
  if ('words' in parse) return { enum: parse.words, description };
  return { type: 'string', description };
}

function fieldsSchema(fields: Iterable<readonly [string, Setting | ProfileField]>): Schema {
  return Object.fromEntries([...fields].map(([key, field]) => [key, valueSchema(field)]));
}

/** The document of draft 2020-12 that `petpro config schema` prints. */
export function configSchema(): Schema {
  const profile = {
    type: 'object',
    required: ['url'],
    additionalProperties: false,
    properties: fieldsSchema(Object.entries<ProfileField>(profile_fields)),
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'petpro/config.json',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      profile: { type: 'string', description: 'Profile in force when nothing names another.' },
      profiles: {
        type: 'object',
        description: 'Servers, each under a name.',
        propertyNames: { pattern: profile_name },
        additionalProperties: profile,
      },
      ...fieldsSchema(file_settings),
    },
  };
}
