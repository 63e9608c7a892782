import type { CommandSpec } from './spec.ts';

/** Files of bookings. */

const booking_arg = { name: '<reference>', doc: 'BP12345678 or the id of the booking' };
const file_arg = { name: '<file>', doc: 'name of the file, or the last signs of its id' };

export const attachments_tree: readonly CommandSpec[] = [
  {
    path: 'attachments list',
    args: [booking_arg],
    summary: 'Files of a booking',
    role: 'own_or_reader',
    examples: ['petpro attachments list BP10000127'],
    exits: [3],
    load: async () => (await import('./attachments.ts')).listAttachments,
  },
  {
    path: 'attachments add',
    args: [booking_arg, { name: '<path>', doc: 'PDF, JPEG, PNG, GIF, WebP, HEIC or DICOM' }],
    summary: 'Add a file to a booking',
    role: 'own_or_desk',
    examples: [
      'petpro attachments add BP10000127 x-ray.dcm --note "left hind leg"',
      'petpro attachments add BP10000127 scan.pdf --internal',
    ],
    options: [
      { flags: '--name <name>', doc: 'what it is called there; default: its own name' },
      { flags: '--note <text>', doc: 'one line about it' },
      { flags: '--internal', doc: 'for the clinic only, not for the owner' },
    ],
    mutates: { endpoint: 'add_attachment' },
    exits: [3, 9],
    load: async () => (await import('./attachments.ts')).addAttachment,
  },
  {
    path: 'attachments get',
    args: [booking_arg, file_arg],
    summary: 'Save a file of a booking',
    role: 'own_or_reader',
    examples: [
      'petpro attachments get BP10000127 x-ray.dcm',
      'petpro attachments get BP10000127 scan.pdf --to - | lp',
    ],
    options: [
      { flags: '--to <path>', doc: 'file or folder; - is stdout; default: here, by its name' },
      { flags: '--force', doc: 'also over a file that is there' },
    ],
    exits: [3, 6],
    watch: false,
    load: async () => (await import('./attachments.ts')).getAttachment,
  },
  {
    path: 'attachments rm',
    args: [booking_arg, file_arg],
    summary: 'Remove a file of a booking, for good',
    role: 'own_or_desk',
    examples: ['petpro attachments rm BP10000127 scan.pdf --yes'],
    mutates: { endpoint: 'delete_attachment' },
    exits: [3, 9, 130],
    load: async () => (await import('./attachments.ts')).removeAttachment,
  },
  {
    path: 'attachments sweep',
    summary: 'Remove files that no booking names, and name bookings whose file is gone',
    role: 'sre',
    examples: ['petpro attachments sweep --dry-run', 'petpro attachments sweep --older-than 48h'],
    options: [
      { flags: '--older-than <time>', doc: 'at least so old, as 24h, which is the default' },
    ],
    mutates: { endpoint: 'sweep_attachments', dry_run: true },
    load: async () => (await import('./attachments.ts')).sweepAttachments,
  },
];
