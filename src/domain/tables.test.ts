import { describe, expect, it } from 'vitest';
import type { Alias } from './aliases.ts';
import { type Endpoint, endpoints } from './api.ts';
import { allowedMoves, booking_statuses, isFinal } from './booking.ts';
import { AppError, assertNever, isProblemCode, problems } from './errors.ts';
import { access, mayAccess, roles, seesPersonalData } from './roles.ts';
import { shapes } from './shapes.ts';

const rows = Object.entries<Endpoint>(endpoints);
const spots = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);

describe('the endpoint table', () => {
  it('has shapes for each row, and no shape without a row', () => {
    expect(Object.keys(shapes).sort()).toEqual(Object.keys(endpoints).sort());
  });

  it('gives every method and address to one endpoint only', () => {
    const addresses = rows.flatMap(([, { method, path, aliases = [] }]) =>
      [{ method, path }, ...aliases].map((address) =>
        `${address.method} ${address.path}`.replaceAll(/\{\w+\}/g, '{}'),
      ),
    );
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  it.each(rows)('%s: its path parameters are those of its shape', (name, endpoint) => {
    const known = Object.keys(shapes[name as keyof typeof shapes].params.shape);
    expect(spots(endpoint.path).sort()).toEqual(known.sort());
    const { params, query, body } = shapes[name as keyof typeof shapes];
    const fields = [params, query, body].flatMap((one) =>
      'shape' in one ? Object.keys(one.shape) : [],
    );
    const ours = (alias: Alias, word: string) => {
      const said = alias.names?.[word];
      return said === undefined ? word : said;
    };
    for (const alias of endpoint.aliases ?? []) {
      const said = [...spots(alias.path).map(String), ...Object.keys(alias.names ?? {})];
      const unknown = said
        .map((word) => ours(alias, word))
        .filter((word) => word !== null && !word.startsWith('@') && !fields.includes(word));
      expect(unknown, alias.path).toEqual([]);
    }
  });

  it.each(rows)('%s: only mutations keep idempotency keys', (_name, endpoint) => {
    const is_read = endpoint.method === 'GET';
    const is_webhook = endpoint.access === 'public';
    expect(endpoint.idempotency === 'none').toBe(is_read || is_webhook);
  });

  it('never gives one name to a path, a query and a body field', () => {
    for (const shape of Object.values(shapes)) {
      const names = [shape.params, shape.query, shape.body].flatMap((part) =>
        'shape' in part ? Object.keys(part.shape) : [],
      );
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe('the role table', () => {
  it('denies by default', () => {
    for (const needed of Object.keys(access) as (keyof typeof access)[]) {
      for (const role of roles) {
        const listed = (access[needed] as readonly string[]).includes(role);
        expect(mayAccess(role, needed)).toBe(needed === 'public' || listed);
      }
    }
  });

  it('lets admins do all that any operator may', () => {
    for (const [needed, allowed] of Object.entries(access)) {
      if (needed !== 'public' && needed !== 'own') expect(allowed).toContain('admin');
    }
  });

  it('lets nobody speak for a customer', () => {
    expect(roles.filter((role) => mayAccess(role, 'own'))).toEqual(['customer']);
  });

  it('keeps customers away from the desk and from operations', () => {
    expect(mayAccess('customer', 'desk')).toBe(false);
    expect(mayAccess('customer', 'view')).toBe(false);
    expect(mayAccess('customer', 'sre')).toBe(false);
    expect(mayAccess('customer', 'own_or_desk')).toBe(true);
  });

  it('masks personal data for those who run the machines', () => {
    expect(roles.filter((role) => !seesPersonalData(role))).toEqual(['sre', 'ci']);
  });
});

describe('the error table', () => {
  it('uses statuses and exit codes that exist', () => {
    for (const { status, exit, title } of Object.values(problems)) {
      expect(status).toBeGreaterThanOrEqual(207);
      expect(status).toBeLessThan(600);
      expect(exit).toBeGreaterThan(0);
      expect(exit).toBeLessThan(144);
      expect(title).toMatch(/^[A-Z].*[^.]$/);
    }
  });

  it('knows its own codes only', () => {
    expect(isProblemCode('slot_taken')).toBe(true);
    expect(isProblemCode('toString')).toBe(false);
    expect(isProblemCode('ok')).toBe(false);
  });

  it('keeps detail, facts and cause of a failure', () => {
    const cause = new Error('why');
    const error = new AppError('slot_taken', 'Gone.', { retry_after_ms: 5 }, { cause });
    expect(error).toMatchObject({ code: 'slot_taken', detail: 'Gone.', message: 'Gone.', cause });
    expect(error.facts).toEqual({ retry_after_ms: 5 });
  });

  it('stops at a union member that nobody handled', () => {
    expect(() => assertNever('new' as never)).toThrow('Unhandled case: "new"');
  });
});

describe('booking states', () => {
  it('leaves no final state', () => {
    expect(booking_statuses.filter(isFinal)).toEqual(['completed', 'cancelled', 'no-show']);
    for (const status of booking_statuses) {
      expect(allowedMoves(status).length === 0).toBe(isFinal(status));
    }
  });

  it('starts a visit before it completes it', () => {
    expect(allowedMoves('confirmed')).not.toContain('completed');
    expect(allowedMoves('in-progress')).toEqual(['completed']);
  });
});
