/** Writes docs/events/*.json from the schemas of the events; a test compares. */
import fs from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { event_types } from '../src/domain/events.ts';
import { envelope_schema, event_specs } from '../src/domain/events-schema.ts';

export const events_folder = path.resolve(import.meta.dirname, '../docs/events');
const index_file = path.resolve(import.meta.dirname, '../docs/events.md');
const from = '<!-- table: node scripts/events-doc.ts -->';
const to = '<!-- end of table -->';

/** File name -> JSON Schema (2020-12) of one event. Fields may be added, so others are allowed. */
export function eventSchemas(): ReadonlyMap<string, string> {
  const files = event_types.map((event_type) => {
    const { aggregate, says, payload } = event_specs[event_type];
    const schema = envelope_schema
      .extend({
        event_type: z.literal(event_type),
        aggregate_type: z.literal(aggregate),
        payload,
      })
      .meta({ title: event_type, description: says });
    const document = z.toJSONSchema(schema, {
      io: 'input',
      // The format says it already, in one word.
      override: ({ jsonSchema }) => {
        if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
      },
    });
    const text = JSON.stringify(document, null, 2);
    return [`${event_type}.json`, `${text}\n`] as const;
  });
  return new Map(files);
}

/** docs/events.md with its table brought up to date. */
export function eventsDocument(): string {
  const text = fs.readFileSync(index_file, 'utf8');
  const rows = event_types.map((event_type) => {
    const { aggregate, says } = event_specs[event_type];
    return `| [${event_type}](events/${event_type}.json) | ${aggregate} | ${says} |`;
  });
  const table = ['| event | about a | says |', '|---|---|---|', ...rows].join('\n');
  const start = text.indexOf(from) + from.length;
  return `${text.slice(0, start)}\n\n${table}\n\n${text.slice(text.indexOf(to))}`;
}

if (import.meta.main) {
  const schemas = eventSchemas();
  fs.mkdirSync(events_folder, { recursive: true });
  for (const name of fs.readdirSync(events_folder)) {
    if (!schemas.has(name)) fs.rmSync(path.join(events_folder, name));
  }
  for (const [name, text] of schemas) fs.writeFileSync(path.join(events_folder, name), text);
  fs.writeFileSync(index_file, eventsDocument());
}
