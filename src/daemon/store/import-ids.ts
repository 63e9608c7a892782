import { createHash } from 'node:crypto';

/**
 * Ids of things that come from elsewhere. They are made of the other system's name and its id (UUID version 5, RFC
 * 9562), so that the second import of a row finds what the first one made without a table in between.
 */

/** Drawn once; another one would make every import new. */
const NAMESPACE = Buffer.from('6f1c5a0e8a7b4d5f9c0b3b8f5f2f7a41', 'hex');

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** What the ids of an import are of: the things of our tables. */
export type IdSpace = 'clinic' | 'service' | 'staff' | 'user' | 'pet' | 'booking';

/** The uuid for an id of another system; ids that are uuids already stay what they are. */
export function importedId(source: string, space: IdSpace, external_id: string): string {
  const lower = external_id.toLowerCase();
  if (UUID.test(lower)) return lower;
  const hash = createHash('sha1').update(NAMESPACE);
  const bytes = hash.update(`${source}\u0000${space}\u0000${external_id}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
