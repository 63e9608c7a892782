import { openAsBlob } from 'node:fs';
import fs from 'node:fs/promises';
import { AwsClient } from 'aws4fetch';
import type { ObjectStore, StoredObject } from '../../domain/attachment.ts';
import { AppError } from '../../domain/errors.ts';

const scheme = 's3';
/** Longest wait for one answer; a file of 25 MiB at 1 MB/s takes 26 s. */
const CALL_TIMEOUT_MS = 60_000;
/** Tries of a call that nobody answered or that met a 5xx. All calls here may be repeated. */
const TRIES_MAX = 3;
const PAUSE_MS = 200;

export type S3Place = {
  /** `https://s3.eu-central-1.amazonaws.com`, or the address of MinIO, Ceph, R2 and the like. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly access_key: string;
  readonly secret_key: string;
};

const away = (doing: string, cause: unknown) =>
  new AppError(
    'unavailable',
    `The store for files does not answer while ${doing}.`,
    { retry_after_ms: 5_000 },
    { cause },
  );

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** The text of the first such element, or null. Listings of S3 are flat and written by a machine. */
function element(xml: string, name: string): string | null {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined
    ? null
    : text.replaceAll(/&(\w+);/g, (whole, entity: string) => entities[entity] ?? whole);
}

/** Files in a bucket, addressed by path (the form that every S3-compatible store knows). */
export function openS3Objects(place: S3Place): ObjectStore {
  const { endpoint, bucket, region } = place;
  const client = new AwsClient({
    accessKeyId: place.access_key,
    secretAccessKey: place.secret_key,
    service: 's3',
    region,
    retries: 0,
  });
  const keyOf = (url: string): string => {
    const start = `${scheme}://${bucket}/`;
    if (url.startsWith(start)) return url.slice(start.length);
    const detail = `The file lies in ${url.split('/', 3).join('/')}, which is not PETPRO_S3_BUCKET.`;
    throw new AppError('unavailable', detail);
  };

  /** The answer, unless it is a 5xx or none at all after some tries. */
  async function ask(doing: string, address: string, init: RequestInit = {}): Promise<Response> {
    let last: unknown;
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      try {
        const request = await client.sign(`${endpoint}/${bucket}${address}`, init);
        const answer = await fetch(request, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
        if (answer.status < 500 && answer.status !== 429) return answer;
        last = new Error(`The store answered ${answer.status}`);
        await answer.body?.cancel();
      } catch (error) {
        last = error;
      }
      const pause_ms = PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      if (attempt < TRIES_MAX) await new Promise((resolve) => setTimeout(resolve, pause_ms));
    }
    throw away(doing, last);
  }

  /** A refusal is ours to repair (keys, bucket, clock), not the caller's. */
  async function expectOk(doing: string, answer: Response): Promise<Response> {
    if (answer.ok) return answer;
    const code = element(await answer.text(), 'Code') ?? '';
    throw away(doing, new Error(`The store answered ${answer.status} ${code}`));
  }

  const put: ObjectStore['put'] = async (key, received) => {
    const { file_type, sha256 } = received;
    // Read from the disk piece by piece as it is sent; its length is known beforehand.
    const body = await openAsBlob(received.path, { type: file_type });
    const headers = {
      'content-type': file_type,
      // Part of the signature, and the store compares it with what arrived.
      'x-amz-content-sha256': sha256,
    };
    const answer = await ask('a file is written', `/${key}`, { method: 'PUT', body, headers });
    await (await expectOk('a file is written', answer)).body?.cancel();
    await fs.rm(received.path, { force: true });
    return `${scheme}://${bucket}/${key}`;
  };

  const has: ObjectStore['has'] = async (url) => {
    const answer = await ask('a file is looked for', `/${keyOf(url)}`, { method: 'HEAD' });
    if (answer.status === 404) return false;
    await expectOk('a file is looked for', answer);
    return true;
  };

  async function* read(url: string): AsyncGenerator<Uint8Array> {
    const answer = await ask('a file is read', `/${keyOf(url)}`);
    const { body } = await expectOk('a file is read', answer);
    if (body !== null) yield* body;
  }

  const list: ObjectStore['list'] = async (prefix, cursor, limit) => {
    const query = new URLSearchParams({
      'list-type': '2',
      prefix: `${prefix}/`,
      'max-keys': String(Math.min(limit, 1_000)),
      ...(cursor === null ? {} : { 'continuation-token': cursor }),
    });
    const answer = await ask('files are listed', `?${query}`);
    const xml = await (await expectOk('files are listed', answer)).text();
    const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(
      ([, item = '']): readonly StoredObject[] => {
        const key = element(item, 'Key');
        const written = Date.parse(element(item, 'LastModified') ?? '');
        if (key === null || Number.isNaN(written)) return [];
        return [{ url: `${scheme}://${bucket}/${key}`, age_ms: Date.now() - written }];
      },
    );
    return { objects, next: element(xml, 'NextContinuationToken') };
  };

  return {
    scheme,
    put,
    has,
    read,
    remove: async (url) => {
      const answer = await ask('a file is removed', `/${keyOf(url)}`, { method: 'DELETE' });
      if (answer.status !== 404) await expectOk('a file is removed', answer);
      await answer.body?.cancel().catch(() => {});
    },
    list,
  };
}
