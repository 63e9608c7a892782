import type { ReviewStatus } from '../../domain/review.ts';
import type { DbActor } from './actor.ts';
import { type Db, run, runOne } from './db.ts';

export type ReviewRow = {
  readonly review_id: string;
  readonly booking_id: string;
  readonly reference_code: string;
  readonly user_id: string;
  readonly clinic_id: string;
  readonly time_zone: string;
  readonly service_id: string;
  readonly service_name: string;
  /** Null once the owner's data was erased. */
  readonly owner_name: string | null;
  readonly rating: number;
  readonly ratings_breakdown: Readonly<Record<string, number>>;
  readonly comment: string | null;
  readonly is_verified: boolean;
  readonly is_published: boolean;
  readonly status: ReviewStatus;
  readonly decision_reason: string | null;
  readonly reply: string | null;
  readonly replied_at: Temporal.Instant | null;
  readonly edited_at: Temporal.Instant | null;
  readonly version: number;
  readonly created_at: Temporal.Instant;
};

const columns = (sql: Db) => sql`
  r.id as review_id, r.booking_id, b.reference_code, r.user_id, r.clinic_id, c.time_zone,
  r.service_id, s.name as service_name,
  case when not u.is_erased then u.full_name end as owner_name,
  r.rating, r.ratings_breakdown, r.comment, r.is_verified, r.is_published, r.status,
  r.decision_reason, r.reply, r.replied_at, r.edited_at, r.version, r.created_at`;

const sources = (sql: Db) => sql`
  reviews r
  join bookings b on b.id = r.booking_id
  join clinics c on c.id = r.clinic_id
  join services s on s.id = r.service_id
  left join users u on u.id = r.user_id`;

/** One review, whoever asks. */
export async function findReview(sql: Db, review_id: string): Promise<ReviewRow | null> {
  const [row] = await run(sql<ReviewRow[]>`
    select ${columns(sql)} from ${sources(sql)} where r.id = ${review_id}`);
  return row ?? null;
}

export type ReviewFilter = {
  readonly clinic_id: string;
  /** Null = all. */
  readonly status: ReviewStatus | null;
  /** Null = everybody's. */
  readonly user_id: string | null;
  readonly booking_ref: string | null;
  readonly rating: number | null;
  /** The last row of the page before. */
  readonly before: { readonly at: Temporal.Instant; readonly id: string } | null;
  readonly limit: number;
};

/** Reviews of a clinic, newest first. */
export async function listReviews(sql: Db, filter: ReviewFilter): Promise<readonly ReviewRow[]> {
  const { clinic_id, status, user_id, booking_ref, rating, before, limit } = filter;
  const is_code = booking_ref?.startsWith('BP') === true;
  return await run(sql<ReviewRow[]>`
    select ${columns(sql)}
    from ${sources(sql)}
    where r.clinic_id = ${clinic_id}
      ${status === null ? sql`` : sql`and r.status = ${status}`}
      ${user_id === null ? sql`` : sql`and r.user_id = ${user_id}`}
      ${rating === null ? sql`` : sql`and r.rating = ${rating}`}
      ${booking_ref === null ? sql`` : is_code ? sql`and b.reference_code = ${booking_ref}` : sql`and b.id = ${booking_ref}`}
      ${before ? sql`and (r.created_at, r.id) < (${before.at.toString()}, ${before.id})` : sql``}
    order by r.created_at desc, r.id desc
    limit ${limit}`);
}

export type Mark = {
  readonly category: string;
  readonly review_count: number;
  readonly average_rating: string;
  /** How often each mark was given. */
  readonly counts: Readonly<Record<string, number>>;
};

/** The marks of a clinic's published reviews, by category; a category nobody rated is left out. */
export async function readMarks(sql: Db, clinic_id: string): Promise<readonly Mark[]> {
  return await run(sql<Mark[]>`
    select category, sum(review_count)::integer as review_count,
      round(sum(rating * review_count)::numeric / sum(review_count), 2)::text as average_rating,
      jsonb_object_agg(rating, review_count) as counts
    from clinic_ratings
    where clinic_id = ${clinic_id} and review_count > 0
    group by category
    order by category`);
}

export type ReviewText = {
  readonly rating: number;
  readonly ratings_breakdown: Readonly<Record<string, number>>;
  readonly comment: string | null;
  /** A person has to read it before others do. */
  readonly needs_look: boolean;
};

export type ReviewOutcome = {
  readonly outcome: 'ok' | 'not_found' | 'conflict' | 'policy_refused';
  readonly rule: string | null;
};

/** Writes a review of a completed visit; of one's own only, and once. */
export async function submitReview(
  sql: Db,
  review: ReviewText & { readonly booking_id: string },
  actor: DbActor,
): Promise<ReviewOutcome & { readonly review_id: string | null }> {
  return await runOne(sql<(ReviewOutcome & { review_id: string | null })[]>`
    select outcome, rule, review_id
    from submit_review(
      ${review.booking_id}, ${review.rating}, ${sql.json(review.ratings_breakdown)},
      ${review.comment}, ${review.needs_look}, ${sql.json(actor)}
    )`);
}

type Versioned = { readonly review_id: string; readonly expected_version: number | null };

/** Writes one's own review anew. */
export async function editReview(
  sql: Db,
  review: ReviewText & Versioned,
  actor: DbActor,
): Promise<ReviewOutcome & { readonly version: number | null }> {
  return await runOne(sql<(ReviewOutcome & { version: number | null })[]>`
    select outcome, rule, version
    from edit_review(
      ${review.review_id}, ${review.rating}, ${sql.json(review.ratings_breakdown)},
      ${review.comment}, ${review.needs_look}, ${review.expected_version}, ${sql.json(actor)}
    )`);
}

type Decided = {
  readonly outcome: 'ok' | 'not_found' | 'conflict';
  readonly version: number | null;
};

/** Lets a review be seen, or not. */
export async function decideReview(
  sql: Db,
  decision: Versioned & {
    readonly decision: 'published' | 'rejected';
    readonly reason: string | null;
  },
  actor: DbActor,
): Promise<Decided> {
  return await runOne(sql<Decided[]>`
    select outcome, version
    from decide_review(
      ${decision.review_id}, ${decision.decision}, ${decision.reason},
      ${decision.expected_version}, ${sql.json(actor)}
    )`);
}

/** Sets the clinic's public answer; null takes it back. */
export async function replyReview(
  sql: Db,
  answer: Versioned & { readonly reply: string | null },
  actor: DbActor,
): Promise<Decided> {
  return await runOne(sql<Decided[]>`
    select outcome, version
    from reply_review(
      ${answer.review_id}, ${answer.reply}, ${answer.expected_version}, ${sql.json(actor)}
    )`);
}
