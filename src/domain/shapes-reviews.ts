import { z } from 'zod';
import {
  cleanText,
  comment_graphemes_max,
  fitsComment,
  review_categories,
  review_statuses,
} from './review.ts';
import { booking_ref, cursor, id, instant, limit, line, page, reference_code } from './schema.ts';

/** What the endpoints of api-reviews.ts take and give. */

const nothing = z.object({});
const rating = z.number().int().min(1).max(5);
const breakdown = z.strictObject(
  Object.fromEntries(review_categories.map((name) => [name, rating.optional()])),
);
const text = z
  .string()
  .refine(fitsComment, `At most ${comment_graphemes_max} characters`)
  .transform(cleanText);

const Review = z
  .object({
    review_id: id,
    clinic_id: id,
    service_id: id,
    service_name: z.string(),
    rating,
    ratings_breakdown: z.record(z.string(), rating).describe('Parts that were rated by themselves'),
    comment: z.string().nullable(),
    author_name: z.string().nullable().describe('As others see it; null when it was erased'),
    is_verified: z.boolean().describe('Of a visit that took place here'),
    is_published: z.boolean(),
    status: z.enum(review_statuses),
    booking_id: id.nullable().describe('Null for strangers'),
    reference_code: reference_code.nullable().describe('Null for strangers'),
    decision_reason: z.string().nullable().describe('Why it was rejected; null for strangers'),
    reply: z.string().nullable(),
    replied_at: instant.nullable(),
    edited_at: instant.nullable(),
    version: z.number().int(),
    created_at: instant,
  })
  .meta({ id: 'Review' });

const average = z
  .string()
  .nullable()
  .describe('Two decimal places, rounded half up from exact counts; null without reviews');
const count = z.number().int();

const review_fields = {
  rating,
  ratings_breakdown: breakdown.default({}),
  comment: text.optional(),
};
const expected_version = z.number().int().optional();

export const review_shapes = {
  create_review: {
    params: z.object({ booking_id: booking_ref }),
    query: nothing,
    body: z.object(review_fields),
    output: Review,
  },
  edit_review: {
    params: z.object({ review_id: id }),
    query: nothing,
    body: z.object({ ...review_fields, expected_version }),
    output: Review,
  },
  list_reviews: {
    params: z.object({ clinic_id: id }),
    query: z.object({
      status: z
        .enum([...review_statuses, 'all'])
        .default('published')
        .describe('Others than published: staff all of them, customers their own'),
      booking_id: booking_ref.optional(),
      rating: z.coerce.number().int().min(1).max(5).optional(),
      cursor,
      limit,
    }),
    body: nothing,
    output: page(Review).extend({
      review_count: count.describe('Published ones'),
      average_rating: average,
      rating_counts: z.object({ 1: count, 2: count, 3: count, 4: count, 5: count }),
      ratings_breakdown: z
        .array(
          z.object({
            category: z.enum(review_categories),
            review_count: count,
            average_rating: average,
          }),
        )
        .readonly(),
    }),
  },
  decide_review: {
    params: z.object({ review_id: id }),
    query: nothing,
    body: z
      .object({
        decision: z.enum(['published', 'rejected']),
        reason: line(500).optional().describe('Needed to reject; the author sees it'),
        expected_version,
      })
      .refine(({ decision, reason }) => decision === 'published' || reason !== undefined, {
        message: 'Say why it is rejected',
        path: ['reason'],
      }),
    output: Review,
  },
  reply_review: {
    params: z.object({ review_id: id }),
    query: nothing,
    body: z.object({ reply: text.nullable(), expected_version }),
    output: Review,
  },
} as const;
