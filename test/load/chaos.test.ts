import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findK6 } from '../../src/load/find-k6.ts';
import { renderReport } from '../../src/load/render.ts';
import type { LoadReport } from '../../src/load/report-types.ts';
import { removePostgresData } from '../../src/sandbox/postgres.ts';
import { cli } from '../cli/harness.ts';
import { expectNoK6, itemOf, wrongs } from './bench.ts';

/** A real demo whose Redis and one of whose two daemons are killed while a crowd wants the same slots. */

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const root = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-chaos-'));
fs.chmodSync(root, 0o755);
const home = path.join(root, 'home');
const RUN_MS = 90_000;

const k6 = await findK6({ PATH: process.env['PATH'] ?? '' });

/** The real program: the second daemon is started from it. */
async function petpro(...args: readonly string[]) {
  return await new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [main, ...args], { timeout: RUN_MS }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, out, err });
    });
  });
}

afterAll(async () => {
  await petpro('demo', 'down', '--home', home);
  removePostgresData(path.join(home, 'postgres'));
  fs.rmSync(root, { recursive: true, force: true });
});

describe('petpro load run --chaos', () => {
  it(
    'gives each slot to exactly one, and serves again at once',
    async () => {
      const up = await petpro('demo', 'up', '--detach', '--port', '0', '--home', home);
      expect(up).toMatchObject({ code: 0 });
      const words = ['--home', home, '--vus', '60', '--duration', '6s', '--json'];
      const result = await petpro('load', 'run', '--chaos', 'redis,daemon', ...words);
      if (k6 === null) return expectNoK6(result);
      const report = itemOf<LoadReport>(result);
      expect(wrongs(report)).toEqual([]);
      expect(report.double_bookings).toBe(0);
      expect(report.counts.server_errors).toBe(0);
      expect(report.slots).toMatchObject([
        { group: 'crowd', slots: 1, holders: 1, seats_oversold: 0 },
        { group: 'burst', slots: 1, holders: 1, seats_oversold: 0 },
        { group: 'chaos', slots: 12, holders: 12, seats_oversold: 0 },
      ]);
      expect(report.chaos?.map(({ what }) => what)).toEqual(['redis', 'daemon']);
      for (const format of ['md', 'html', 'json', 'junit'] as const) {
        expect(renderReport(report, format)).toMatch(/redis killed: reads and holds again within/);
      }
      const state = JSON.parse(fs.readFileSync(path.join(home, 'demo.json'), 'utf8'));
      expect((await fetch(`${state.url}/readyz`)).status).toBe(200);
    },
    RUN_MS,
  );

  it('is refused for anything but a demo, with exit 9 and before anything is written', async () => {
    const env = { PETPRO_HOME: path.join(root, 'none'), PETPRO_URL: 'http://127.0.0.1:1' };
    const refused = await cli(['load', 'run', '--chaos', 'redis'], { env });
    expect(refused.code).toBe(9);
    expect(refused.err).toContain('is not the demo of');
  });

  it('says which parts there are, and that it belongs to one-slot', async () => {
    const env = { PETPRO_HOME: path.join(root, 'none'), PETPRO_URL: 'http://127.0.0.1:1' };
    const odd = await cli(['load', 'run', '--chaos', 'redis,moon'], { env });
    expect(odd.code).toBe(2);
    expect(odd.err).toContain('--chaos moon is none of redis, daemon, postgres');
    const words = ['load', 'run', '--scenario', 'soak', '--chaos', 'redis'];
    const soak = await cli(words, { env });
    expect(soak.code).toBe(2);
    expect(soak.err).toContain('one-slot only');
  });
});
