import { z } from 'zod';
import type { Alias } from '../../domain/aliases.ts';
import { type Endpoint, type EndpointName, endpoints } from '../../domain/api.ts';
import { file_types } from '../../domain/attachment.ts';
import { type ProblemCode, problems } from '../../domain/errors.ts';
import { access } from '../../domain/roles.ts';
import { shapes } from '../../domain/shapes.ts';
import { addressesOf } from './addresses.ts';

type Schema = { readonly [key: string]: unknown };
type Components = Record<string, unknown>;

/** What every endpoint may answer, whatever it does (api.ts). */
const common_problems: readonly ProblemCode[] = [
  'invalid_input',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'payload_too_large',
  'uri_too_long',
  'headers_too_large',
  'rate_limited',
  'internal',
  'unavailable',
];
const signed_in_problems: readonly ProblemCode[] = ['unauthorized', 'forbidden'];

/** All codes that an endpoint may answer; the contract tests hold the daemon to it. */
export function problemsOf(endpoint: Endpoint): readonly ProblemCode[] {
  const codes = new Set([...common_problems, ...endpoint.problems]);
  if (endpoint.access !== 'public') for (const code of signed_in_problems) codes.add(code);
  if (endpoint.method !== 'GET') codes.add('unsupported_media_type');
  if (endpoint.idempotency === 'stored') codes.add('conflict');
  return [...codes];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Moves `$defs` of a zod schema to the document's components and points the references there. */
function hoist(node: unknown, components: Components): unknown {
  if (Array.isArray(node)) return node.map((item) => hoist(item, components));
  if (!isSchema(node)) return node;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === '$schema' || key === 'id') continue;
    if (key === '$defs' && isSchema(value)) {
      for (const [name, schema] of Object.entries(value)) {
        components[name] = hoist(schema, components);
      }
    } else if (key === '$ref' && typeof value === 'string') {
      result[key] = value.replace('#/$defs/', '#/components/schemas/');
    } else if (key === 'properties' && isSchema(value)) {
      const entries = Object.entries(value).map(([name, inner]) => [
        name,
        hoist(inner, components),
      ]);
      result[key] = Object.fromEntries(entries);
    } else result[key] = hoist(value, components);
  }
  return result;
}

