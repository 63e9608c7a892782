import fs from 'node:fs';
import path from 'node:path';
import { type Context, say } from './context.ts';
import { version } from './version.ts';

/** A command line and a daemon of different versions: said once for each pair, not with every command. */

const FILE_NAME = 'version-told.json';
/** Servers that one person talks to, with room to spare; the oldest are told of again. */
const PAIRS_MAX = 50;

/** Fixes change no contract; before 1.0 nothing else is promised. */
const contractOf = (text: string): string => text.split('.').slice(0, 2).join('.');

function readTold(file: string): readonly string[] {
  try {
    const list: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** Keeps in mind what was said. Where nothing can be kept, it is said again: no reason to fail. */
function writeTold(file: string, told: readonly string[]): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(file, `${JSON.stringify(told.slice(-PAIRS_MAX))}\n`, { mode: 0o600 });
  } catch {}
}

/** What a client is to do with the version that each answer names. */
export function skewWatch(context: Context, url: string): (daemon: string) => void {
  let is_seen = false;
  return (daemon) => {
    if (is_seen) return;
    is_seen = true;
    const own = version();
    if (contractOf(own) === contractOf(daemon)) return;
    const file = path.join(context.config.home, FILE_NAME);
    const told = readTold(file);
    const pair = `${url} ${daemon} ${own}`;
    if (told.includes(pair) || context.quiet) return;
    const what = 'some commands may not fit together';
    say(context, `warning: ${url} runs petpro ${daemon}, this is ${own}: ${what}.`);
    writeTold(file, [...told, pair]);
  };
}
