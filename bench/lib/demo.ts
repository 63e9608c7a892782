/** A whole product to measure: `petpro demo` of this tree or of an older commit, in a home of its own. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('../..', import.meta.url));
const BUILD_LIMIT_MS = 120_000;
const DEMO_LIMIT_MS = 180_000;

export type Demo = {
  readonly root: string;
  readonly url: string;
  readonly database_url: string;
  readonly redis_url: string | null;
  readonly stripe_url: string;
  readonly clinic_id: string;
  readonly tokens: { readonly ci: string; readonly customer: string; readonly admin: string };
  readonly pids: { readonly daemon: number; readonly postgres: number; readonly redis: number };
};

type Ref = { readonly pid: number } | null;

function build(root: string): void {
  execFileSync(path.join(root, 'node_modules/.bin/rolldown'), ['-c', 'rolldown.config.mjs'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: BUILD_LIMIT_MS,
  });
}

/**
 * A built copy of a commit, or of the files as they lie here when `ref` is null (then
 * PETPRO_BENCH_REF may name a commit to measure instead). A copy, because a build under a running
 * benchmark would change what is measured. Dependencies are this tree's.
 */
export function checkOut(wanted: string | null): { readonly root: string } & Disposable {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-bench-tree-'));
  const ref = wanted ?? process.env['PETPRO_BENCH_REF'] ?? null;
  if (ref === null) {
    const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const files = execFileSync('git', listed, { cwd: here, encoding: 'utf8' }).split('\0');
    for (const file of files) {
      const source = path.join(here, file);
      if (file === '' || !fs.existsSync(source)) continue;
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.copyFileSync(source, path.join(root, file));
    }
  } else {
    const archive = path.join(root, 'tree.tar');
    execFileSync('git', ['archive', '-o', archive, ref], { cwd: here });
    execFileSync('tar', ['-xf', archive, '-C', root]);
    fs.rmSync(archive);
  }
  fs.symlinkSync(path.join(here, 'node_modules'), path.join(root, 'node_modules'));
  build(root);
  return {
    root,
    [Symbol.dispose]: () => fs.rmSync(root, { recursive: true, force: true }),
  };
}

function petpro(root: string, args: readonly string[]): string {
  return execFileSync(process.execPath, [path.join(root, 'bin/petpro.js'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: DEMO_LIMIT_MS,
  });
}

/** Brings a demo up and takes it down, with its home, at the end of the block. */
export function startDemo(root: string): Demo & Disposable {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-bench-'));
  const demo = JSON.parse(petpro(root, ['demo', 'up', '--detach', '--json', '--home', home]));
  const state = JSON.parse(fs.readFileSync(path.join(home, 'demo.json'), 'utf8'));
  const pidOf = (ref: Ref) => ref?.pid ?? 0;
  const { daemon, postgres, redis } = state.pids;
  return {
    ...demo,
    root,
    pids: { daemon: pidOf(daemon), postgres: pidOf(postgres), redis: pidOf(redis) },
    [Symbol.dispose]: () => {
      petpro(root, ['demo', 'down', '--home', home]);
      fs.rmSync(home, { recursive: true, force: true });
    },
  };
}
