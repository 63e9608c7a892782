import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { evaluateAlerts } from '../../src/daemon/workers/alerts.ts';
import { type AlertName, alert_names, alert_rules } from '../../src/domain/alerts.ts';
import type { Output } from '../../src/domain/shapes.ts';
import { call, codeOf, startHarness } from '../http/harness.ts';
import { buildWorld, freshBooking, type World } from '../http/world.ts';
import { forget, openScene, passTime, plant, type Scene } from '../kpi/scene.ts';

/** Each alert fires when its fault is planted, and clears when it is mended. */

const harness = await startHarness({ PETPRO_ONLY: 'api', PETPRO_ENV: 'staging' });
const { sql } = harness;
const { app } = harness.daemon;
let world: World;
let scene: Scene;

type Alert = Output<'ack_alert'>;
type Alerts = Output<'list_alerts'>;

beforeAll(async () => {
  world = await buildWorld(harness);
  scene = openScene(app);
});

beforeEach(async () => {
  await sql`update inventory_state set findings = '{}', looked_at = now()`;
  await sql`insert into backup_notes (label, is_verified) values ('before each', true)`;
  await sql`delete from alerts`;
  await sql`delete from alert_changes`;
  app.tally.take();
  await scene.look();
  await forget(sql);
});

async function list(query = {}): Promise<Alerts> {
  const answer = await call(world.base, 'list_alerts', { query }, { token: world.tokens.viewer });
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Alerts;
}

