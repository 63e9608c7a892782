import { anyText, duration, url, whole } from './config-parse.ts';
import type { Setting } from './config-table.ts';

/** Where files of bookings lie. docs/attachments.md */
export const object_settings = {
  attachments_dir: {
    env: 'PETPRO_ATTACHMENTS_DIR',
    parse: anyText,
    fallback: null,
    doc: 'Folder for files of bookings, the same for all daemons; default: attachments in PETPRO_HOME.',
  },
  attachment_bytes_max: {
    env: 'PETPRO_ATTACHMENT_BYTES_MAX',
    parse: whole(1_024, 26_214_400),
    fallback: '10485760',
    doc: 'Largest file of a booking.',
  },
  attachment_timeout_ms: {
    env: 'PETPRO_ATTACHMENT_TIMEOUT',
    parse: duration(600_000),
    fallback: '2m',
    doc: 'Longest time for one file to arrive or to leave.',
  },
  disk_reserve_bytes: {
    env: 'PETPRO_DISK_RESERVE_BYTES',
    parse: whole(0, 999_999_999_999_999),
    fallback: '268435456',
    doc: 'Files are refused while the disk has less than this to spare.',
  },
  s3_endpoint: {
    env: 'PETPRO_S3_ENDPOINT',
    parse: url('http', 'https'),
    fallback: null,
    doc: 'Address of a store that speaks S3, as https://s3.ap-southeast-1.amazonaws.com.',
  },
  s3_bucket: {
    env: 'PETPRO_S3_BUCKET',
    parse: anyText,
    fallback: null,
    doc: 'Bucket for files of bookings; without it they lie in a folder.',
  },
  s3_region: {
    env: 'PETPRO_S3_REGION',
    parse: anyText,
    fallback: 'us-east-1',
    doc: 'Region that requests to the store are signed for.',
  },
  s3_access_key: {
    env: 'PETPRO_S3_ACCESS_KEY',
    parse: anyText,
    fallback: null,
    doc: 'Access key of the store.',
  },
  s3_secret_key: {
    env: 'PETPRO_S3_SECRET_KEY',
    parse: anyText,
    fallback: null,
    secret: 'whole',
    doc: 'Secret key of the store.',
  },
  s3_secret_key_file: {
    env: 'PETPRO_S3_SECRET_KEY_FILE',
    parse: anyText,
    fallback: null,
    doc: 'File that holds the secret key of the store.',
  },
} as const satisfies Record<string, Setting>;
