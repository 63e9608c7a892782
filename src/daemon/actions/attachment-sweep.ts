import type { StoredObject } from '../../domain/attachment.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { latestAttachments, namedUrls, readStoreId } from '../store/attachments.ts';
import { writeAudit } from '../store/audit.ts';
import { dbActor } from './actor.ts';

/** Files looked at in one call: some hundred milliseconds on a disk, one request to a bucket. */
const BATCH = 500;
const MISSING_LOOK = 50;

/** Files of a page that no row names and that are old enough to belong to nobody. */
async function orphansOf(app: App, objects: readonly StoredObject[], older_than_ms: number) {
  const old = objects.filter(({ age_ms }) => age_ms >= older_than_ms).map(({ url }) => url);
  // Asked after they were listed: a row is never older than its file.
  const named = await namedUrls(app.sql, old);
  return old.filter((url) => !named.has(url));
}

async function missingFiles(app: App): Promise<Output<'sweep_attachments'>['missing']> {
  const missing = [];
  for (const row of await latestAttachments(app.sql, MISSING_LOOK)) {
    const { attachment_id, booking_id, file_name, file_url } = row;
    const is_there = await app.objects.storeOf(file_url).has(file_url);
    if (!is_there) missing.push({ attachment_id, booking_id, file_name });
  }
  return missing;
}

export type Sweep = {
  readonly looked_at: number;
  readonly orphans: readonly string[];
  readonly next: string | null;
};

/** One page of the store: what lies there without a row is removed, unless this is a rehearsal. */
export async function sweepPage(
  app: App,
  page: {
    readonly cursor: string | null;
    readonly older_than_ms: number;
    readonly dry_run: boolean;
  },
): Promise<Sweep> {
  const { cursor, older_than_ms, dry_run } = page;
  const { current } = app.objects;
  const { objects, next } = await current.list(await readStoreId(app.sql), cursor, BATCH);
  const orphans = await orphansOf(app, objects, older_than_ms);
  if (!dry_run) {
    await app.objects.sweepTemporary(older_than_ms, BATCH);
    for (const url of orphans) await current.remove(url);
  }
  return { looked_at: objects.length, orphans, next };
}

/** Removes files that no booking names, a page of the store at a time, and names rows without file. */
export async function sweepAttachments(
  app: App,
  actor: Actor,
  input: Input<'sweep_attachments'>,
): Promise<Output<'sweep_attachments'>> {
  const { dry_run, older_than_s, cursor = null } = input;
  const older_than_ms = older_than_s * 1_000;
  const { looked_at, orphans, next } = await sweepPage(app, { cursor, older_than_ms, dry_run });
  const removed = dry_run ? 0 : orphans.length;
  if (removed > 0) {
    await writeAudit(app.sql, {
      actor: dbActor(actor),
      action: 'attachments.swept',
      target_type: 'attachments',
      target_id: app.objects.current.scheme,
      after: { removed, older_than_s },
    });
  }
  const missing = cursor === null ? await missingFiles(app) : [];
  const next_cursor = next;
  return { dry_run, looked_at, orphans: orphans.length, removed, missing, next_cursor };
}
