import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { file_types, fileName, head_bytes, sniffType } from '../domain/attachment.ts';
import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { localTime } from '../domain/time.ts';
import { bookingRef, callOptions } from './choice.ts';
import { type Context, confirmOrFail, say } from './context.ts';
import { oneOf } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { type Args, flagOption, textOption } from './spec.ts';
import { downloadFile, uploadFile } from './transfer.ts';

type Attachment = Output<'add_attachment'>;

const csv = [
  'attachment_id',
  'file_name',
  'file_type',
  'file_size',
  'sha256',
  'description',
  'is_public',
  'uploaded_by_owner',
  'uploaded_at',
];

/** `3 KB`, `1.2 MB`: for people. */
function sizeText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} KB`;
  return `${Math.round(bytes / 100_000) / 10} MB`;
}

/** In --tz, else as the clinic's clock showed it. */
function momentOf(context: Context, instant: string): string {
  const { tz } = context.config;
  if (tz === null) return instant.slice(0, 16).replace('T', ' ');
  const { date, time } = localTime(Temporal.Instant.from(instant), tz);
  return `${date} ${time}`;
}

const addressOf = (booking_id: string, attachment_id?: string) =>
  `/v1/bookings/${encodeURIComponent(booking_id)}/attachments${
    attachment_id === undefined ? '' : `/${attachment_id}`
  }`;

/** `petpro attachments list` */
export async function listAttachments(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const { client } = openSession(context);
  const { items } = await client.call('list_attachments', { booking_id });
  printList(context, {
    kind: 'AttachmentList',
    items,
    columns: [
      { head: 'ADDED', text: (one) => momentOf(context, one.uploaded_at), whole: true },
      { head: 'NAME', text: (one) => one.file_name },
      { head: 'SIZE', text: (one) => sizeText(one.file_size), right: true },
      { head: 'BY', text: (one) => (one.uploaded_by_owner ? 'owner' : 'clinic') },
      { head: 'FOR', text: (one) => (one.is_public ? 'both' : 'clinic') },
      { head: 'NOTE', text: (one) => one.description ?? '' },
      { head: 'TYPE', text: (one) => one.file_type, wide: true },
      { head: 'ID', text: (one) => one.attachment_id, wide: true },
    ],
    csv,
    name: (one) => one.attachment_id,
    empty: `The booking ${booking_id} has no files.`,
  });
}

/** What a file is called, how large it is, and of which kind; refuses before anything is sent. */
async function inspect(file: string) {
  try {
    await using handle = await fs.open(file, 'r');
    const found = await handle.stat();
    if (!found.isFile()) throw new AppError('invalid_input', `${file} is no file.`);
    if (found.size === 0) throw new AppError('invalid_input', `${file} is empty.`);
    const head = new Uint8Array(head_bytes);
    const { bytesRead } = await handle.read(head, 0, head_bytes, 0);
    const type = sniffType(head.subarray(0, bytesRead));
    if (type !== null) return { type, size: found.size };
    const detail = `${file} is of no kind that is taken: ${file_types.join(', ')}.`;
    const next = 'petpro attachments add --help';
    throw new AppError('unsupported_media_type', detail, { types: [...file_types], next });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const detail = `${file} cannot be read (${code}).`;
    throw new AppError('invalid_input', detail, {}, { cause: error });
  }
}

function printAttachment(context: Context, verb: string, item: Attachment & { saved_to?: string }) {
  printOne(context, {
    kind: 'Attachment',
    item,
    csv,
    name: item.attachment_id,
    lines: [
      [verb, item.file_name],
      ['size', sizeText(item.file_size)],
      ['sha256', item.sha256],
      ['id', item.attachment_id],
      ['saved to', item.saved_to ?? ''],
    ],
  });
}

/** `petpro attachments add` */
export async function addAttachment(context: Context, args: Args): Promise<undefined> {
  const booking_id = bookingRef(args);
  const file = args.positional[1] ?? '';
  const { type, size } = await inspect(file);
  const session = openSession(context);
  const description = textOption(args, 'note');
  const query = new URLSearchParams({
    name: textOption(args, 'name') ?? path.basename(file),
    ...(description === null ? {} : { description }),
    ...(flagOption(args, 'internal') ? { internal: '1' } : {}),
  });
  const text = await uploadFile(context, session, {
    address: `${addressOf(booking_id)}?${query}`,
    file,
    size,
    type,
    idempotency_key: callOptions(args).idempotency_key ?? randomUUID(),
  });
  // The server's own tests hold its answer to the schema; checking again would cost zod.
  const added: Attachment = JSON.parse(text);
  printAttachment(context, 'Added', added);
}

/** The file of the booking that the second word names: an id, its end, or a name. */
async function chosen(session: Session, args: Args): Promise<Attachment> {
  const booking_id = bookingRef(args);
  const words = args.positional[1] ?? '';
  const { items } = await session.client.call('list_attachments', { booking_id });
  const by_id = items.filter(({ attachment_id }) => attachment_id.endsWith(words.toLowerCase()));
  const [only] = by_id;
  if (only && by_id.length === 1 && words.length >= 6) return only;
  const next = `petpro attachments list ${booking_id} -o wide`;
  if (items.length === 0) {
    throw new AppError('not_found', `The booking ${booking_id} has no files.`, { next });
  }
  return oneOf('file', words, items, (one) => [one.file_name], next);
}

/** `petpro attachments get`: to a file of its own, never over another one, never onto a terminal. */
export async function getAttachment(context: Context, args: Args): Promise<undefined> {
  const to = textOption(args, 'to');
  if (to === '-' && context.io.is_tty) {
    const detail = 'The bytes of a file would garble the terminal.';
    throw new AppError('invalid_input', detail, { next: 'leave --to out, or name a file' });
  }
  const session = openSession(context);
  const found = await chosen(session, args);
  const { booking_id, attachment_id, file_size: size, sha256 } = found;
  const wish = { address: addressOf(booking_id, attachment_id), size, sha256 };
  if (to === '-') {
    await downloadFile(context, session, wish, async (piece) => context.io.out_bytes(piece));
    return;
  }
  // The server has cleaned the name; a strange server must not choose where we write either.
  const name = fileName(found.file_name, found.file_type) ?? attachment_id;
  const target = await targetOf(to, name, flagOption(args, 'force'));
  const part = `${target}.${randomUUID()}.part`;
  try {
    {
      await using handle = await fs.open(part, 'wx');
      await downloadFile(context, session, wish, async (piece) => {
        for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
      });
    }
    await fs.rename(part, target);
  } catch (error) {
    await fs.rm(part, { force: true });
    throw error;
  }
  printAttachment(context, 'Saved', { ...found, saved_to: target });
}

/** Where the file goes: into a folder under its own name, or to the path that was given. */
async function targetOf(to: string | null, name: string, may_replace: boolean): Promise<string> {
  const wanted = to ?? '.';
  const is_folder = (await fs.stat(wanted).catch(() => null))?.isDirectory() === true;
  const target = is_folder ? path.join(wanted, name) : wanted;
  const is_taken = (await fs.lstat(target).catch(() => null)) !== null;
  if (!is_taken || may_replace) return target;
  throw new AppError('conflict', `${target} is there already.`, {
    next: 'add --force, or --to another name',
  });
}

/** `petpro attachments rm` */
export async function removeAttachment(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const found = await chosen(session, args);
  const { booking_id, attachment_id, file_name } = found;
  await confirmOrFail(context, `"${file_name}" of ${args.positional[0]} will be gone for good.`, {
    yes: flagOption(args, 'yes'),
    next: 'add --yes',
  });
  const which = { booking_id, attachment_id };
  await session.client.call('delete_attachment', which, callOptions(args));
  printAttachment(context, 'Removed', found);
}

/** Pages of 500 files: half a million. */
const PAGES_MAX = 1_000;

/** `petpro attachments sweep` */
export async function sweepAttachments(context: Context, args: Args): Promise<undefined> {
  const dry_run = flagOption(args, 'dry_run');
  const hours = textOption(args, 'older_than');
  if (hours !== null && !/^\d{1,4}h$/.test(hours)) {
    throw new AppError('invalid_input', `--older-than "${hours}" does not read as 24h.`);
  }
  const older = hours === null ? {} : { older_than_s: Number(hours.slice(0, -1)) * 3_600 };
  const { client } = openSession(context, 'sre');
  const total = { dry_run, looked_at: 0, orphans: 0, removed: 0 };
  let missing: Output<'sweep_attachments'>['missing'] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const more = cursor === null ? {} : { cursor };
    const wish = { dry_run, ...older, ...more };
    const done: Output<'sweep_attachments'> = await client.call('sweep_attachments', wish);
    total.looked_at += done.looked_at;
    total.orphans += done.orphans;
    total.removed += done.removed;
    if (page === 0) missing = done.missing;
    cursor = done.next_cursor;
    if (cursor === null) break;
  }
  printOne(context, {
    kind: 'AttachmentSweep',
    item: { ...total, missing },
    csv: ['dry_run', 'looked_at', 'orphans', 'removed'],
    name: String(total.removed),
    lines: [
      ['files', String(total.looked_at)],
      ['without booking', String(total.orphans)],
      [dry_run ? 'would remove' : 'removed', String(dry_run ? total.orphans : total.removed)],
      ['missing', missing.map((one) => `${one.file_name} (${one.attachment_id})`).join(', ')],
    ],
  });
  if (dry_run) say(context, 'Nothing was changed.');
}
