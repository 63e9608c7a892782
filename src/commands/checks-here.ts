import fs from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { configTable, describeConfig, inheritedEnv } from '../config.ts';
import {
  type Check,
  type Finding,
  fail,
  type Mend,
  pass,
  skip,
  type Tools,
  warn,
} from './checks.ts';
import { completionFile } from './checks-completion.ts';
import { judgeZones, knowsTime } from './checks-zones.ts';

/** Checks of this machine: runtime, settings, files, disk, and what other commands need. */

const OLDEST_NODE = 26;
const MIB = 1_048_576;
const DISK_WARN_MIB = 1_024;
const DISK_FAIL_MIB = 100;
/** A day, and the time that making one takes. */
const BACKUP_WARN_S = 26 * 3_600;
/** Whatever else lies in these folders is not ours to judge. */
const FILES_MAX = 500;
/** Names of files of ours that hold keys, tokens or people's data. */
const secret_names =
  /credential|secret|token|session|\.pem$|(^|[-_.])key\b|^demo\.json$|cache.*\.json$/i;
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** The folder itself, or the nearest one above it that exists. */
function existing(folder: string): string {
  let at = folder;
  while (fs.statSync(at, { throwIfNoEntry: false }) === undefined && path.dirname(at) !== at) {
    at = path.dirname(at);
  }
  return at;
}

function filesIn(folder: string): readonly string[] {
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true }).slice(0, FILES_MAX);
    return entries.filter((one) => one.isFile()).map((one) => path.join(folder, one.name));
  } catch {
    return [];
  }
}

/** Files of this person's that others can read or change although they should not. */
function openFiles({ context }: Tools) {
  const { config_home, home, token_file } = context.config;
  const own = path.join(config_home, 'petpro');
  const folders = [own, home, path.join(home, 'load'), path.join(home, 'cache')];
  const files = [...new Set([...folders.flatMap(filesIn), ...(token_file ? [token_file] : [])])];
  const watched = files.filter(
    (file) => file === token_file || secret_names.test(path.basename(file)) || file.startsWith(own),
  );
  const bad = watched.filter((file) => {
    const mode = fs.statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    const is_secret = file === token_file || secret_names.test(path.basename(file));
    return (mode & (is_secret ? OTHERS : OTHERS_WRITE)) !== 0;
  });
  return { watched, bad };
}

function closeFiles(files: readonly string[]): Mend {
  return {
    plan: `make ${files.join(', ')} readable by you only (chmod 600)`,
    run: async () => {
      for (const file of files) fs.chmodSync(file, 0o600);
      return `${files.length} ${files.length === 1 ? 'file' : 'files'} closed to others`;
    },
  };
}

const settings: readonly Check[] = [
  {
    id: 'runtime.node',
    about: `Node.js ${OLDEST_NODE} or newer`,
    look: async () => {
      const { node } = process.versions;
      return Number(node.split('.')[0]) >= OLDEST_NODE
        ? pass(`Node.js ${node}`)
        : fail(`Node.js ${node} is too old`, `install Node.js ${OLDEST_NODE} or newer`);
    },
  },
  {
    id: 'runtime.zones',
    about: 'time zones: this program and PostgreSQL know the same clock changes',
    look: async (tools) => {
      const data = `time zone data ${process.versions['tz'] ?? 'of the system'}`;
      if (!knowsTime()) return fail(`${data} is broken`, 'install Node.js with full ICU');
      const sql = await tools.sql().catch(() => null);
      return sql === null ? pass(data) : await judgeZones(sql, data);
    },
  },
  {
    id: 'config.values',
    about: 'settings, and how many of them are given',
    look: async ({ context }) => {
      // A setting that cannot be read has ended the command before any check.
      const rows = describeConfig(context.config).filter((row) => row.source !== 'default');
      return pass(`${configTable().length} settings, ${rows.length} of them given`);
    },
  },
  {
    id: 'config.files',
    about: 'files with keys, tokens and people are 0600; settings nobody else can change',
    look: async (tools) => {
      const { watched, bad } = openFiles(tools);
      if (watched.length === 0) return skip('there are none yet');
      if (bad.length === 0) return pass(`${watched.length} files are yours alone`);
      const found = warn(`${bad.join(', ')}: open to others`, `chmod 600 ${bad.join(' ')}`);
      return { ...found, mend: closeFiles(bad) };
    },
  },
];

/** PetPro makes none itself: the scripts that do tell it. `petpro backups note` */
export function judgeBackup(age_s: number | null): Finding {
  if (age_s === null) return skip('none was ever noted: petpro backups note, at the end of yours');
  const said = `the last one was made ${Math.round(age_s / 3_600)} h ago`;
  return age_s > BACKUP_WARN_S ? warn(said, 'look at the job that makes them') : pass(said);
}

const places: readonly Check[] = [
  {
    id: 'disk.space',
    about: `at least ${DISK_WARN_MIB} MiB free at PETPRO_HOME`,
    look: async ({ context }) => {
      const folder = existing(context.config.home);
      const { bavail, bsize } = await statfs(folder);
      const free_mib = Math.floor((bavail * bsize) / MIB);
      const said = `${free_mib} MiB free at ${folder}`;
      if (free_mib < DISK_FAIL_MIB) return fail(said, 'free some space');
      return free_mib < DISK_WARN_MIB ? warn(said, 'free some space') : pass(said);
    },
  },
  {
    id: 'backup.age',
    about: 'when the last backup was made',
    look: async (tools) => {
      const sql = await tools.sql().catch(() => null);
      if (sql === null) return skip('no database that could tell');
      const { backupAge } = await import('../daemon/store/kpis.ts');
      return judgeBackup(await backupAge(sql));
    },
  },
  {
    id: 'load.k6',
    about: 'the real k6, which load tests need',
    look: async ({ context }) => {
      const { findK6 } = await import('../load/find-k6.ts');
      const k6 = await findK6(inheritedEnv(context.io.env));
      return k6 === null
        ? skip('k6 is not here: only load tests need it (petpro load run --get-k6)')
        : pass(`k6 ${k6.version}`);
    },
  },
  {
    id: 'completion.installed',
    about: 'the shell completes commands, and by this version of them',
    look: async ({ context }) => {
      const { file, shell } = completionFile(inheritedEnv(context.io.env));
      if (shell === null) return skip('SHELL is no shell that completions are made for');
      const fix = `petpro completions ${shell} --install`;
      return file === null ? warn(`${shell} does not complete petpro`, fix) : pass(file);
    },
  },
];

export const checks_here: readonly Check[] = [...settings, ...places];
