// Applies patches/postgres-3.4.9.patch to node_modules (strict: exact context, no fuzz; idempotent).
// Published postgres 3.4.9 can run a statement outside its transaction after a lost connection
// (docs/adr/0002-patched-driver.md). The daemon refuses to start on an unpatched driver.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const package_dir = path.join(root, 'node_modules', 'postgres');
const expected = JSON.parse(
  fs.readFileSync(path.join(root, 'patches/postgres-3.4.9.json'), 'utf8'),
);
const patch = fs.readFileSync(path.join(root, 'patches/postgres-3.4.9.patch'), 'utf8');

const hashOf = (file) =>
  createHash('sha256')
    .update(fs.readFileSync(path.join(package_dir, file)))
    .digest('hex')
    .slice(0, 16);

function stateOf(file) {
  const hash = hashOf(file);
  if (hash === expected[file].after) return 'patched';
  return hash === expected[file].before ? 'pristine' : 'unknown';
}

/** Reads a unified diff into [{ file, hunks: [{ start, old_lines, new_lines }] }]. */
function parsePatch(text) {
  const files = [];
  for (const line of text.split('\n')) {
    const file = /^\+\+\+ b\/(\S+)/.exec(line)?.[1];
    const start = /^@@ -(\d+)/.exec(line)?.[1];
    const hunk = files.at(-1)?.hunks.at(-1);
    if (file) files.push({ file, hunks: [] });
    else if (start) files.at(-1).hunks.push({ start: Number(start), old_lines: [], new_lines: [] });
    else if (!hunk || /^(diff |--- )/.test(line)) continue;
    else if (line[0] === ' ') {
      hunk.old_lines.push(line.slice(1));
      hunk.new_lines.push(line.slice(1));
    } else if (line[0] === '-') hunk.old_lines.push(line.slice(1));
    else if (line[0] === '+') hunk.new_lines.push(line.slice(1));
  }
  return files;
}

function apply({ file, hunks }) {
  const target = path.join(package_dir, file);
  const lines = fs.readFileSync(target, 'utf8').split('\n');
  let shift = 0;
  for (const { start, old_lines, new_lines } of hunks) {
    const at = start - 1 + shift;
    old_lines.forEach((line, i) => {
      if (lines[at + i] !== line) throw new Error(`patch-deps: ${file}:${at + i + 1} differs`);
    });
    lines.splice(at, old_lines.length, ...new_lines);
    shift += new_lines.length - old_lines.length;
  }
  fs.writeFileSync(target, lines.join('\n'));
  if (stateOf(file) !== 'patched') throw new Error(`patch-deps: ${file} has an unexpected result`);
}

const states = Object.keys(expected).map(stateOf);
if (!states.every((state) => state === 'patched')) {
  if (states.includes('unknown')) {
    process.stderr.write(
      'patch-deps: node_modules/postgres is neither the pristine nor the patched 3.4.9; run "npm ci" again\n',
    );
    process.exit(1);
  }
  for (const file of parsePatch(patch)) if (stateOf(file.file) === 'pristine') apply(file);
}