async function find(name: AlertName): Promise<Alert> {
  const { items } = await list();
  const found = items.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no alert ${name}`);
  return found;
}

/** One look after another, each as long after the one before as the rule asks for. */
async function judge(name: AlertName): Promise<Alert> {
  await sql`update kpi_state set looked_at = now()`;
  await evaluateAlerts(app);
  const { for_s, clear_for_s } = alert_rules[name];
  await passTime(sql, Math.max(for_s, clear_for_s) + 1);
  await evaluateAlerts(app);
  return await find(name);
}

const dead_delivery = async () => {
  const { clinic, owner } = world;
  await sql`
    insert into deliveries (
      asked_id, clinic_id, user_id, channel, type, address, lang, payload, status, dead_at
    )
    select gen_random_uuid(), ${clinic.id}, ${owner.user_id}, 'email', 'note', 'a@b.example', 'en',
      '{}', 'dead', now()
    from generate_series(1, 11)`;
};

/** Events that nobody publishes, as old as that. */
const old_event = async (more: 'dead' | 'waiting') => {
  await sql`
    insert into booking_events_outbox (
      aggregate_type, aggregate_id, event_type, clinic_id, correlation_id, payload, created_at,
      dead_at, sequence
    )
    values (
      'booking', gen_random_uuid(), 'booking.arrived', ${world.clinic.id}, 'planted', '{}',
      now() - interval '1 minute', ${more === 'dead' ? sql`now()` : null},
      ${more === 'dead' ? 9_000_000 : null}
    )`;
};

type Fault = {
  readonly plant: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
  readonly value: number;
};

const faults: Readonly<Record<Exclude<AlertName, 'certificate' | 'test'>, Fault>> = {
  error_rate: {
    plant: () => plant(sql, { requests: 100, errors: 6 }),
    mend: () => plant(sql, { requests: 900 }),
    value: 6,
  },
  latency_p95: {
    plant: () => plant(sql, { requests: 20, request_le_11: 20 }),
    mend: () => plant(sql, { requests: 980, request_le_5: 980 }),
    value: 4_850,
  },
  lock_contention: {
    plant: () => plant(sql, { holds_won: 40, holds_locked: 60 }),
    mend: () => plant(sql, { holds_won: 200 }),
    value: 60,
  },
  inventory_mismatch: {
    plant: () => sql`update inventory_state set findings = '{"invariant.capacity": 2}'`,
    mend: () => sql`update inventory_state set findings = '{}'`,
    value: 2,
  },
  failed_payments: {
    plant: () => plant(sql, { payments_ok: 8, payments_failed: 2 }),
    mend: () => plant(sql, { payments_ok: 90 }),
    value: 20,
  },
  locks_leaked: {
    plant: () => sql`update inventory_state set findings = '{"lock.leaked": 3}'`,
    mend: () => sql`update inventory_state set findings = '{}'`,
    value: 3,
  },
  events_dead: {
    plant: () => old_event('dead'),
    mend: () => sql`delete from booking_events_outbox where correlation_id = 'planted'`,
    value: 1,
  },
  messages_dead: {
    plant: dead_delivery,
    mend: () => sql`update deliveries set status = 'discarded' where status = 'dead'`,
    value: 11,
  },
  relay_lag: {
    plant: () => old_event('waiting'),
    mend: () => sql`delete from booking_events_outbox where correlation_id = 'planted'`,
    value: 60,
  },
  backup_age: {
    plant: () => sql`update backup_notes set made_at = made_at - interval '27 hours'`,
    mend: () => sql`insert into backup_notes (label, is_verified) values ('mended', true)`,
    value: 27,
  },
  disk: {
    plant: () => sql`update kpi_daemons set gauges = '{"disk_used_percent": 97}', seen_at = now()`,
    mend: () => sql`update kpi_daemons set gauges = '{"disk_used_percent": 40}'`,
    value: 97,
  },
};

describe.each(Object.entries(faults) as [AlertName, Fault][])('%s', (name, fault) => {
  test('fires for its fault, and clears when it is mended', async () => {
    expect((await judge(name)).state).toBe('ok');
    await fault.plant();
    const fired = await judge(name);
    expect(fired).toMatchObject({ state: 'firing', severity: alert_rules[name].severity });
    expect(fired.value).toBeCloseTo(fault.value, -0.5);
    expect(fired.fired_at).not.toBeNull();
    await fault.mend();
    const cleared = await judge(name);
    expect(cleared).toMatchObject({ state: 'ok', since: null });
    expect(cleared.cleared_at).not.toBeNull();
    const { changes } = await list();
    const own = changes.filter((one) => one.name === name).map(({ change }) => change);
    expect(own).toEqual(['cleared', 'fired']);
  });
});

test('a share of few is no share', async () => {
  await plant(sql, { requests: 3, errors: 3, payments_failed: 2, holds_locked: 5 });
  for (const name of ['error_rate', 'failed_payments', 'lock_contention'] as const) {
    expect(await judge(name), name).toMatchObject({ state: 'ok', value: null });
  }
});

test('an inventory that nobody looks at any more leaves its alert as it was', async () => {
  await sql`update inventory_state set findings = '{"invariant.paid": 1}'`;
  expect((await judge('inventory_mismatch')).state).toBe('firing');
  await sql`update inventory_state set findings = '{}', looked_at = now() - interval '1 hour'`;
  const after = await judge('inventory_mismatch');
  expect(after).toMatchObject({ state: 'firing', value: null });
  expect(after.detail).toContain('nobody has looked');
});

test('a place without any backup is warned, one for trying things out is not', async () => {
  await sql`delete from backup_notes`;
  expect(await judge('backup_age')).toMatchObject({ state: 'firing', value: null });
  await evaluateAlerts({ ...app, config: { ...app.config, env: 'dev' } });
  expect(await find('backup_age')).toMatchObject({ state: 'ok', value: null });
});

test('note_backup clears it, and is kept in the audit log', async () => {
  await sql`update backup_notes set made_at = made_at - interval '27 hours'`;
  expect((await judge('backup_age')).state).toBe('firing');
  const body = { label: 'nightly.dump', bytes: 10, is_verified: true };
  const answer = await call(world.base, 'note_backup', { body }, { token: world.tokens.sre });
  expect(answer.json).toMatchObject(body);
  expect((await judge('backup_age')).state).toBe('ok');
  const rows = await sql`select from audit_log where action = 'backup.noted'`;
  expect(rows).toHaveLength(1);
});

test('a certificate that ends soon is told, and none is no fault', async () => {
  await sql`update kpi_daemons set gauges = '{"certificate_days": 3}', seen_at = now()`;
  expect(await judge('certificate')).toMatchObject({ state: 'firing', value: 3 });
  await sql`update kpi_daemons set gauges = '{}'`;
  expect((await judge('certificate')).state).toBe('ok');
});

const tell = async (
  name: 'ack_alert' | 'mute_alert' | 'unmute_alert',
  alert: string,
  body = {},
  token = world.tokens.sre,
) => await call(world.base, name, { params: { name: alert }, body }, { token });

describe('what people say', () => {
  test('ack stands until the alert clears', async () => {
    expect(codeOf(await tell('ack_alert', 'disk'))).toBe('policy_refused');
    await faults.disk.plant();
    await judge('disk');
    const acked = await tell('ack_alert', 'disk', { reason: 'on it' });
    expect(acked.json).toMatchObject({ acked_by: 'test sre', ack_reason: 'on it' });
    await faults.disk.mend();
    expect(await judge('disk')).toMatchObject({ acked_at: null, acked_by: null });
  });

  test('a muted alert fires, but is counted nowhere, and only for so long', async () => {
    const body = { for_s: 600, reason: 'moving it' };
    expect((await tell('mute_alert', 'disk', body)).json).toMatchObject({
      mute_reason: 'moving it',
    });
    await faults.disk.plant();
    expect((await judge('disk')).state).toBe('firing');
    expect((await list()).firing).toEqual({ critical: 0, warning: 0 });
    await sql`update alerts set muted_until = now() - interval '1 second' where name = 'disk'`;
    const { firing, items } = await list({ firing: '1' });
    expect(firing).toEqual({ critical: 1, warning: 0 });
    expect(items).toMatchObject([{ name: 'disk', muted_until: null }]);
    await faults.disk.mend();
  });

  test('unmute ends it at once, and twice is no mistake', async () => {
    await tell('mute_alert', 'disk', { reason: 'test' });
    expect((await tell('unmute_alert', 'disk')).json).toMatchObject({ muted_until: null });
    expect((await tell('unmute_alert', 'disk')).status).toBe(200);
    const { changes } = await list();
    expect(changes.map(({ change }) => change)).toEqual(['unmuted', 'muted']);
    const rows = await sql`select from audit_log where action in ('alert.mute', 'alert.unmute')`;
    expect(rows.length).toBeGreaterThanOrEqual(2);
  });

  test('wrong names, times and clinics are refused with a way on', async () => {
    const unknown = await tell('mute_alert', 'dsk', { reason: 'test' });
    expect(codeOf(unknown)).toBe('not_found');
    expect(unknown.text).toContain('error_rate, latency_p95');
    for (const for_s of [0, 59, 700_000]) {
      const answer = await tell('mute_alert', 'disk', { for_s, reason: 'test' });
      expect(codeOf(answer)).toBe('invalid_input');
    }
    expect(codeOf(await tell('mute_alert', 'disk', {}))).toBe('invalid_input');
    const bound = await harness.addKey('sre', world.clinic.id);
    expect(codeOf(await tell('mute_alert', 'disk', { reason: 'x' }, bound))).toBe('forbidden');
  });

  test('the test alert fires and ends by itself', async () => {
    const { sre: token } = world.tokens;
    await call(world.base, 'test_alerts', { body: { for_s: 30 } }, { token });
    expect((await judge('test')).state).toBe('firing');
    await sql`update kpi_state set test_until = now()`;
    expect((await judge('test')).state).toBe('ok');
  });
});

test('two daemons that look at once change an alert once', async () => {
  await sql`update inventory_state set findings = '{"invariant.paid": 1}'`;
  await Promise.all(Array.from({ length: 6 }, () => evaluateAlerts(app)));
  const { changes } = await list();
  expect(changes).toMatchObject([{ name: 'inventory_mismatch', change: 'fired' }]);
});

test('without looks for a minute the answer says that it is stale', async () => {
  expect((await list()).stale).toBe(false);
  await sql`update kpi_state set looked_at = now() - interval '2 minutes'`;
  expect((await list()).stale).toBe(true);
});

test('figures that cannot be counted do not keep alerts from being judged', async () => {
  await freshBooking(world);
  await sql`alter table kpi_samples rename to kpi_samples_away`;
  await sql`create view kpi_samples as select minute, source, counts from kpi_samples_away where false`;
  await sql`update inventory_state set findings = '{"invariant.paid": 1}'`;
  try {
    await scene.look().catch(() => {});
    await evaluateAlerts(app);
    expect((await find('inventory_mismatch')).state).toBe('firing');
  } finally {
    await sql`drop view kpi_samples`;
    await sql`alter table kpi_samples_away rename to kpi_samples`;
  }
});

test('every alert of the table is judged', async () => {
  await evaluateAlerts(app);
  const rows = await sql<{ name: string }[]>`select name from alerts order by name`;
  expect(rows.map(({ name }) => name)).toEqual(alert_names.toSorted());
});
