import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { buildProgram } from '../../src/commands/cli.ts';
import type { CommandSpec } from '../../src/commands/spec.ts';
import { tree } from '../../src/commands/tree.ts';
import { endpoints } from '../../src/domain/api.ts';
import { access } from '../../src/domain/roles.ts';
import { shapes } from '../../src/domain/shapes.ts';
import { cli } from './harness.ts';

const silent = { out: () => {}, err: () => {}, columns: () => 80 };
const program = buildProgram(silent, async () => {});

function commandOf(spec: CommandSpec): Command {
  const found = spec.path
    .split(' ')
    .reduce<Command | undefined>(
      (parent, word) => parent?.commands.find((one) => one.name() === word),
      program,
    );
  if (found instanceof Command) return found;
  throw new Error(`${spec.path} is not in the program`);
}

const flagsOf = (spec: CommandSpec) => commandOf(spec).options.map((option) => option.long);

/** The body fields of an endpoint, also below a refinement. */
function bodyFields(name: keyof typeof shapes): readonly string[] {
  const { body } = shapes[name];
  return body instanceof z.ZodObject ? Object.keys(body.shape) : [];
}

describe('every command', () => {
  test.each(tree.map((spec) => [spec.path, spec] as const))('%s', async (path, spec) => {
    expect(spec.summary.length).toBeGreaterThan(5);
    expect(spec.summary.endsWith('.')).toBe(false);
    expect(Object.keys(access)).toContain(spec.role);
    expect(spec.examples.length).toBeGreaterThan(0);
    for (const example of spec.examples) expect(example).toContain(`petpro ${path}`);
    const { out, code } = await cli([...path.split(' '), '--help']);
    expect(code).toBe(0);
    for (const common of ['--clinic', '--output', '--json', '--quiet', '--timeout', '--debug']) {
      expect(out).toContain(common);
    }
    expect(out).toContain('Exit codes: 0 1 2');
    for (const example of spec.examples) expect(out).toContain(example);
  });
});

test('every word that only groups others says what it groups', async () => {
  const { out } = await cli(['--help']);
  expect(out).not.toMatch(/^ {2}\S+ +\.?$/m);
});

describe('every mutation', () => {
  const mutations = tree.filter((spec) => spec.mutates !== undefined);

  test('there are some', () => {
    expect(mutations.length).toBeGreaterThan(8);
  });

  test.each(mutations.map((spec) => [spec.path, spec] as const))('%s', (_, spec) => {
    const { endpoint = 'list_clinics' } = spec.mutates ?? {};
    const flags = flagsOf(spec);
    expect(endpoints[endpoint].method).not.toBe('GET');
    expect(endpoints[endpoint].access).toBe(spec.role);
    expect(flags).toContain('--yes');
    expect(flags).toContain('--idempotency-key');
    // A flag is there exactly when the server has a field for it: none is silently dropped.
    const fields = bodyFields(endpoint);
    expect(flags.includes('--reason')).toBe(fields.includes('reason'));
    expect(flags.includes('--if-version')).toBe(fields.includes('expected_version'));
    const can_rehearse = fields.includes('quote') || fields.includes('dry_run');
    expect(flags.includes('--dry-run')).toBe(can_rehearse);
  });

  test('all endpoints that staff change things with have a command', () => {
    const covered = new Set(mutations.map((spec) => spec.mutates?.endpoint));
    const wanted = Object.entries(endpoints)
      .filter(([, endpoint]) => endpoint.method !== 'GET' && endpoint.access !== 'public')
      .map(([name]) => name);
    expect(wanted.filter((name) => !covered.has(name as keyof typeof endpoints))).toEqual([]);
  });
});

test('no two commands share a path', () => {
  const paths = tree.map((spec) => spec.path);
  expect(new Set(paths).size).toBe(paths.length);
});

test('commands --json tells the tree', async () => {
  const { out, code, err } = await cli(['commands', '--json']);
  const document = JSON.parse(out);
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(document).toMatchObject({ api_version: 'petpro/v1', kind: 'CommandList', error: null });
  const cancel = document.items.find((item: { command: string }) => item.command === 'cancel');
  expect(cancel).toMatchObject({
    arguments: ['<reference>'],
    role: 'own_or_desk',
    mutates: true,
    endpoint: 'cancel_booking',
    exits: [0, 1, 2, 3, 4, 5, 6, 9, 11, 130],
  });
});
