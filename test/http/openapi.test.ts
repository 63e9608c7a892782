import { describe, expect, it } from 'vitest';
import { openApiDocument, problemsOf } from '../../src/daemon/http/openapi.ts';
import { type Endpoint, endpoints } from '../../src/domain/api.ts';
import { problems } from '../../src/domain/errors.ts';
import { shapes } from '../../src/domain/shapes.ts';

const document: unknown = JSON.parse(JSON.stringify(openApiDocument('1.2.3')));

/** What a JSON pointer names, or undefined. */
function at(...path: readonly string[]): unknown {
  let node: unknown = document;
  for (const step of path) {
    if (typeof node !== 'object' || node === null) return undefined;
    node = Reflect.get(node, step);
  }
  return node;
}

function collect(node: unknown, key: string): readonly unknown[] {
  if (Array.isArray(node)) return node.flatMap((item) => collect(item, key));
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...collect(value, key),
  ]);
}

const rows = Object.entries<Endpoint>(endpoints).flatMap(([name, endpoint]) =>
  [{ method: endpoint.method, path: endpoint.path }, ...(endpoint.aliases ?? [])].map(
    ({ method, path }) => [name, path, method.toLowerCase(), endpoint] as const,
  ),
);

describe('the OpenAPI document', () => {
  it('says that it is 3.1 and which version it describes', () => {
    expect(at('openapi')).toBe('3.1.0');
    expect(at('info', 'version')).toBe('1.2.3');
  });

  it('has no reference that leads nowhere', () => {
    const references = collect(document, '$ref').map(String);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      expect(reference).toMatch(/^#\//);
      expect(at(...reference.slice(2).split('/')), reference).toBeDefined();
    }
  });

  it('gives every operation a name of its own', () => {
    const ids = collect(at('paths'), 'operationId');
    expect(ids).toHaveLength(rows.length);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(rows)('%s at %s (%s) is complete', (name, path, method, endpoint) => {
    const operation = ['paths', path, method];
    expect(at(...operation)).toBeDefined();
    const success = String(endpoint.success);
    const type = endpoint.stream === 'out' ? 'application/pdf' : 'application/json';
    const answer = [...operation, 'responses', success, 'content', type, 'schema'];
    expect(at(...answer)).toBeTypeOf('object');
    for (const code of problemsOf(endpoint)) {
      const status = String(problems[code].status);
      const listed = collect(at(...operation, 'responses', status), 'enum').flat();
      expect(listed, `${code} under ${status}`).toContain(code);
    }
    const security = at(...operation, 'security');
    if (endpoint.access === 'public') expect(security).toEqual([]);
    else expect(security).toEqual([{ api_key: [] }, { customer_token: [] }]);
    const parameters = at(...operation, 'parameters');
    const names = collect(parameters, 'name');
    for (const [, spot] of path.matchAll(/\{(\w+)\}/g)) expect(names).toContain(spot);
    const keyed = collect(parameters, '$ref').includes('#/components/parameters/IdempotencyKey');
    expect(keyed).toBe(endpoint.idempotency !== 'none');
    expect(name in shapes).toBe(true);
  });

  it('keeps no trace of how the schemas were written', () => {
    const text = JSON.stringify(document);
    expect(text).not.toContain('$defs');
    expect(text).not.toContain('"$schema"');
  });
});
