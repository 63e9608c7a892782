import fs from 'node:fs/promises';
import path from 'node:path';
import type { ObjectStore, StoredObject } from '../../domain/attachment.ts';
import { toStorageError } from './object-receive.ts';

const scheme = 'file';
/** Keys are ours: `<store>/<two hex digits>/<id>`. Anything else is no address of this store. */
const key_form = /^[0-9a-f]{12}\/[0-9a-f]{2}\/[0-9a-f-]{36}$/;

/** The names of a folder in order; none when it is not there. */
async function namesIn(dir: string): Promise<readonly string[]> {
  const names = await fs.readdir(dir).catch(() => []);
  return names.toSorted();
}

/** Makes a new or renamed entry of the folder survive a power cut. */
async function syncFolder(dir: string): Promise<void> {
  await using handle = await fs.open(dir, 'r');
  await handle.sync();
}

async function* piecesOf(file: string): AsyncGenerator<Uint8Array> {
  await using handle = await fs.open(file, 'r');
  for await (const piece of handle.createReadStream({ autoClose: false })) yield piece;
}

/** Files in a folder. Several daemons may share it; it must be the same folder for all of them. */
export function openDiskObjects(dir: string): ObjectStore {
  const pathOf = (url: string): string => {
    const key = url.slice(scheme.length + 1);
    if (!url.startsWith(`${scheme}:`) || !key_form.test(key)) {
      throw new Error(`No address of a file: ${url}`);
    }
    return path.join(dir, key);
  };

  const put: ObjectStore['put'] = async (key, received) => {
    const url = `${scheme}:${key}`;
    const file = pathOf(url);
    const folder = path.dirname(file);
    try {
      const first = await fs.mkdir(folder, { recursive: true, mode: 0o700 });
      await fs.rename(received.path, file);
      await syncFolder(folder);
      // A folder is an entry of another one, which has to last as well.
      if (first !== undefined) {
        for (let at = folder; at.length > dir.length; at = path.dirname(at)) {
          await syncFolder(path.dirname(at));
        }
      }
      return url;
    } catch (error) {
      throw toStorageError(error);
    }
  };

  const describe = async (key: string): Promise<readonly StoredObject[]> => {
    const found = await fs.stat(path.join(dir, key)).catch(() => null);
    return found === null ? [] : [{ url: `${scheme}:${key}`, age_ms: Date.now() - found.mtimeMs }];
  };

  /** A page is a folder or a part of one: a store of millions is never read at once. */
  const list: ObjectStore['list'] = async (prefix, cursor, limit) => {
    const [from_shard = '', from_name = ''] = cursor?.split('/') ?? [];
    const shards = (await namesIn(path.join(dir, prefix))).filter((name) => name >= from_shard);
    const objects: StoredObject[] = [];
    for (const [index, shard] of shards.entries()) {
      const names = await namesIn(path.join(dir, prefix, shard));
      for (const name of names) {
        if (shard === from_shard && name <= from_name) continue;
        if (objects.length >= limit) return { objects, next: cursorOf(objects) };
        objects.push(...(await describe(`${prefix}/${shard}/${name}`)));
      }
      const after = shards[index + 1];
      if (after !== undefined && objects.length >= limit) return { objects, next: `${after}/` };
    }
    return { objects, next: null };
  };

  return {
    scheme,
    put,
    has: async (url) => (await fs.stat(pathOf(url)).catch(() => null)) !== null,
    read: (url) => piecesOf(pathOf(url)),
    remove: async (url) => {
      await fs.rm(pathOf(url), { force: true });
    },
    list,
  };
}

/** The last object of a page, as the place to go on from. */
function cursorOf(objects: readonly StoredObject[]): string | null {
  return objects.at(-1)?.url.split('/').slice(-2).join('/') ?? null;
}
