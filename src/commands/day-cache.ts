import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Role } from '../domain/roles.ts';
import type { Output } from '../domain/shapes.ts';

/**
 * The last days that a desk saw, one file each, for when nothing answers. Files are 0600 in a folder of ours; whoever
 * reads with another login than the writer's sees no names, because nobody is there to say what they may see.
 */

export type Day = Output<'get_day'>;

/** Then it says more about people than about the day. */
const KEEP_MS = 2 * 86_400_000;
/** Files that are looked at; a desk has two days of a clinic or two. */
const FILES_MAX = 64;
/** A day of the largest clinic is far below; more is not ours. */
const FILE_BYTES_MAX = 8_388_608;
const FORMAT = 1;
const MASK = '***';

export type SavedDay = {
  readonly format: typeof FORMAT;
  readonly url: string;
  /** Tells logins apart without saying them. */
  readonly reader: string;
  readonly role: Role | null;
  /** RFC 3339, this machine's clock. */
  readonly saved_at: string;
  readonly day: Day;
};

/** Whose cache it is. Without a URL, whatever lies there. */
export type CachePlace = {
  readonly home: string;
  readonly url: string | null;
  readonly token: string | null;
};

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const folderOf = (place: CachePlace) => path.join(place.home, 'days');
const readerOf = (place: CachePlace) => hashOf(`petpro ${place.token ?? ''}`);
const nowMs = () => Temporal.Now.instant().epochMilliseconds;

/** What the board shows, and no more: who somebody is in the database is of no use without it. */
function withoutIds(day: Day): Day {
  return { ...day, items: day.items.map((row) => ({ ...row, user_id: null, pet_id: null })) };
}

function masked(day: Day): Day {
  const mask = (text: string | null) => (text === null ? null : MASK);
  const items = day.items.map((row) => ({
    ...row,
    owner_name: mask(row.owner_name),
    owner_phone: mask(row.owner_phone),
    pet_name: mask(row.pet_name),
    notes: mask(row.notes),
    ...(row.participants === undefined ? {} : { participants: MASK }),
  }));
  return { ...day, items };
}

/** Writes each day whole or not at all, and forgets what is too old. Gives the paths. */
export async function saveDays(
  place: CachePlace,
  role: Role | null,
  days: readonly Day[],
): Promise<readonly string[]> {
  const folder = folderOf(place);
  await fs.mkdir(folder, { recursive: true, mode: 0o700 });
  // A folder that was there before may be open to others.
  await fs.chmod(folder, 0o700);
  const reader = readerOf(place);
  const url = place.url ?? '';
  const files: string[] = [];
  for (const day of days) {
    const key = hashOf(`${url} ${day.clinic.clinic_id} ${reader}`);
    const file = path.join(folder, `${key}-${day.date}.json`);
    const saved_at = Temporal.Now.instant().toString({ smallestUnit: 'second' });
    const saved: SavedDay = { format: FORMAT, url, reader, role, saved_at, day: withoutIds(day) };
    const fresh = `${file}.${randomUUID()}.tmp`;
    await fs.writeFile(fresh, `${JSON.stringify(saved)}\n`, { mode: 0o600, flag: 'wx' });
    await fs.rename(fresh, file);
    files.push(file);
  }
  await pruneDays(place);
  return files;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await fs.readdir(folder).catch(() => []);
  return names.slice(0, FILES_MAX);
}

/** Deletes what is older than two days, half-written files included. */
export async function pruneDays(place: CachePlace): Promise<void> {
  const folder = folderOf(place);
  for (const name of await namesIn(folder)) {
    const file = path.join(folder, name);
    const facts = await fs.stat(file).catch(() => null);
    if (facts?.isFile() === true && nowMs() - facts.mtimeMs > KEEP_MS) {
      await fs.rm(file, { force: true });
    }
  }
}

function isSaved(value: unknown): value is SavedDay {
  if (typeof value !== 'object' || value === null || !('format' in value)) return false;
  if (value.format !== FORMAT || !('saved_at' in value) || !('day' in value)) return false;
  const { day } = value;
  const is_day = typeof day === 'object' && day !== null && 'items' in day && 'clinic' in day;
  return is_day && Array.isArray(day.items) && typeof value.saved_at === 'string';
}

async function readSaved(file: string): Promise<SavedDay | null> {
  try {
    const { size } = await fs.stat(file);
    if (size > FILE_BYTES_MAX) return null;
    const value: unknown = JSON.parse(await fs.readFile(file, 'utf8'));
    return isSaved(value) ? value : null;
  } catch {
    // Gone meanwhile, or not ours: the same as none.
    return null;
  }
}

/**
 * All saved days of the place, the login's own first and then the newest. Days that another login wrote come
 * without names.
 */
export async function readDays(place: CachePlace): Promise<readonly SavedDay[]> {
  const folder = folderOf(place);
  const reader = readerOf(place);
  const found: SavedDay[] = [];
  for (const name of await namesIn(folder)) {
    if (!name.endsWith('.json')) continue;
    const saved = await readSaved(path.join(folder, name));
    if (saved === null || (place.url !== null && saved.url !== place.url)) continue;
    const age_ms = nowMs() - Temporal.Instant.from(saved.saved_at).epochMilliseconds;
    if (age_ms > KEEP_MS) continue;
    const is_own = saved.reader === reader;
    found.push(is_own ? saved : { ...saved, role: null, day: masked(saved.day) });
  }
  const rank = (saved: SavedDay) => (saved.reader === reader ? 0 : 1);
  return found.toSorted(
    (a, b) => rank(a) - rank(b) || (a.saved_at < b.saved_at ? 1 : a.saved_at > b.saved_at ? -1 : 0),
  );
}
