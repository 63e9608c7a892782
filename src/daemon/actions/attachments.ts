import { randomUUID } from 'node:crypto';
import {
  bytes_per_booking_max,
  type FileType,
  file_types,
  fileName,
  files_per_booking_max,
  type ReceivedFile,
} from '../../domain/attachment.ts';
import { AppError } from '../../domain/errors.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { failpoint } from '../failpoint.ts';
import {
  type AttachmentRow,
  addAttachment,
  listAttachments as list,
  readRoom,
  removeAttachment,
} from '../store/attachments.ts';
import { type BookingRow, findBooking } from '../store/bookings.ts';
import { dbActor, scopeOf } from './actor.ts';
import { verified } from './attachment-stream.ts';
import { failure } from './outcome.ts';
import { zonedText } from './slot-time.ts';

type Attachment = Output<'add_attachment'>;

const details: Readonly<Record<string, string>> = {
  too_many_files: `A booking has ${files_per_booking_max} files at most.`,
  too_many_bytes: `The files of a booking have ${bytes_per_booking_max} bytes together at most.`,
  not_your_file: 'Owners remove what they sent; ask the clinic for the rest.',
};

function refused(outcome: string, rule: string | null): Error {
  return rule === null ? failure(outcome) : failure(outcome, { rule }, details[rule]);
}

function attachmentJson(row: AttachmentRow, time_zone: string): Attachment {
  const { file_url: _file_url, uploaded_at, ...rest } = row;
  return { ...rest, uploaded_at: zonedText(uploaded_at, time_zone) };
}

async function bookingOf(app: App, actor: Actor, booking_ref: string): Promise<BookingRow> {
  const booking = await findBooking(app.sql, booking_ref, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  return booking;
}

/** Files of a booking. */
export async function listAttachments(
  app: App,
  actor: Actor,
  input: Input<'list_attachments'>,
): Promise<Output<'list_attachments'>> {
  const { booking_id, time_zone } = await bookingOf(app, actor, input.booking_id);
  const rows = await list(app.sql, booking_id, scopeOf(actor));
  return { items: rows.map((row) => attachmentJson(row, time_zone)), next_cursor: null };
}

/** An upload that was let in: nothing of it has been read yet. */
export type Upload = {
  readonly booking: BookingRow;
  readonly file_name: string;
  readonly file_type: FileType;
  readonly store_id: string;
};

/** Judges an upload by all that is known before its bytes: whoever is refused sends nothing in vain. */
export async function admitUpload(
  app: App,
  actor: Actor,
  input: Input<'add_attachment'>,
  announced: { readonly file_type: FileType | null; readonly length: number | null },
): Promise<Upload> {
  const { file_type, length } = announced;
  const booking = await bookingOf(app, actor, input.booking_id);
  if (file_type === null) {
    const detail = `Files are taken as ${file_types.join(', ')}.`;
    throw new AppError('unsupported_media_type', detail, { types: [...file_types] });
  }
  const file_name = fileName(input.name, file_type);
  if (file_name === null) {
    const errors = [{ path: 'query.name', message: 'Nothing of it can be a file name' }];
    throw new AppError('invalid_input', 'name: Nothing of it can be a file name.', { errors });
  }
  if (input.internal && actor.role === 'customer') {
    throw new AppError('forbidden', 'Only the clinic keeps files to itself.');
  }
  const bytes_max = app.config.attachment_bytes_max;
  if (length !== null && length > bytes_max) {
    const detail = `A file may have ${bytes_max} bytes at most.`;
    throw new AppError('payload_too_large', detail, { bytes_max });
  }
  const room = await readRoom(app.sql, booking.booking_id);
  if (room.files >= files_per_booking_max) throw refused('policy_refused', 'too_many_files');
  if (room.bytes + (length ?? 1) > bytes_per_booking_max) {
    throw refused('policy_refused', 'too_many_bytes');
  }
  return { booking, file_name, file_type, store_id: room.store_id };
}

/** Puts a received file where it belongs, then writes its row. A crash between leaves an orphan. */
export async function keepUpload(
  app: App,
  actor: Actor,
  input: Input<'add_attachment'>,
  upload: Upload,
  received: ReceivedFile,
): Promise<Attachment> {
  const { booking, file_name, file_type, store_id } = upload;
  const { booking_id, time_zone } = booking;
  const attachment_id = randomUUID();
  const key = `${store_id}/${attachment_id.slice(0, 2)}/${attachment_id}`;
  const { current } = app.objects;
  const file_url = await current.put(key, received);
  failpoint('after-file');
  const file = {
    attachment_id,
    booking_id,
    file_name,
    file_url,
    file_type,
    file_size: received.file_size,
    sha256: received.sha256,
    description: input.description ?? null,
    is_public: !input.internal,
    count_max: files_per_booking_max,
    bytes_max: bytes_per_booking_max,
  };
  const { outcome, rule } = await addAttachment(app.sql, file, dbActor(actor));
  if (outcome !== 'ok') {
    // The row was refused for certain. After an unknown outcome the file stays: the sweep decides.
    await current.remove(file_url);
    throw refused(outcome, rule);
  }
  const [row] = await list(app.sql, booking_id, scopeOf(actor), attachment_id);
  if (!row) throw new Error(`The attachment ${attachment_id} is not there any more`);
  return attachmentJson(row, time_zone);
}

/** A file with its bytes, which are compared with the checksum while they are read. */
export async function openAttachment(
  app: App,
  actor: Actor,
  input: Input<'get_attachment'>,
): Promise<{ readonly row: AttachmentRow; readonly bytes: AsyncIterable<Uint8Array> }> {
  const { booking_id } = await bookingOf(app, actor, input.booking_id);
  const [row] = await list(app.sql, booking_id, scopeOf(actor), input.attachment_id);
  if (!row) throw new AppError('not_found', 'There is no such file.');
  const store = app.objects.storeOf(row.file_url);
  if (await store.has(row.file_url)) return { row, bytes: verified(store.read(row.file_url), row) };
  throw new AppError('internal', 'The stored file is gone.', {
    rule: 'file_missing',
    attachment_id: row.attachment_id,
    next: 'petpro attachments sweep --dry-run',
  });
}

/** Removes a file: first its row, then its bytes. */
export async function deleteAttachment(
  app: App,
  actor: Actor,
  input: Input<'delete_attachment'>,
): Promise<Output<'delete_attachment'>> {
  const { booking_id } = await bookingOf(app, actor, input.booking_id);
  const { attachment_id } = input;
  const done = await removeAttachment(app.sql, booking_id, attachment_id, dbActor(actor));
  const { outcome, rule, file_url } = done;
  if (outcome !== 'ok' || file_url === null) throw refused(outcome, rule);
  try {
    await app.objects.storeOf(file_url).remove(file_url);
  } catch (err) {
    // Nobody can reach it any more, and the sweep removes it.
    app.log.warn('attachment.not_removed', { attachment_id, err });
  }
  return { success: true };
}
