import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { endpoints } from '../src/domain/api.ts';
import { problems } from '../src/domain/errors.ts';

/** House rules that neither the compiler nor the linter checks. Each test lists the offenders. */

const root = path.resolve(import.meta.dirname, '..');

/** The only exceptions, each with its reason. */
const exempt = {
  /** Reads the settings, so that nobody else has to. */
  environment: ['src/config.ts', 'src/config-table.ts'],
  /** Started by path, not imported. */
  entries: ['src/main.ts', 'src/sandbox/valkey-child.ts'],
  /** Loads the Unicode tables when the first odd sign comes: they cost more than a whole start. */
  domain_lines: ["src/domain/width.ts: import { createRequire } from 'node:module';"],
  /** Mails are React components; nobody else in the daemon loads React. */
  drawing: ['src/daemon/messages/mail-tree.ts -> react'],
  /** Tables of text or of data: longer than code may be. */
  long_files: [] as readonly string[],
  long_functions: [] as readonly string[],
} as const;

const file_lines_max = 400;
const test_lines_max = 600;
const function_lines_max = 70;
/** Code is formatted to 100; a comment may run over a little rather than break a name. */
const comment_line_max = 120;

type File = { readonly name: string; readonly text: string; readonly lines: readonly string[] };

function readFiles(): readonly File[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    { cwd: root, encoding: 'utf8', maxBuffer: 16_777_216 },
  );
  const wanted = /\.(?:ts|tsx|js|mjs|sql|lua|md)$/;
  const names = listed.split('\0').filter((name) => wanted.test(name));
  return names.flatMap((name) => {
    const file = path.join(root, name);
    if (!fs.existsSync(file)) return [];
    const text = fs.readFileSync(file, 'utf8');
    return [{ name, text, lines: text.replace(/\n$/, '').split('\n') }];
  });
}

const files = readFiles();
const sources = files.filter(({ name }) => /^src\/.*\.tsx?$/.test(name) && !isTest(name));
const tests = files.filter(({ name }) => /^test\/.*\.tsx?$/.test(name) || isTest(name));

function isTest(name: string): boolean {
  return /\.test\.tsx?$/.test(name);
}

/** Text without comments; strings stay. Good enough for formatted code. */
function code(text: string): string {
  return text.replaceAll(/^\s*(?:\/\/|\/\*\*?|\*).*$/gm, '').replaceAll(/\/\*[\s\S]*?\*\//g, '');
}

function importsOf(file: File): readonly string[] {
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g;
  return [...code(file.text).matchAll(pattern)].flatMap(([, target]) => (target ? [target] : []));
}

/** Relative imports as names from the root of the project. */
function localImports(file: File): readonly string[] {
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => path.posix.join(path.posix.dirname(file.name), target));
}

/** `src/daemon/http/x.ts` is of `daemon`; files that lie in src itself are parts of their own. */
function partOf(name: string): string {
  const [, first = '', second] = name.split('/');
  return second === undefined ? first.replace(/\.tsx?$/, '') : first;
}

/** docs/architecture.md §1: who may import whom. Config and log are leaves over the domain. */
const may_import: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  'config-parse': [],
  'config-redis': [],
  'config-messages': ['config-parse', 'config-table'],
  'config-objects': ['config-parse', 'config-table'],
  'config-table': ['config-messages', 'config-objects', 'config-parse', 'config-redis'],
  'config-lines': [],
  'config-profile': ['config-parse', 'config-table'],
  'config-files': ['config-lines', 'config-parse', 'config-profile', 'config-table'],
  'config-schema': ['config-files', 'config-parse', 'config-profile', 'config-table'],
  config: ['config-files', 'config-profile', 'config-table', 'domain'],
  log: [],
  daemon: ['domain', 'config', 'config-redis', 'log'],
  sandbox: ['domain', 'config', 'log', 'daemon'],
  tui: ['domain'],
  load: ['domain', 'config', 'daemon'],
  commands: [
    'domain',
    'config',
    'config-files',
    'config-parse',
    'config-profile',
    'config-redis',
    'config-schema',
    'config-table',
    'log',
    'daemon',
    'sandbox',
    'load',
  ],
  main: ['commands'],
};
/** Single files that may do more, and why. */
const may_also: Readonly<Record<string, readonly string[]>> = {
  // Loads the console lazily: every other command starts without it.
  'src/commands/tui.ts': ['tui'],
  // Prints the table of keys, which has no need of Ink.
  'src/commands/help-keys.ts': ['tui'],
};