function toSchema(schema: z.ZodType, io: 'input' | 'output', components: Components): Schema {
  const json: Schema = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  const name = schema.meta()?.id;
  const hoisted = hoist(json, components);
  if (!isSchema(hoisted)) throw new Error('A JSON schema is an object');
  if (name === undefined) return hoisted;
  components[name] = hoisted;
  return { $ref: `#/components/schemas/${name}` };
}

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodType,
  components: Components,
): readonly Schema[] {
  const { properties, required } = toSchema(schema, 'input', components);
  if (!isSchema(properties)) return [];
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = isSchema(property) ? property : {};
    return {
      name,
      in: place,
      required: place === 'path' || needed.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

/**
 * One response per status; the codes that share it are listed, so that a client can switch on them.
 */
function problemResponses(endpoint: Endpoint): Record<string, Schema> {
  const by_status = new Map<number, ProblemCode[]>();
  for (const code of problemsOf(endpoint)) {
    const { status } = problems[code];
    by_status.set(status, [...(by_status.get(status) ?? []), code]);
  }
  const entries = [...by_status].map(([status, codes]) => {
    const lines = codes.map((code) => `\`${code}\`: ${problems[code].title}`);
    const retry = status === 429 || status === 503 || status === 409;
    return [
      String(status),
      {
        description: lines.join('\n\n'),
        ...(retry ? { headers: { 'Retry-After': { schema: { type: 'integer' } } } } : {}),
        content: {
          'application/problem+json': {
            schema: {
              allOf: [
                { $ref: '#/components/schemas/Problem' },
                { properties: { code: { enum: codes } } },
              ],
            },
          },
        },
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}

function requestBody(endpoint: Endpoint, schema: Schema): Schema {
  if (endpoint.method === 'GET' || endpoint.method === 'DELETE') return {};
  if (endpoint.stream === 'in') return { requestBody: { required: true, content: file_content } };
  const needed = Array.isArray(schema['required']) && schema['required'].length > 0;
  return { requestBody: { required: needed, content: { 'application/json': { schema } } } };
}

const bytes = { schema: { type: 'string', format: 'binary' } };
/** The bodies of those endpoints that speak bytes: one entry for each type of file. */
const file_content = Object.fromEntries(file_types.map((type) => [type, bytes]));

const tag_header = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag of the answer that the client has; 304 when it still holds.',
  schema: { type: 'string' },
};
const idempotency_header = { $ref: '#/components/parameters/IdempotencyKey' };

function operation(name: EndpointName, endpoint: Endpoint, components: Components): Schema {
  const shape = shapes[name];
  const is_public = endpoint.access === 'public';
  const parameters = [
    ...parametersOf('path', shape.params, components),
    ...parametersOf('query', shape.query, components),
    ...(endpoint.idempotency === 'none' ? [] : [idempotency_header]),
    ...(endpoint.is_tagged ? [tag_header] : []),
  ];
  const roles = is_public ? 'No token needed.' : `Roles: ${access[endpoint.access].join(', ')}.`;
  return {
    operationId: name,
    summary: endpoint.summary,
    description: roles,
    tags: [/^\/(?:v1\/)?(\w+)/.exec(endpoint.path)?.[1] ?? 'other'],
    security: is_public ? [] : [{ api_key: [] }, { customer_token: [] }],
    parameters,
    ...requestBody(endpoint, toSchema(shape.body, 'input', components)),
    responses: {
      [endpoint.success]: {
        description: endpoint.success === 201 ? 'Created' : 'Done',
        headers: {
          'X-Request-Id': { schema: { type: 'string' } },
          ...(endpoint.is_tagged ? { ETag: { schema: { type: 'string' } } } : {}),
          ...(endpoint.idempotency === 'none'
            ? {}
            : { 'Idempotency-Replayed': { schema: { type: 'string', enum: ['true'] } } }),
        },
        content:
          endpoint.stream === 'out'
            ? file_content
            : { 'application/json': { schema: toSchema(shape.output, 'output', components) } },
      },
      ...(endpoint.is_tagged ? { 304: { description: 'Nothing has changed since' } } : {}),
      ...problemResponses(endpoint),
    },
  };
}

const problem_schema = {
  type: 'object',
  description: 'RFC 9457. `code` is stable; more members may follow, by code.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
  properties: {
    type: { type: 'string', description: 'Address of a page that explains the code' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'The request id, to be quoted in a report' },
    code: { type: 'string' },
    retry_after_ms: { type: 'number' },
    errors: {
      type: 'array',
      description: 'With invalid_input: every field that is wrong',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

const security_schemes = {
  api_key: { type: 'http', scheme: 'bearer', description: 'Operators and machines: `ppk_...`' },
  customer_token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: "Customers: a token of the platform's Auth service",
  },
};

const idempotency_parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'A repeated call with the same key within 24 h has one effect and one answer.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

/** What differs at an alias: which fields stand in its path, and the names that it takes beside ours. */
function atAlias(alias: Alias, canonical: Schema): Schema {
  const spots = [...alias.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const known: readonly unknown[] = Array.isArray(canonical['parameters'])
    ? canonical['parameters']
    : [];
  const others = known.flatMap((one) => {
    if (!isSchema(one) || !('name' in one)) return [one];
    if (spots.includes(String(one['name']))) return [];
    return one['in'] === 'path' ? [{ ...one, in: 'query' }] : [one];
  });
  const in_path = spots.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const names = Object.entries(alias.names ?? {}).flatMap(([theirs, ours]) =>
    ours === null || ours.startsWith('@') ? [`\`${theirs}\``] : [`\`${theirs}\` (${ours})`],
  );
  const also = names.length === 0 ? '' : ` Also takes: ${names.join(', ')}.`;
  return {
    parameters: [...in_path, ...others],
    description: `${String(canonical['description'])}${also}`,
  };
}

/** The OpenAPI 3.1 document, derived from the endpoint table and its schemas. */
export function openApiDocument(version: string): Schema {
  const components: Components = { Problem: problem_schema };
  const paths: Record<string, Record<string, Schema>> = {};
  const names = Object.keys(endpoints) as EndpointName[];
  for (const name of names) {
    const endpoint: Endpoint = endpoints[name];
    const canonical = operation(name, endpoint, components);
    addressesOf(endpoint).forEach(({ method, path, alias }, index) => {
      const item = paths[path] ?? {};
      const operationId = index === 0 ? name : `${name}_${method.toLowerCase()}_${index}`;
      item[method.toLowerCase()] = {
        ...canonical,
        ...(alias === null ? {} : atAlias(alias, canonical)),
        operationId,
      };
      paths[path] = item;
    });
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'PetPro Ops',
      version,
      description: 'Slots, holds, bookings, payments and the live feed of a booking engine.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components,
      securitySchemes: security_schemes,
      parameters: { IdempotencyKey: idempotency_parameter },
    },
  };
}
