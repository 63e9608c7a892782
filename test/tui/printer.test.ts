import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { printText } from '../../src/tui/printer.ts';

/** Paper by way of `lp`: here a program of that name that keeps what it is given. */

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'petpro-lp-'));
const before = process.env['PATH'];
afterAll(() => {
  process.env['PATH'] = before;
  fs.rmSync(folder, { recursive: true, force: true });
});

function putLp(script: string): void {
  fs.writeFileSync(path.join(folder, 'lp'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${before}`;
}

describe('printing', () => {
  it('hands title and text over to lp', async () => {
    putLp(`echo "$@" > ${folder}/title; cat > ${folder}/text`);
    await printText('BP10000127-1', 'Klinik Sehat\nRp 250.000');
    expect(fs.readFileSync(path.join(folder, 'title'), 'utf8')).toBe('-t BP10000127-1\n');
    expect(fs.readFileSync(path.join(folder, 'text'), 'utf8')).toBe('Klinik Sehat\nRp 250.000\n');
  });

  it('says what the printing system says', async () => {
    putLp('echo "lp: no default destination" >&2; exit 1');
    const failed = printText('x', 'y');
    await expect(failed).rejects.toMatchObject({
      code: 'unavailable',
      detail: 'lp: no default destination',
    });
  });

  it('says that there is no lp', async () => {
    process.env['PATH'] = path.join(folder, 'nothing');
    await expect(printText('x', 'y')).rejects.toMatchObject({
      detail: 'lp is not installed here.',
    });
  });
});
