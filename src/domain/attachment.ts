/** Files of a booking: which kinds, how many, how they are called, and the door to where they lie. */

/** Per booking. A visit's papers and pictures; an archive of scans belongs elsewhere. */
export const files_per_booking_max = 20;
export const bytes_per_booking_max = 52_428_800;
/** Names are kept in file systems of people: 255 bytes is the least that all of them take. */
const name_bytes_max = 200;

type Kind = {
  readonly extensions: readonly [string, ...(readonly string[])];
  /** True when the file begins as files of this kind do. */
  readonly begins: (head: Uint8Array) => boolean;
};

const has = (head: Uint8Array, at: number, ...bytes: readonly number[]) =>
  bytes.every((byte, index) => head[at + index] === byte);
const hasText = (head: Uint8Array, at: number, text: string) =>
  has(head, at, ...[...text].map((letter) => letter.charCodeAt(0)));

/** What may be sent. Nothing here runs in a browser, and each says by its first bytes what it is. */
const kinds = {
  'application/pdf': { extensions: ['pdf'], begins: (head) => hasText(head, 0, '%PDF-') },
  'image/jpeg': { extensions: ['jpg', 'jpeg'], begins: (head) => has(head, 0, 0xff, 0xd8, 0xff) },
  'image/png': {
    extensions: ['png'],
    begins: (head) => has(head, 0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
  },
  'image/gif': {
    extensions: ['gif'],
    begins: (head) => hasText(head, 0, 'GIF87a') || hasText(head, 0, 'GIF89a'),
  },
  'image/webp': {
    extensions: ['webp'],
    begins: (head) => hasText(head, 0, 'RIFF') && hasText(head, 8, 'WEBP'),
  },
  'image/heic': {
    extensions: ['heic', 'heif'],
    begins: (head) =>
      hasText(head, 4, 'ftyp') &&
      ['heic', 'heix', 'mif1', 'msf1', 'hevc'].some((brand) => hasText(head, 8, brand)),
  },
  /** X-rays and ultrasound. */
  'application/dicom': { extensions: ['dcm'], begins: (head) => hasText(head, 128, 'DICM') },
} as const satisfies Record<string, Kind>;

export type FileType = keyof typeof kinds;
export const file_types = Object.keys(kinds) as FileType[];
/** So much of a file tells its kind. */
export const head_bytes = 132;

/** `image/png; charset=x` -> the type, when it is one that may be sent. */
export function fileTypeOf(media_type: string): FileType | null {
  const bare = media_type.split(';', 1)[0]?.trim().toLowerCase();
  return file_types.find((type) => type === bare) ?? null;
}

/** The kind that the first bytes speak of, or null. */
export function sniffType(head: Uint8Array): FileType | null {
  return file_types.find((type) => kinds[type].begins(head)) ?? null;
}

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/** As much of the text as fits, in whole signs. */
function cutBytes(text: string, max: number): string {
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += bytesOf(segment);
    if (used > max) break;
    kept += segment;
  }
  return kept;
}

/**
 * A name that every file system takes and no shell or browser misreads: the last part of a path, in
 * one form of each letter, without control or direction signs, with an ending that fits its kind.
 * Null when nothing is left of it.
 */
export function fileName(wish: string, type: FileType): string | null {
  const last = wish.normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .replaceAll(/[\p{Cc}\p{Cs}\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replaceAll(/[<>:"|?*]/g, '_')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/^[\s.]+|[\s.]+$/g, '');
  if (clean === '') return null;
  const extensions: readonly string[] = kinds[type].extensions;
  const dot = clean.lastIndexOf('.');
  const ending = dot < 0 ? '' : clean.slice(dot + 1).toLowerCase();
  const fits = dot > 0 && extensions.includes(ending);
  const stem = cutBytes(fits ? clean.slice(0, dot) : clean, name_bytes_max);
  return `${stem}.${fits ? ending : kinds[type].extensions[0]}`;
}

/** The header that makes browsers save a file under its name instead of showing it. RFC 6266. */
export function contentDisposition(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** A whole file on the local disk, read to its end and judged, not yet where it belongs. */
export type ReceivedFile = {
  readonly path: string;
  readonly file_size: number;
  readonly sha256: string;
  readonly file_type: FileType;
};

export type StoredObject = {
  readonly url: string;
  /** Since it was written. */
  readonly age_ms: number;
};

/** Where files lie: a folder, or a store that speaks S3. Addresses are `<scheme>:...`. */
export type ObjectStore = {
  readonly scheme: 'file' | 's3';
  /** Resolves with the address once the file would survive a power cut; `received` is used up. */
  readonly put: (key: string, received: ReceivedFile) => Promise<string>;
  readonly has: (url: string) => Promise<boolean>;
  /** Opens nothing before its first piece is asked for, so that it may be dropped unread. */
  readonly read: (url: string) => AsyncIterable<Uint8Array>;
  /** Also when it is gone already. */
  readonly remove: (url: string) => Promise<void>;
  /** What lies below a prefix, a page at a time. */
  readonly list: (
    prefix: string,
    cursor: string | null,
    limit: number,
  ) => Promise<{ readonly objects: readonly StoredObject[]; readonly next: string | null }>;
};

/** All stores that rows may name; new files go to `current`. */
export type Objects = {
  readonly current: ObjectStore;
  /** Throws `unavailable` for a store that is not configured any more. */
  readonly storeOf: (url: string) => ObjectStore;
  /** Receives an upload: writes it to a temporary file while it is hashed and judged. */
  readonly receive: (
    source: AsyncIterable<Uint8Array>,
    file_type: FileType,
    bytes_max: number,
  ) => Promise<ReceivedFile>;
  /** Throws away what was received, if it is still there. */
  readonly discard: (received: ReceivedFile) => Promise<void>;
  /** Removes temporary files that nobody writes any more; returns how many. */
  readonly sweepTemporary: (older_than_ms: number, limit: number) => Promise<number>;
};
