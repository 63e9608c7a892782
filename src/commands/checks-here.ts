import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { configTable, describeConfig } from '../config.ts';
import { type Check, fail, pass, skip, warn } from './checks.ts';

/** Checks of this machine: runtime, settings, terminal, disk. */

const OLDEST_NODE = 26;
const MIB = 1_048_576;
const DISK_WARN_MIB = 1_024;
const DISK_FAIL_MIB = 100;
const COLUMNS_MIN = 80;
const ROWS_MIN = 24;

/** True when the locale says that the terminal shows more than ASCII. */
export function isUtf8(locale: string): boolean {
  return /utf-?8/i.test(locale);
}

/** The folder itself, or the nearest one above it that exists. */
function existing(folder: string): string {
  let at = folder;
  while (statSync(at, { throwIfNoEntry: false }) === undefined && path.dirname(at) !== at) {
    at = path.dirname(at);
  }
  return at;
}

export const checks_here: readonly Check[] = [
  {
    id: 'runtime.node',
    look: async () => {
      const { node } = process.versions;
      return Number(node.split('.')[0]) >= OLDEST_NODE
        ? pass(`Node.js ${node}`)
        : fail(`Node.js ${node} is too old`, `install Node.js ${OLDEST_NODE} or newer`);
    },
  },
  {
    id: 'config.values',
    look: async ({ context }) => {
      // A setting that cannot be read has ended the command before any check.
      const rows = describeConfig(context.config).filter((row) => row.source !== 'default');
      return pass(`${configTable().length} settings, ${rows.length} of them given`);
    },
  },
  {
    id: 'config.token_file',
    look: async ({ context }) => {
      const { token_file } = context.config;
      if (token_file === null) return skip('PETPRO_TOKEN_FILE is not set');
      const { mode } = statSync(token_file);
      return (mode & 0o077) === 0
        ? pass(`${token_file} is readable by its owner only`)
        : warn(`${token_file} can be read by others`, `chmod 600 ${token_file}`);
    },
  },
  {
    id: 'terminal.size',
    look: async ({ context }) => {
      const { io } = context;
      if (!io.is_tty) return skip('not a terminal');
      const size = `${io.columns()}x${io.rows()}`;
      return io.columns() >= COLUMNS_MIN && io.rows() >= ROWS_MIN
        ? pass(size)
        : warn(
            `${size} is small for the console`,
            `make the window ${COLUMNS_MIN}x${ROWS_MIN} or larger`,
          );
    },
  },
  {
    id: 'terminal.type',
    look: async ({ context }) => {
      const { term } = context.config;
      if (!context.io.is_tty) return skip('not a terminal');
      if (term === '' || term === 'dumb') {
        return warn(`TERM is "${term}": no full-screen console`, 'export TERM=xterm-256color');
      }
      return pass(term);
    },
  },
  {
    id: 'terminal.charset',
    look: async ({ context }) => {
      const { locale } = context.config;
      if (!context.io.is_tty) return skip('not a terminal');
      return isUtf8(locale)
        ? pass(locale)
        : warn(`"${locale}" is not UTF-8: names may be unreadable`, 'export LC_ALL=C.UTF-8');
    },
  },
  {
    id: 'disk.space',
    look: async ({ context }) => {
      const folder = existing(context.config.home);
      const { bavail, bsize } = await statfs(folder);
      const free_mib = Math.floor((bavail * bsize) / MIB);
      const said = `${free_mib} MiB free at ${folder}`;
      if (free_mib < DISK_FAIL_MIB) return fail(said, 'free some space');
      return free_mib < DISK_WARN_MIB ? warn(said, 'free some space') : pass(said);
    },
  },
];
