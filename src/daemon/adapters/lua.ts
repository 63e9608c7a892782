import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { RedisClient } from './redis-client.ts';

export type Script = { readonly text: string; readonly sha: string };

/** The package's root, from src/ as well as from dist/. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!fs.existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) throw new Error('package.json not found above the program');
    folder = parent;
  }
  return folder;
}

/**
 * Reads one of the scripts that lie beside this file; the built program reads them from there too.
 */
export function loadScript(
  name: 'acquire' | 'release' | 'extend' | 'inspect' | 'force-release',
): Script {
  const text = fs.readFileSync(
    path.join(packageRoot(), 'src/daemon/adapters', `${name}.lua`),
    'utf8',
  );
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** Runs a script by hash; a server that forgot it (restart, flush) gets the text again. */
export async function runScript(
  redis: RedisClient,
  script: Script,
  keys: readonly (string | Buffer)[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(script.text, keys.length, ...keys, ...args);
  }
}
