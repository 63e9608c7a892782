// Builds the bench beside the packages (Node does not read .tsx) and runs it: node bench/tui/run.mjs
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { rolldown } from 'rolldown';

const root = path.resolve(import.meta.dirname, '../..');
const dir = path.join(root, 'node_modules', '.cache', `petpro-tui-bench-${process.pid}`);
const bundle = await rolldown({
  cwd: root,
  input: 'bench/tui/key-to-paint.tsx',
  platform: 'node',
  external: [/^[^./]/],
  transform: { target: 'node26', jsx: { runtime: 'automatic' } },
});
await bundle.write({ dir, format: 'esm' });
await bundle.close();
const env = { ...process.env, NODE_ENV: 'production' };
const entry = path.join(dir, 'key-to-paint.js');
const done = spawnSync(process.execPath, [entry], { env, stdio: 'inherit', cwd: root });
fs.rmSync(dir, { recursive: true, force: true });
process.exit(done.status ?? 1);
