// Makes `npm start` and `npm test` install themselves on a fresh clone. Plain JavaScript that runs on
// any Node >= 18, because the Node 26 that we need only arrives with `npm ci`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');
const lock_sha = createHash('sha256')
  .update(fs.readFileSync(path.join(root, 'package-lock.json')))
  .digest('hex');
const stamp = path.join(root, 'node_modules', '.petpro-lock');
const installed = fs.existsSync(stamp) ? fs.readFileSync(stamp, 'utf8') : '';

if (installed !== lock_sha) {
  process.stderr.write('petpro: installing dependencies (npm ci), about 15 s the first time\n');
  const result = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    process.stderr.write(
      'petpro: npm ci failed. Check that this machine reaches its npm registry, then run the command again.\n',
    );
    process.exit(result.status ?? 1);
  }
  fs.writeFileSync(stamp, lock_sha);
}