describe('layers', () => {
  it('import downwards only', () => {
    const wrong = sources.flatMap((file) => {
      const part = partOf(file.name);
      const allowed = [part, ...(may_import[part] ?? []), ...(may_also[file.name] ?? [])];
      return localImports(file)
        .filter((target) => !allowed.includes(partOf(target)))
        .map((target) => `${file.name} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keep the database and Redis out of the console, and the console out of the rest', () => {
    const banned: Readonly<Record<string, readonly string[]>> = {
      tui: ['postgres', 'ioredis', 'fastify', 'stripe'],
      domain: ['postgres', 'ioredis', 'fastify', 'stripe', 'ink', 'react', 'pino'],
      daemon: ['ink', 'react', 'commander'],
      sandbox: ['ink', 'react', 'commander'],
    };
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((target) => banned[partOf(file.name)]?.includes(target.split('/')[0] ?? ''))
        .map((target) => `${file.name} -> ${target}`),
    );
    const allowed: readonly string[] = exempt.drawing;
    expect(wrong.filter((line) => !allowed.includes(line))).toEqual([]);
  });

  it('leave no file that nobody imports', () => {
    const used = new Set([...sources, ...tests, ...files].flatMap(localImports));
    const entries: readonly string[] = exempt.entries;
    const orphans = sources
      .map(({ name }) => name)
      .filter((name) => !used.has(name) && !entries.includes(name));
    expect(orphans).toEqual([]);
  });

  it('have no barrel files', () => {
    expect(sources.filter(({ name }) => /\/index\.tsx?$/.test(name))).toEqual([]);
  });
});

/** Offending lines as `file:line text`. */
function offenders(among: readonly File[], pattern: RegExp): readonly string[] {
  return among.flatMap((file) =>
    code(file.text)
      .split('\n')
      .flatMap((line) => (pattern.test(line) ? [`${file.name}: ${line.trim()}`] : [])),
  );
}

const domain = sources.filter(({ name }) => name.startsWith('src/domain/'));
const all_code = [...sources, ...tests];

describe('bans', () => {
  it('the domain asks no clock, no dice, no environment, no timer and no network', () => {
    const impure =
      /Temporal\.Now|\bnew Date\(\s*\)|\bDate\.now|Math\.random|\bprocess\.|setTimeout|setInterval|\bfetch\(|randomUUID|\bnode:/;
    const allowed: readonly string[] = exempt.domain_lines;
    expect(offenders(domain, impure).filter((line) => !allowed.includes(line))).toEqual([]);
  });

  it('only the settings read the environment', () => {
    const allowed: readonly string[] = exempt.environment;
    const others = sources.filter(({ name }) => !allowed.includes(name));
    expect(offenders(others, /process\.env\b/)).toEqual([]);
  });

  it('nobody prints past the log and the command line', () => {
    expect(
      offenders(sources, /\bconsole\.(?:log|info|warn|error|debug|trace|dir|table)\(/),
    ).toEqual([]);
  });

  it('tests wait for events, not for time', () => {
    const outside = tests.filter(
      ({ name }) => !name.startsWith('test/helpers/') && name !== 'test/tidy.test.ts',
    );
    expect(offenders(outside, /\bsetTimeout\(|timers\/promises|\bsleep\(/)).toEqual([]);
  });

  it('no test is left out or left alone', () => {
    const pattern = /\b(?:it|test|describe)\.(?:skip|only|todo|fails|skipIf|runIf)\b/;
    expect(offenders(tests, pattern)).toEqual([]);
  });

  it('no any, no ignored types, no enums', () => {
    const pattern =
      /@ts-(?:ignore|nocheck|expect-error)|:\s*any\b|<any>|\bas any\b|^\s*(?:export )?enum /;
    const among = all_code.filter(({ name }) => name !== 'test/tidy.test.ts');
    expect(offenders(among, pattern)).toEqual([]);
  });

  it('no unfinished work, and no path of the machine that it was written on', () => {
    // In two halves, so that this file passes its own test.
    const marks = new RegExp(['TO', 'DO|FIX', 'ME|HA', 'CK\\b'].join(''));
    const wrong = files.flatMap((file) =>
      file.lines.flatMap((line, index) => {
        const is_wrong = marks.test(line) || line.includes(`${root}/`);
        return is_wrong ? [`${file.name}:${index + 1}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

type Span = { readonly from: number; readonly to: number };

/** Where functions begin and end, read from the indentation that the formatter guarantees. */
function functionSpans({ lines }: File): readonly Span[] {
  const heads = [
    /^\s*(?:export )?(?:default )?(?:async )?function\b.*\{$/,
    /=> \{$/,
    /^\s*(?:async |static |get |#)*[\w#]+\(.*\)(?:: [^=]+)? \{$/,
    /^\s*\)(?:: [^=]+)? \{$/,
  ];
  const control = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|do|try)\b/;
  return lines.flatMap((line, from) => {
    if (control.test(line) || !heads.some((head) => head.test(line))) return [];
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const end = lines.slice(from + 1).findIndex((later) => later.startsWith(`${indent}}`));
    return end < 0 ? [] : [{ from, to: from + 1 + end }];
  });
}

/** Lines of a function without those of the functions inside it: a factory is as long as its own steps. */
function ownLength(span: Span, all: readonly Span[]): number {
  const inside = all.filter((other) => other.from > span.from && other.to < span.to);
  const outermost = inside.filter(
    (one) => !inside.some((other) => other.from < one.from && other.to > one.to),
  );
  const total = span.to - span.from + 1;
  return outermost.reduce((length, { from, to }) => length - (to - from + 1), total);
}

describe('sizes', () => {
  it('files stay readable', () => {
    const long: readonly string[] = exempt.long_files;
    const wrong = all_code
      .filter(({ name }) => !long.includes(name))
      .filter(({ name, lines }) => lines.length > (isTest(name) ? test_lines_max : file_lines_max))
      .map(({ name, lines }) => `${name}: ${lines.length}`);
    expect(wrong).toEqual([]);
  });

  it('functions stay readable', () => {
    const long: readonly string[] = exempt.long_functions;
    const wrong = sources
      .filter(({ name }) => !long.includes(name))
      .flatMap((file) => {
        const spans = functionSpans(file);
        return spans
          .map((span) => ({ line: span.from + 1, length: ownLength(span, spans) }))
          .filter(({ length }) => length > function_lines_max)
          .map(({ line, length }) => `${file.name}:${line} has ${length} lines`);
      });
    expect(wrong).toEqual([]);
  });

  it("comments stay readable; code is the formatter's business", () => {
    const wrong = all_code.flatMap(({ name, lines }) =>
      lines.flatMap((line, index) => {
        const is_comment = /^\s*(?:\/\/|\/?\*)/.test(line);
        return is_comment && line.length > comment_line_max ? [`${name}:${index + 1}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('file names are kebab-case', () => {
    const wrong = all_code
      .map(({ name }) => name)
      .filter((name) => !/^[a-z0-9-]+(?:\.test)?\.tsx?$/.test(path.posix.basename(name)));
    expect(wrong).toEqual([]);
  });
});

describe('documents', () => {
  const read = (name: string) => fs.readFileSync(path.join(root, name), 'utf8');
  const rows = (text: string) =>
    [...text.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map(([, key = '', rest = '']) => {
      return [key, rest.split('|').map((cell) => cell.trim())] as const;
    });

  it('docs/errors.md lists every code with its status, exit code and title', () => {
    const expected = Object.entries(problems).map(([code_name, { status, exit, title }]) => {
      return [code_name, String(status), String(exit), title];
    });
    const listed = rows(read('docs/errors.md')).map(([key, cells]) => [key, ...cells.slice(0, 3)]);
    expect(listed).toEqual(expected);
  });

  it('docs/api.md lists every endpoint with its address and access', () => {
    const expected = Object.entries(endpoints).map(([name, { method, path: address, access }]) => {
      return [name, `\`${method} ${address}\``, access];
    });
    const listed = rows(read('docs/api.md')).map(([key, cells]) => [key, ...cells.slice(0, 2)]);
    expect(listed).toEqual(expected);
  });

  it('each migration says in its first line what it is for, and has a number of its own', () => {
    const migrations = files
      .filter(({ name }) => name.startsWith('sql/migrations/'))
      .toSorted((a, b) => a.name.localeCompare(b.name));
    expect(migrations.length).toBeGreaterThan(0);
    for (const { name, lines } of migrations) {
      expect(name).toMatch(/^sql\/migrations\/\d{4}_[a-z0-9_]+\.sql$/);
      expect(lines[0], name).toMatch(/^-- \S.{10,}/);
    }
    const numbers = migrations.map(({ name }) => path.posix.basename(name).slice(0, 4));
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
