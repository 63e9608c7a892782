import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { judgeCertificate } from '../../src/commands/checks-daemon.ts';
import { judgeBackup } from '../../src/commands/checks-here.ts';
import { judgeMode, judgeWebhooks } from '../../src/commands/checks-outside.ts';
import { judgePool, judgeSkew, judgeVersion } from '../../src/commands/checks-postgres.ts';
import { differingZones, knowsTime } from '../../src/commands/checks-zones.ts';
import { type Keyboard, measureWidth } from '../../src/commands/glyph-width.ts';

// What doctor makes of figures that no test machine has: an old PostgreSQL, a wrong clock, live money in a sandbox.

describe('PostgreSQL', () => {
  test('an old version fails', () => {
    expect(judgeVersion(180_004, '18.4')).toMatchObject({ state: 'pass' });
    expect(judgeVersion(140_012, '14.12')).toMatchObject({
      state: 'fail',
      detail: 'PostgreSQL 14.12 is too old',
      fix: 'use PostgreSQL 15 or newer',
    });
  });

  test('a clock that is away is told with its distance', () => {
    expect(judgeSkew(1_999).state).toBe('pass');
    expect(judgeSkew(2_001)).toMatchObject({
      state: 'warn',
      detail: '2001 ms away from this machine',
    });
  });

  test('a pool that another daemon could not fill, and a forgotten transaction', () => {
    expect(judgePool({ used: 20, allowed: 97, open_s: 3 }, 16).state).toBe('pass');
    expect(judgePool({ used: 90, allowed: 97, open_s: null }, 16)).toMatchObject({
      state: 'warn',
      detail: expect.stringContaining('a daemon wants 16'),
    });
    expect(judgePool({ used: 9, allowed: 97, open_s: 301 }, 16)).toMatchObject({
      state: 'warn',
      detail: 'a transaction has been open for 301 s',
    });
  });
});

describe('time zones', () => {
  test('this program knows its time', () => expect(knowsTime()).toBe(true));

  test('a zone whose clock changes differ is named, and one that is not known', () => {
    const at_s = Date.parse('2026-07-15T00:00:00Z') / 1_000;
    expect(
      differingZones([
        { zone: 'America/New_York', at_s, offset_s: -14_400 },
        { zone: 'Asia/Jakarta', at_s, offset_s: 25_200 },
      ]),
    ).toEqual([]);
    expect(
      differingZones([
        { zone: 'America/New_York', at_s, offset_s: -18_000 },
        { zone: 'Mars/Olympus', at_s, offset_s: 0 },
      ]),
    ).toEqual(['America/New_York', 'Mars/Olympus']);
  });
});

describe('money', () => {
  const api_base = 'https://api.stripe.com';
  const at = { env: 'dev', server_env: null, api_base, livemode: null } as const;

  test('a test key belongs anywhere but into production', () => {
    expect(judgeMode({ ...at, key: 'sk_test_1' })).toMatchObject({ state: 'pass' });
    expect(judgeMode({ ...at, key: 'rk_test_1', env: 'prod' })).toMatchObject({
      state: 'fail',
      detail: 'production takes test money: nobody would really pay',
    });
    // The profile of the server says prod, the machine of the person does not.
    expect(judgeMode({ ...at, key: 'sk_test_1', server_env: 'prod' }).state).toBe('fail');
  });

  test('a live key charges real cards, whatever the key is called', () => {
    expect(judgeMode({ ...at, key: 'sk_live_1', env: 'prod' }).state).toBe('pass');
    expect(judgeMode({ ...at, key: 'rk_live_1', env: 'staging' })).toMatchObject({
      state: 'fail',
      detail: 'real money in staging: cards would be charged',
    });
    expect(judgeMode({ ...at, key: 'odd', livemode: true }).state).toBe('fail');
    expect(judgeMode({ ...at, key: 'odd' }).state).toBe('warn');
  });

  test('production pays at the provider itself', () => {
    const live = { ...at, key: 'sk_live_1', env: 'prod', api_base: 'http://127.0.0.1:1' } as const;
    expect(judgeMode(live)).toMatchObject({ state: 'fail', fix: 'unset STRIPE_API_BASE' });
  });

  test('pages that ended without a word since the last webhook are counted', () => {
    expect(judgeWebhooks({ last_s: 21, unheard: 0 })).toMatchObject({
      state: 'pass',
      detail: 'the last one came 21 s ago',
    });
    expect(judgeWebhooks({ last_s: null, unheard: 0 }).state).toBe('skip');
    expect(judgeWebhooks({ last_s: 9_000, unheard: 3 })).toMatchObject({
      state: 'warn',
      detail: 'the last one came 3 h ago, and 3 payment pages ended without a word since',
    });
  });
});

describe('a certificate', () => {
  const now_ms = Date.parse('2026-11-20T00:00:00Z');

  test('is told with its end, in time, too late, or not trusted', () => {
    expect(judgeCertificate(new Date('2027-02-20'), now_ms, null)).toMatchObject({
      state: 'pass',
      detail: 'the certificate ends on 2027-02-20, in 92 days',
    });
    expect(judgeCertificate(new Date('2026-12-01'), now_ms, null).state).toBe('warn');
    expect(judgeCertificate(new Date('2026-11-19'), now_ms, 'CERT_HAS_EXPIRED')).toMatchObject({
      state: 'fail',
      detail: 'the certificate ended on 2026-11-19',
    });
    expect(
      judgeCertificate(new Date('2027-02-20'), now_ms, 'DEPTH_ZERO_SELF_SIGNED_CERT'),
    ).toMatchObject({ state: 'fail', fix: 'set PETPRO_CA_FILE to its issuer' });
  });
});

/** A terminal that answers where its cursor is, or says nothing. */
function terminal(answer: string | null) {
  const stdin = new PassThrough();
  const modes: boolean[] = [];
  const written: string[] = [];
  const keyboard: Keyboard = Object.assign(stdin, {
    isTTY: true,
    isRaw: false,
    setRawMode: (is_raw: boolean) => modes.push(is_raw),
  });
  const write = (text: string) => {
    written.push(text);
    if (answer !== null && text.endsWith('[6n')) stdin.write(answer);
  };
  return { keyboard, write, modes, written };
}

describe('the width of a sign', () => {
  test('is what the terminal says, and nothing stays on the screen', async () => {
    const { keyboard, write, modes, written } = terminal('x\u001b[12;3R');
    expect(await measureWidth(keyboard, write, '─')).toBe(2);
    expect(modes).toEqual([true, false]);
    expect(written).toEqual(['\r─\u001b[6n', '\r\u001b[2K']);
  });

  test('is not known where nobody answers, or there is no terminal', async () => {
    const { keyboard, write, modes } = terminal(null);
    expect(await measureWidth(keyboard, write, '─')).toBeNull();
    expect(modes).toEqual([true, false]);
    expect(await measureWidth(new PassThrough(), write, '─')).toBeNull();
  });
});

test('a backup is fresh, old, or was never noted', () => {
  expect(judgeBackup(3_600)).toMatchObject({ state: 'pass' });
  expect(judgeBackup(27 * 3_600)).toMatchObject({
    state: 'warn',
    detail: 'the last one was made 27 h ago',
  });
  expect(judgeBackup(null).state).toBe('skip');
});
