import fs from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config.ts';
import type { Role } from '../domain/roles.ts';
import { type CachePlace, type Day, readDays, saveDays } from './day-cache.ts';
import { deviceOf } from './paper-out.ts';
import { type Paper, printPages, spellingFor, widthFor } from './print-pages.ts';

/** Paper and the day cache for the console: the same as `petpro today --print` and `--cached`. */

/** Marks of sheets that were printed when a clinic opened; older ones than the cache keeps are of no use. */
const printedName = (clinic_id: string, date: string) => `printed-${clinic_id}-${date}`;

/** The port of a console that talks to `url`. */
export function offlinePort(
  config: Pick<Config, 'home' | 'printer' | 'printer_charset' | 'print_at_opening'>,
  url: string,
) {
  const { home, printer, printer_charset } = config;
  const device = deviceOf(printer);
  const place = (token: string): CachePlace => ({ home, url, token });
  const mark = (clinic_id: string, date: string) =>
    path.join(home, 'days', printedName(clinic_id, date));
  return {
    paper_columns: widthFor(null, device),
    prints_at_opening: config.print_at_opening,
    spelling: (lang: Paper['lang']) => spellingFor(device, printer_charset, lang),
    print: (paper: Paper) =>
      printPages(paper, device, printer_charset, new AbortController().signal),
    keep: async (token: string, role: Role, days: readonly Day[]) => {
      await saveDays(place(token), role, days);
    },
    kept: async (token: string, clinic_id: string) => {
      const saved = await readDays(place(token));
      return saved.map(({ day }) => day).filter(({ clinic }) => clinic.clinic_id === clinic_id);
    },
    claimOpening: async (clinic_id: string, date: string) => {
      await fs.mkdir(path.join(home, 'days'), { recursive: true, mode: 0o700 });
      try {
        // Only one of the consoles of this machine can make the file.
        await fs.writeFile(mark(clinic_id, date), '', { flag: 'wx', mode: 0o600 });
        return true;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
        throw error;
      }
    },
    freeOpening: async (clinic_id: string, date: string) => {
      await fs.rm(mark(clinic_id, date), { force: true });
    },
  };
}

/** The folder of the sockets that `petpro call` looks for; null where the system has no place for them. */
export function socketDir(config: Pick<Config, 'runtime_dir'>): string | null {
  return config.runtime_dir === null ? null : path.join(config.runtime_dir, 'petpro');
}
