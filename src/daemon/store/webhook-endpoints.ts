import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type WebhookRow = {
  readonly webhook_id: string;
  readonly clinic_id: string;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly status: 'enabled' | 'disabled';
  readonly disabled_reason: string | null;
  readonly disabled_at: Temporal.Instant | null;
  readonly failures: number;
  readonly failing_since: Temporal.Instant | null;
  readonly last_success_at: Temporal.Instant | null;
  readonly last_failure_at: Temporal.Instant | null;
  readonly last_error: string | null;
  readonly waiting: number;
  readonly dead: number;
  readonly old_secret_until: Temporal.Instant | null;
  readonly version: number;
  readonly created_at: Temporal.Instant;
  readonly time_zone: string;
};

/** Endpoints of a clinic, or the one of that id, within what the caller may see. */
export async function readWebhooks(
  sql: Db,
  wanted: { readonly clinic_id: string } | { readonly webhook_id: string },
  scope: Scope,
): Promise<readonly WebhookRow[]> {
  const { clinic_id } = scope;
  const [column, value] =
    'clinic_id' in wanted ? ['clinic_id', wanted.clinic_id] : ['id', wanted.webhook_id];
  return await run(sql<WebhookRow[]>`
    select e.id as webhook_id, e.clinic_id, e.url, e.description, e.event_types as events,
      e.status, e.disabled_reason, e.disabled_at, e.failures, e.failing_since, e.last_success_at,
      e.last_failure_at, e.last_error, e.version, e.created_at, c.time_zone,
      case when e.old_secret_until > now() then e.old_secret_until end as old_secret_until,
      (select count(*) from webhook_deliveries d
        where d.endpoint_id = e.id and d.status in ('pending', 'sending')) as waiting,
      (select count(*) from webhook_deliveries d
        where d.endpoint_id = e.id and d.status = 'dead' and not d.is_test) as dead
    from webhook_endpoints e
    join clinics c on c.id = e.clinic_id
    where e.${sql(column)} = ${value}
      ${clinic_id === null ? sql`` : sql`and e.clinic_id = ${clinic_id}`}
    order by e.created_at, e.id
    limit 100`);
}

type Done = { readonly outcome: string };

export type NewWebhook = {
  readonly webhook_id: string;
  readonly clinic_id: string;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly secret: string;
};

export async function addWebhook(sql: Db, wish: NewWebhook, actor: DbActor): Promise<Done> {
  const { webhook_id, clinic_id, url, description, events, secret } = wish;
  return await runOne(sql<Done[]>`
    select outcome from add_webhook(
      ${webhook_id}, ${clinic_id}, ${url}, ${description}, ${[...events]}::text[], ${secret},
      ${sql.json(actor)}
    )`);
}

export type WebhookChange = {
  readonly webhook_id: string;
  readonly url: string | null;
  readonly description: string | null;
  readonly events: readonly string[] | null;
  readonly status: 'enabled' | 'disabled' | null;
  readonly reason: string | null;
  readonly expected_version: number | null;
};

export async function setWebhook(sql: Db, wish: WebhookChange, actor: DbActor) {
  const { webhook_id, url, description, events, status, reason, expected_version } = wish;
  return await runOne(sql<(Done & { readonly version: number | null })[]>`
    select outcome, version from set_webhook(
      ${webhook_id}, ${url}, ${description}, ${events === null ? null : [...events]}::text[],
      ${status}, ${reason}, ${expected_version}, ${sql.json(actor)}
    )`);
}

export async function rotateWebhook(
  sql: Db,
  wish: { readonly webhook_id: string; readonly secret: string; readonly overlap_s: number },
  actor: DbActor,
): Promise<Done> {
  const { webhook_id, secret, overlap_s } = wish;
  return await runOne(sql<Done[]>`
    select outcome from rotate_webhook(${webhook_id}, ${secret}, ${overlap_s}, ${sql.json(actor)})`);
}

export type Replay = {
  readonly webhook_id: string;
  readonly after: number | null;
  readonly to: number | null;
  readonly since: string | null;
  readonly until: string | null;
  readonly all: boolean;
  readonly limit: number;
  readonly dry_run: boolean;
};

export async function replayWebhook(sql: Db, wish: Replay, actor: DbActor) {
  const { webhook_id, after, to, since, until, all, limit, dry_run } = wish;
  type Replayed = Done & { readonly matched: number; readonly next_after: number | null };
  return await runOne(sql<Replayed[]>`
    select outcome, matched, next_after from replay_webhook(
      ${webhook_id}, ${after}, ${to}, ${since}, ${until}, ${all}, ${limit}, ${dry_run},
      ${sql.json(actor)}
    )`);
}
