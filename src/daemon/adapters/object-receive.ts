import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import {
  type FileType,
  head_bytes,
  type ReceivedFile,
  sniffType,
} from '../../domain/attachment.ts';
import { AppError } from '../../domain/errors.ts';

const full_codes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

const full = (cause?: unknown) => {
  const detail = 'The disk for files is full; nothing was kept. Tell the operators.';
  return new AppError('storage_full', detail, { retry_after_ms: 60_000 }, { cause });
};

/** A full disk in our words; other failures stay what they are. */
export function toStorageError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return full_codes.has(code) ? full(error) : error;
}

/** Refuses while the disk has less than that to spare: PostgreSQL may live on it too. */
export async function assertRoom(dir: string, reserve_bytes: number): Promise<void> {
  const { bavail, bsize } = await fs.statfs(dir);
  if (bavail * bsize < reserve_bytes) throw full();
}

/** The kind that was announced must be the kind that arrives: it is what downloads will be served as. */
function judge(head: Uint8Array, announced: FileType): void {
  const found = sniffType(head);
  if (found === announced) return;
  const is = found === null ? 'does not begin as one' : `is ${found}`;
  const detail = `The file was announced as ${announced}, but ${is}.`;
  throw new AppError('invalid_input', detail, { rule: 'type_mismatch', announced, found });
}

export type ReceiveLimits = { readonly file_type: FileType; readonly bytes_max: number };

/**
 * Writes what comes to a new file at `file`, hashed and judged on the way, and makes it last. Holds
 * one piece at a time in memory. On any failure nothing is left.
 */
export async function receiveTo(
  file: string,
  source: AsyncIterable<Uint8Array>,
  limits: ReceiveLimits,
): Promise<ReceivedFile> {
  const { file_type, bytes_max } = limits;
  const hash = createHash('sha256');
  let head: Uint8Array = new Uint8Array();
  let file_size = 0;
  try {
    await using handle = await fs.open(file, 'w', 0o600);
    for await (const piece of source) {
      const was_short = head.length < head_bytes;
      if (was_short) head = Buffer.concat([head, piece.subarray(0, head_bytes - head.length)]);
      // As soon as it can be told: nobody should send 10 MB to hear that it is no PDF.
      if (was_short && head.length >= head_bytes) judge(head, file_type);
      file_size += piece.length;
      if (file_size > bytes_max) {
        const detail = `A file may have ${bytes_max} bytes at most.`;
        throw new AppError('payload_too_large', detail, { bytes_max });
      }
      hash.update(piece);
      for (let at = 0; at < piece.length; ) {
        at += (await handle.write(piece, at)).bytesWritten;
      }
    }
    if (file_size === 0) throw new AppError('invalid_input', 'The file is empty.');
    if (head.length < head_bytes) judge(head, file_type);
    await handle.sync();
    return { path: file, file_size, sha256: hash.digest('hex'), file_type };
  } catch (error) {
    await fs.rm(file, { force: true });
    throw toStorageError(error);
  }
}

/** The place for files that are still arriving. */
export function openTemporary(dir: string, reserve_bytes: number) {
  const ready = async () => {
    await fs.mkdir(dir, { recursive: true, mode: 0o700 });
    await assertRoom(dir, reserve_bytes);
  };
  return {
    receive: async (source: AsyncIterable<Uint8Array>, limits: ReceiveLimits) => {
      await ready().catch((error: unknown) => {
        throw toStorageError(error);
      });
      return await receiveTo(path.join(dir, `${randomUUID()}.part`), source, limits);
    },
    discard: async (received: ReceivedFile) => {
      await fs.rm(received.path, { force: true });
    },
    /** What a crash left: nobody uploads for so long. */
    sweep: async (older_than_ms: number, limit: number): Promise<number> => {
      let removed = 0;
      const names = await fs.readdir(dir).catch(() => []);
      for (const name of names.slice(0, limit)) {
        const file = path.join(dir, name);
        const found = await fs.stat(file).catch(() => null);
        if (found === null || Date.now() - found.mtimeMs < older_than_ms) continue;
        await fs.rm(file, { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}
