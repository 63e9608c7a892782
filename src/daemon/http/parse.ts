import { z } from 'zod';
import type { FieldNames } from '../../domain/aliases.ts';
import type { EndpointName } from '../../domain/api.ts';
import { AppError } from '../../domain/errors.ts';
import { type Input, shapes } from '../../domain/shapes.ts';

/** More is no help to the caller and costs us. */
const issues_max = 50;
const message_max = 200;

type Issue = { readonly path: string; readonly message: string };
type Part = 'path' | 'query' | 'body';
type Raw = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

/** Unknown fields are refused: a misspelt filter must not silently mean "no filter". */
function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject ? schema.strict() : schema;
}

function at(part: Part, path: readonly PropertyKey[]): string {
  return [part, ...path.map(String)].join('.').slice(0, message_max);
}

function issuesOf(part: Part, error: z.ZodError): readonly Issue[] {
  return error.issues.flatMap((issue): readonly Issue[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, issues_max).map((key) => ({
        path: at(part, [...issue.path, key]),
        message: 'Unknown field',
      }));
    }
    return [{ path: at(part, issue.path), message: issue.message.slice(0, message_max) }];
  });
}

/** PostgreSQL takes neither U+0000 nor half a surrogate pair; both are refused at the door. */
function storable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const _ in value) return false;
  return true;
}

/** Path and query of most endpoints: nothing to parse when nothing was sent. */
function takesNothing(schema: z.ZodType): boolean {
  return schema instanceof z.ZodObject && Object.keys(schema.shape).length === 0;
}

function unstorable(value: unknown, path: string): string | null {
  if (typeof value === 'string') return storable(value) ? null : path;
  if (typeof value !== 'object' || value === null) return null;
  for (const key in value) {
    if (!storable(key)) return path;
    const inner: unknown = Reflect.get(value, key);
    if (typeof inner === 'string' && storable(inner)) continue;
    const found = unstorable(inner, `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

function refuse(errors: readonly Issue[]): never {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = first ? `${first.path}: ${first.message}${more}.` : 'The request is not valid.';
  throw new AppError('invalid_input', detail, { errors: errors.slice(0, issues_max) });
}

const namesOf = (schema: z.ZodType) =>
  new Set(schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);

/** Which fields an endpoint takes in its path, its query and its body. */
export function fieldNames(name: EndpointName): FieldNames {
  const { params, query, body } = shapes[name];
  return { params: namesOf(params), query: namesOf(query), body: namesOf(body) };
}

/**
 * The function that turns path, query and body of one endpoint into its parsed input, or throws
 * `invalid_input` with all issues in `errors`. Built once per route.
 */
export function inputParser<N extends EndpointName>(name: N): (raw: Raw) => Input<N> {
  const shape = shapes[name];
  const parts: readonly (readonly [Part, keyof Raw, z.ZodType, boolean])[] = [
    ['path', 'params', strict(shape.params), takesNothing(shape.params)],
    ['query', 'query', strict(shape.query), takesNothing(shape.query)],
    ['body', 'body', strict(shape.body), takesNothing(shape.body)],
  ];
  return (raw) => {
    const input: Record<string, unknown> = {};
    const errors: Issue[] = [];
    for (const [part, key, schema, takes_nothing] of parts) {
      // An absent body is an empty one; a body that says null is not.
      const value = raw[key] === undefined ? {} : raw[key];
      if (takes_nothing && isEmpty(value)) continue;
      const broken = unstorable(value, part);
      if (broken !== null) {
        errors.push({ path: broken.slice(0, message_max), message: 'Text that cannot be stored' });
        continue;
      }
      const parsed = schema.safeParse(value);
      if (parsed.success) Object.assign(input, parsed.data);
      else errors.push(...issuesOf(part, parsed.error));
    }
    if (errors.length > 0) refuse(errors);
    // The three schemas of this very endpoint produced the three parts; TypeScript cannot follow
    // that.
    return input as Input<N>;
  };
}
