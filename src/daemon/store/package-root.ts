import fs from 'node:fs';
import path from 'node:path';

/** The folder of our package.json, found from src/ and from dist/ alike; sql/ lies beside it. */
export function packageRoot(): string {
  for (let dir = import.meta.dirname; ; dir = path.dirname(dir)) {
    const file = path.join(dir, 'package.json');
    if (fs.existsSync(file) && JSON.parse(fs.readFileSync(file, 'utf8')).name === 'petpro') {
      return dir;
    }
    if (dir === path.dirname(dir)) throw new Error('package.json of petpro was not found');
  }
}
