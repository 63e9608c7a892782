import { z } from 'zod';
import { file_types } from './attachment.ts';
import { booking_ref, cursor, flag, id, instant, line } from './schema.ts';

/** What the endpoints of api-attachments.ts take and give. */

const nothing = z.object({});

const Attachment = z
  .object({
    attachment_id: id,
    booking_id: id,
    file_name: z.string(),
    file_type: z.enum(file_types),
    file_size: z.number().int().describe('Bytes'),
    sha256: z.string().describe('Of the whole file, in hexadecimal'),
    description: z.string().nullable(),
    is_public: z.boolean().describe('False: for the clinic only'),
    uploaded_by_owner: z.boolean(),
    uploaded_at: instant,
  })
  .meta({ id: 'Attachment' });

const which = { booking_id: booking_ref, attachment_id: id };

export const attachment_shapes = {
  list_attachments: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: nothing,
    output: z.object({
      items: z.array(Attachment).readonly(),
      next_cursor: z.null().describe('A booking has a few files: all in one page'),
    }),
  },
  add_attachment: {
    params: z.object({ booking_id: booking_ref }),
    query: z.object({
      name: z.string().min(1).max(1_000).describe('Of the file; parts of a path are dropped'),
      description: line(500).optional(),
      internal: flag.default(false).describe('For the clinic only; staff'),
    }),
    body: z.unknown(),
    output: Attachment,
  },
  get_attachment: {
    params: z.object(which),
    query: nothing,
    body: nothing,
    output: z.unknown(),
  },
  delete_attachment: {
    params: z.object(which),
    query: nothing,
    body: nothing,
    output: z.object({ success: z.literal(true) }),
  },
  sweep_attachments: {
    params: nothing,
    query: nothing,
    body: z.object({
      dry_run: z.boolean().default(false),
      older_than_s: z
        .number()
        .int()
        .min(3_600)
        .max(31_536_000)
        .default(86_400)
        .describe('Younger files may belong to an upload that is under way'),
      cursor,
    }),
    output: z.object({
      dry_run: z.boolean(),
      looked_at: z.number().int().describe('Files in the store'),
      orphans: z.number().int().describe('Of them, named by no booking and old enough'),
      removed: z.number().int(),
      missing: z
        .array(z.object({ attachment_id: id, booking_id: id, file_name: z.string() }))
        .readonly()
        .describe('Named by a booking, but not there; of the 50 latest, on the first page'),
      next_cursor: z.string().nullable().describe('There is more to look at'),
    }),
  },
} as const;
