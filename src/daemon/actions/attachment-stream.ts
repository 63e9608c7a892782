import { createHash } from 'node:crypto';
import { AppError } from '../../domain/errors.ts';
import type { AttachmentRow } from '../store/attachments.ts';

const damaged = (row: Pick<AttachmentRow, 'attachment_id'>) =>
  new AppError('internal', 'The stored file is damaged and was not given out.', {
    rule: 'file_damaged',
    attachment_id: row.attachment_id,
    next: 'petpro attachments sweep --dry-run',
  });

/**
 * The same bytes, compared with size and checksum on the way. The last piece is held back until all
 * fit, so that a damaged file never arrives whole: its download breaks off.
 */
export async function* verified(
  source: AsyncIterable<Uint8Array>,
  row: Pick<AttachmentRow, 'attachment_id' | 'file_size' | 'sha256'>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let size = 0;
  let held: Uint8Array | null = null;
  for await (const piece of source) {
    size += piece.length;
    if (size > row.file_size) throw damaged(row);
    hash.update(piece);
    if (held !== null) yield held;
    held = piece;
  }
  if (size !== row.file_size || hash.digest('hex') !== row.sha256) throw damaged(row);
  if (held !== null) yield held;
}
