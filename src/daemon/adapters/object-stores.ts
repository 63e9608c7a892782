import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config.ts';
import type { ObjectStore, Objects } from '../../domain/attachment.ts';
import { AppError } from '../../domain/errors.ts';
import { openDiskObjects } from './object-disk.ts';
import { openTemporary } from './object-receive.ts';
import { openS3Objects } from './object-s3.ts';

function secretOf({ s3_secret_key, s3_secret_key_file }: Config): string {
  if (s3_secret_key !== null) return s3_secret_key;
  try {
    return readFileSync(s3_secret_key_file ?? '', 'utf8').trim();
  } catch (error) {
    const detail = `PETPRO_S3_SECRET_KEY_FILE ${s3_secret_key_file} cannot be read.`;
    throw new AppError('invalid_input', detail, {}, { cause: error });
  }
}

/** A bucket when one is configured, else a folder. Files of the other one stay readable. */
export function openObjects(config: Config): Objects {
  const dir = config.attachments_dir ?? path.join(config.home, 'attachments');
  const { s3_bucket, s3_endpoint, s3_access_key, s3_region } = config;
  const disk = openDiskObjects(dir);
  const s3: ObjectStore | null =
    s3_bucket === null || s3_endpoint === null || s3_access_key === null
      ? null
      : openS3Objects({
          endpoint: s3_endpoint,
          bucket: s3_bucket,
          region: s3_region,
          access_key: s3_access_key,
          secret_key: secretOf(config),
        });
  const stores = s3 === null ? [disk] : [s3, disk];
  // Beside the files, so that putting one in its place is a rename.
  const temporary = openTemporary(path.join(dir, 'incoming'), config.disk_reserve_bytes);
  return {
    current: s3 ?? disk,
    storeOf: (url) => {
      const store = stores.find(({ scheme }) => url.startsWith(`${scheme}:`));
      if (store) return store;
      throw new AppError('unavailable', 'The store of this file is not configured any more.');
    },
    receive: (source, file_type, bytes_max) => temporary.receive(source, { file_type, bytes_max }),
    discard: temporary.discard,
    sweepTemporary: temporary.sweep,
  };
}
