import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { shapes } from '../domain/shapes.ts';
import type { Context } from './context.ts';
import { nearest } from './help-nearest.ts';
import { printList, printOne } from './output.ts';
import { kinds } from './output-kinds.ts';
import type { Args } from './spec.ts';

/** JSON Schemas of the documents that `--json` prints, made of the shapes that the API is held to. */

type Json = { [key: string]: unknown };

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields are only ever added, so no schema of ours may forbid what a newer version adds. */
function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isObject(value)) return value;
  const pairs = Object.entries(value)
    .filter(([name, inner]) => !(name === 'additionalProperties' && inner === false))
    .map(([name, inner]) => [name, opened(inner)] as const);
  return Object.fromEntries(pairs);
}

/** What one item of the answer of an endpoint is: of a page an item of it, else the whole. */
function itemOf(endpoint: keyof typeof shapes): { readonly item: unknown; readonly defs: Json } {
  const whole: Json = {
    ...z.toJSONSchema(shapes[endpoint].output, {
      io: 'output',
      unrepresentable: 'any',
      reused: 'inline',
    }),
  };
  const { $defs } = whole;
  delete whole['$schema'];
  delete whole['$defs'];
  const name = String(whole['$ref'] ?? '').replace('#/$defs/', '');
  const named = isObject($defs) ? $defs[name] : undefined;
  const properties = isObject(named) ? named['properties'] : whole['properties'];
  const items = isObject(properties) ? properties['items'] : undefined;
  const element = isObject(items) && items['type'] === 'array' ? items['items'] : undefined;
  const defs = opened($defs);
  return { item: opened(element ?? whole), defs: isObject(defs) ? defs : {} };
}

/** The schema of a document of this kind; null when no command prints such a thing. */
export function schemaOf(kind: string): Json | null {
  const names = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (names === undefined) return null;
  const parts = names.map(itemOf);
  const [only, ...others] = parts.map(({ item }) => item);
  const item = only ?? { type: 'object' };
  const defs = Object.assign({}, ...parts.map((part) => part.defs));
  const failed = kind === 'Error';
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `petpro/v1 ${kind}`,
    type: 'object',
    required: ['api_version', 'kind', 'items', 'meta', 'error'],
    properties: {
      api_version: { const: 'petpro/v1' },
      kind: { const: kind },
      items: {
        type: 'array',
        items: others.length === 0 ? item : { anyOf: [item, ...others] },
        ...(failed ? { maxItems: 0 } : {}),
      },
      meta: {
        type: 'object',
        required: ['as_of', 'cursor', 'stale'],
        properties: {
          as_of: { type: 'string' },
          cursor: { type: ['string', 'null'] },
          stale: { type: 'boolean' },
        },
      },
      error: failed
        ? {
            type: 'object',
            required: ['code', 'title', 'status', 'exit', 'detail', 'next'],
            properties: {
              code: { type: 'string' },
              title: { type: 'string' },
              status: { type: 'integer' },
              exit: { type: 'integer' },
              detail: { type: 'string' },
              next: { type: 'string' },
            },
          }
        : { type: 'null' },
    },
    ...(Object.keys(defs).length === 0 ? {} : { $defs: defs }),
  };
}

/** `petpro commands schema [KIND]` */
export async function schema(context: Context, args: Args): Promise<undefined> {
  const [kind] = args.positional;
  if (kind === undefined) {
    printList(context, {
      kind: 'KindList',
      items: Object.entries(kinds).map(([name, endpoints]) => ({ kind: name, endpoints })),
      columns: [
        { head: 'KIND', text: (one) => one.kind, whole: true },
        { head: 'ITEMS OF', text: (one) => one.endpoints.join(', ') || 'the command itself' },
      ],
      csv: ['kind', 'endpoints'],
      name: (one) => one.kind,
    });
    return;
  }
  const found = schemaOf(kind);
  if (found === null) {
    const [near] = nearest(kind, Object.keys(kinds));
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    const next = near === undefined ? 'petpro commands schema' : `petpro commands schema ${near}`;
    throw new AppError('not_found', `No document is of kind "${kind}".${hint}`, { next });
  }
  if (context.mode === 'table' || context.mode === 'wide') {
    context.io.out(`${JSON.stringify(found, null, 2)}\n`);
    return;
  }
  const item = { kind, schema: found };
  printOne(context, { kind: 'Schema', item, csv: ['kind', 'schema'], name: kind, lines: [] });
}
