import { describe, expect, test } from 'vitest';
import { describeConfig, loadConfig } from '../../src/config.ts';
import { parseRedisUrl } from '../../src/config-redis.ts';
import { hashSlot } from '../../src/daemon/adapters/redis-shards.ts';
import { lockKey } from '../../src/domain/lock.ts';

describe('addresses of Redis', () => {
  test('one server stays as it is', () => {
    for (const url of ['redis://localhost', 'rediss://u:p@cache.example:6380/2']) {
      expect(parseRedisUrl(url)).toEqual({ kind: 'single', url });
    }
  });

  test('Sentinels name a master, and perhaps a database', () => {
    expect(parseRedisUrl('redis+sentinel://s1,s2:26380/mymaster')).toEqual({
      kind: 'sentinel',
      hosts: [
        { host: 's1', port: 26_379 },
        { host: 's2', port: 26_380 },
      ],
      master: 'mymaster',
      db: 0,
      username: null,
      password: null,
      tls: false,
      sentinel_login: false,
    });
    const full = 'rediss+sentinel://petpro:p%40ss@[::1]:1/my-master/3?sentinel_auth=same';
    expect(parseRedisUrl(full)).toMatchObject({
      hosts: [{ host: '::1', port: 1 }],
      master: 'my-master',
      db: 3,
      username: 'petpro',
      password: 'p@ss',
      tls: true,
      sentinel_login: true,
    });
  });

  test('a Cluster has hosts and no database', () => {
    expect(parseRedisUrl('redis+cluster://:secret@c1:7000,c2')).toEqual({
      kind: 'cluster',
      hosts: [
        { host: 'c1', port: 7_000 },
        { host: 'c2', port: 6_379 },
      ],
      username: null,
      password: 'secret',
      tls: false,
    });
  });

  test.each([
    ['http://cache.example', /must start with redis:\/\/, rediss:\/\/, redis\+sentinel:\/\//],
    ['redis+magic://h1', /must start with/],
    ['redis://h1,h2', /names several hosts/],
    ['redis://h1:x', /must be a URL such as/],
    ['redis+sentinel://h1,h2', /must name the master/],
    ['redis+sentinel://h1/m/one', /a database that is no number: "one"/],
    ['redis+sentinel://h1/m/1/2', /must name the master/],
    ['redis+sentinel://h1/m?x=y', /an option that is unknown here: "x=y"/],
    ['redis+sentinel:///m', /must name a host/],
    ['redis+cluster://', /must name a host/],
    ['redis+cluster://h1/3', /must not name a database/],
    ['redis+cluster://h1:99999', /a port that is none: "h1:99999"/],
    ['redis+cluster://h1:x', /a host that cannot be read: "h1:x"/],
    ['redis+cluster://:50%@h1', /write it as %25/],
  ])('%s is refused with a reason', (url, reason) => {
    expect(() => loadConfig({ env: { REDIS_URL: url } })).toThrow(reason);
    expect(() => loadConfig({ env: { REDIS_URL: url } })).toThrow(/REDIS_URL /);
  });

  test('passwords are masked in all of them', () => {
    for (const url of [
      'redis://u:hunter2@h',
      'redis+sentinel://u:hunter2@h1,h2/m',
      'rediss+cluster://:hunter2@h1,h2',
    ]) {
      const rows = describeConfig(loadConfig({ env: { REDIS_URL: url } }));
      const shown = rows.find(({ key }) => key === 'redis_url')?.value ?? '';
      expect(shown).toBe(url.replace('hunter2', '***'));
    }
  });
});

test('hash slots are those of the Cluster specification', () => {
  // The specification's own example of CRC16, and two that redis-cli prints.
  expect(hashSlot('123456789')).toBe(0x31c3);
  expect(hashSlot('foo')).toBe(12_182);
  expect(hashSlot('{user1000}.following')).toBe(hashSlot('user1000'));
  expect(hashSlot('foo{}{bar}')).not.toBe(hashSlot('bar'));
  const slot_id = '0197b5c0-0000-7000-8000-000000000001';
  expect(hashSlot(lockKey(slot_id, 1))).toBe(hashSlot(lockKey(slot_id, 250)));
});
