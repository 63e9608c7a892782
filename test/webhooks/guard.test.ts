import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { createGuard, isPublicAddress } from '../../src/daemon/workers/webhooks-guard.ts';
import { startReceiver } from './receiver.ts';
import { openScene } from './scene.ts';

const inside = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  '::7f00:1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '',
  'localhost',
];

test.each(inside)('%s is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00::1'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

describe('a guard', () => {
  const strict = createGuard({ allow: [], is_prod: true });
  const loose = createGuard({ allow: [], is_prod: false });

  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://017700000001/',
    'https://127.1:8443/x',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/latest/meta-data',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/',
    'https://api.localhost/',
    'https://metadata.google.internal/',
  ])('refuses %s without asking anybody', (url) => {
    expect(() => strict.assertUrl(url)).toThrow(/not sent to/);
    expect(() => loose.assertUrl(url)).toThrow(/not sent to/);
  });

  test('takes http outside of production only', () => {
    expect(() => strict.assertUrl('http://hooks.example.com/')).toThrow(/only https/);
    expect(() => loose.assertUrl('http://hooks.example.com/')).not.toThrow();
    expect(() => strict.assertUrl('https://hooks.example.com/')).not.toThrow();
  });

  test('refuses a name as soon as one of its addresses lies inside', async () => {
    const answers = ['1.1.1.1', '10.0.0.7'].map((address) => ({ address, family: 4 }));
    const guard = createGuard({ allow: [], is_prod: false, ask: async () => answers });
    const asked = guard.resolve('https://hooks.example.com/');
    await expect(asked).rejects.toMatchObject({ code: 'policy_refused' });
  });

  test('lets in what the settings name: addresses, blocks and names', async () => {
    const allow = ['127.0.0.1', '10.0.0.0/8', 'fd00::/8', 'localhost'];
    const guard = createGuard({ allow, is_prod: false });
    for (const host of ['127.0.0.1', '10.9.9.9', '[fd00::1]']) {
      expect(await guard.resolve(`http://${host}/`)).toHaveLength(1);
    }
    expect(await guard.resolve('http://localhost/')).not.toEqual([]);
    await expect(guard.resolve('http://127.0.0.2/')).rejects.toThrow(/not a public address/);
    expect(() => createGuard({ allow: ['10.0.0.0/40'], is_prod: false })).toThrow(/no block/);
  });
});

test('a name that changes to an inner address between two questions leads nowhere', async () => {
  const scene = await openScene();
  const receiver = await startReceiver();
  const { port } = new URL(receiver.url);
  const asked: string[] = [];
  const answers: LookupAddress[][] = [
    // Not routed: nothing listens there, and what was judged is what is used.
    [{ address: '192.88.98.1', family: 4 }],
    [{ address: '127.0.0.1', family: 4 }],
  ];
  const guard = createGuard({
    allow: [],
    is_prod: false,
    ask: async (host) => {
      asked.push(host);
      return answers[Math.min(asked.length, 2) - 1] ?? [];
    },
  });
  const clinic = await scene.newClinic();
  const hook = await scene.add(clinic, `http://rebind.example.com:${port}/`);
  const sender = scene.makeSender(guard);
  const stop = new AbortController();
  await scene.emit(clinic);
  await scene.emit(clinic);
  // Two deliveries of one endpoint: each asks, and only the first answer was public.
  await sender.worker.tick(scene.app, stop.signal);
  await sender.settled();
  expect(asked).toEqual(['rebind.example.com', 'rebind.example.com']);
  expect(receiver.received).toEqual([]);
  const errors = await scene.sql<{ last_error: string }[]>`
    select last_error from webhook_deliveries where endpoint_id = ${hook.webhook_id}`;
  expect(errors.some(({ last_error }) => last_error.includes('127.0.0.1 is not public'))).toBe(
    true,
  );
}, 30_000);
