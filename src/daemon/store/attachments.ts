import type { FileType } from '../../domain/attachment.ts';
import type { DbActor, Scope } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type AttachmentRow = {
  readonly attachment_id: string;
  readonly booking_id: string;
  readonly file_name: string;
  readonly file_url: string;
  readonly file_type: FileType;
  readonly file_size: number;
  readonly sha256: string;
  readonly description: string | null;
  readonly is_public: boolean;
  readonly uploaded_by_owner: boolean;
  readonly uploaded_at: Temporal.Instant;
};

const columns = (sql: Db) => sql`
  a.id as attachment_id, a.booking_id, a.file_name, a.file_url, a.file_type, a.file_size,
  a.sha256, a.description, a.is_public, a.uploaded_by_owner, a.uploaded_at`;

/** More than a booking may have; a limit all the same. */
const ROWS_MAX = 200;

/** Files of a booking, oldest first; owners see what is meant for them. */
export async function listAttachments(
  sql: Db,
  booking_id: string,
  scope: Scope,
  attachment_id: string | null = null,
): Promise<readonly AttachmentRow[]> {
  return await run(sql<AttachmentRow[]>`
    select ${columns(sql)}
    from booking_attachments a
    where a.booking_id = ${booking_id}
      ${scope.user_id === null ? sql`` : sql`and a.is_public`}
      ${attachment_id === null ? sql`` : sql`and a.id = ${attachment_id}`}
    order by a.uploaded_at, a.id
    limit ${ROWS_MAX}`);
}

/** What a booking has already, and what this database calls itself in stores of files. */
export async function readRoom(sql: Db, booking_id: string) {
  return await runOne(sql<{ files: number; bytes: number; store_id: string }[]>`
    select count(*)::integer as files, coalesce(sum(file_size), 0)::bigint as bytes,
      attachment_store_id() as store_id
    from booking_attachments
    where booking_id = ${booking_id}`);
}

export type AttachmentOutcome = {
  readonly outcome: 'ok' | 'not_found' | 'policy_refused';
  readonly rule: string | null;
};

export type NewAttachment = Omit<AttachmentRow, 'uploaded_by_owner' | 'uploaded_at'> & {
  readonly count_max: number;
  readonly bytes_max: number;
};

/** Writes the row of a file that lies safe; the limits are judged here, one upload at a time. */
export async function addAttachment(
  sql: Db,
  file: NewAttachment,
  actor: DbActor,
): Promise<AttachmentOutcome> {
  return await runOne(sql<AttachmentOutcome[]>`
    select outcome, rule
    from add_attachment(
      ${file.attachment_id}, ${file.booking_id}, ${file.file_name}, ${file.file_url},
      ${file.file_type}, ${file.file_size}, ${file.sha256}, ${file.description},
      ${file.is_public}, ${file.count_max}, ${file.bytes_max}, ${sql.json(actor)}
    )`);
}

/** Takes the row away and answers where the file lies, which has to go afterwards. */
export async function removeAttachment(
  sql: Db,
  booking_id: string,
  attachment_id: string,
  actor: DbActor,
): Promise<AttachmentOutcome & { readonly file_url: string | null }> {
  return await runOne(sql<(AttachmentOutcome & { file_url: string | null })[]>`
    select outcome, rule, file_url
    from remove_attachment(${booking_id}, ${attachment_id}, ${sql.json(actor)})`);
}

export async function readStoreId(sql: Db): Promise<string> {
  const { store_id } = await runOne(sql<{ store_id: string }[]>`
    select attachment_store_id() as store_id`);
  return store_id;
}

/** Which of these addresses a row names. */
export async function namedUrls(sql: Db, urls: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await run(sql<{ file_url: string }[]>`
    select file_url from booking_attachments where file_url = any (${urls})`);
  return new Set(rows.map(({ file_url }) => file_url));
}

/** The latest files, for a look whether they are there. */
export async function latestAttachments(sql: Db, limit: number) {
  return await run(sql<AttachmentRow[]>`
    select ${columns(sql)}
    from booking_attachments a
    order by a.uploaded_at desc
    limit ${limit}`);
}
