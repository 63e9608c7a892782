import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addApiKey } from '../../src/daemon/store/operators.ts';
import { mayAccess, roles } from '../../src/domain/roles.ts';
import { call, member, startHarness } from './harness.ts';
import { buildWorld } from './world.ts';

const harness = await startHarness({ PETPRO_ONLY: 'api' });
const world = await buildWorld(harness);

const me = async (token: string) => {
  const answer = await call(world.base, 'get_me', {}, { token });
  expect(answer.status).toBe(200);
  return answer.json;
};

describe('GET /v1/me', () => {
  it.each(roles)('tells the role %s who it is and what it may', async (role) => {
    const found = await me(world.tokens[role]);
    const is_customer = role === 'customer';
    expect(found).toMatchObject({ kind: is_customer ? 'customer' : 'operator', role });
    const permissions = member(found, 'permissions');
    expect(permissions).not.toContain('public');
    expect(permissions).toContain('signed_in');
    for (const needed of ['view', 'own', 'desk', 'manager', 'sre'] as const) {
      const is_listed = Array.isArray(permissions) && permissions.includes(needed);
      expect({ needed, is_listed }).toEqual({ needed, is_listed: mayAccess(role, needed) });
    }
  });

  it('names the customer and when the token ends', async () => {
    const token = await harness.mintCustomerToken(world.owner.user_id, 90);
    const found = await me(token);
    expect(found).toMatchObject({ id: world.owner.user_id, clinic_id: null, clinic_code: null });
    const ends_at = Temporal.Instant.from(String(member(found, 'expires_at')));
    const left = ends_at.since(Temporal.Now.instant()).total('seconds');
    expect(left).toBeGreaterThan(60);
    expect(left).toBeLessThanOrEqual(91);
  });

  it('names the one clinic of a key, and its end when it has one', async () => {
    const scoped = await me(world.other_desk);
    expect(scoped).toMatchObject({ clinic_id: world.other_clinic.id, expires_at: null });
    expect(member(scoped, 'clinic_code')).toMatch(/^C\d+$/);

    const key = `ppk_0badcafe_${randomBytes(32).toString('hex')}`;
    const key_hash = createHash('sha256').update(key).digest();
    const expires_at = Temporal.Now.instant().add({ hours: 2 }).toString();
    const row = { prefix: '0badcafe', key_hash, clinic_id: null, name: 'night shift', expires_at };
    await addApiKey(harness.sql, { ...row, role: 'viewer' });
    expect(await me(key)).toMatchObject({
      name: 'night shift',
      expires_at: Temporal.Instant.from(expires_at).toString({ smallestUnit: 'second' }),
    });
  });
});
