import { AppError } from '../../domain/errors.ts';
import { needsLook, review_categories } from '../../domain/review.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Input, Output } from '../../domain/shapes.ts';
import type { Actor, App } from '../app-types.ts';
import { findBooking } from '../store/bookings.ts';
import { findClinic } from '../store/clinics.ts';
import {
  decideReview as decide,
  editReview as edit,
  findReview,
  listReviews as list,
  type Mark,
  type ReviewText,
  readMarks,
  replyReview as reply,
  submitReview,
} from '../store/reviews.ts';
import { assertClinic, dbActor, scopeOf } from './actor.ts';
import { decodeTimeCursor, pageOf } from './cursor.ts';
import { failure } from './outcome.ts';
import { type Review, reviewJson } from './review-json.ts';

const details: Readonly<Record<string, string>> = {
  visit_not_completed: 'Only a completed visit can be reviewed.',
  review_too_late: 'A visit can be reviewed for 90 days.',
  reviewed_already: 'This visit has its review; write that one anew instead.',
  edit_window_over: 'A review can be changed for 7 days.',
};

/** The refusal of a SQL function, with its rule. */
function refused(outcome: string, rule: string | null): Error {
  return rule === null ? failure(outcome) : failure(outcome, { rule }, details[rule]);
}

function textOf(input: {
  readonly rating: number;
  readonly ratings_breakdown: Readonly<Record<string, number | undefined>>;
  readonly comment?: string | undefined;
}): ReviewText {
  const { rating, ratings_breakdown } = input;
  const given = Object.entries(ratings_breakdown).flatMap(([name, mark]) =>
    mark === undefined ? [] : [[name, mark] as const],
  );
  const comment = input.comment === undefined || input.comment === '' ? null : input.comment;
  const breakdown = Object.fromEntries(given);
  return { rating, ratings_breakdown: breakdown, comment, needs_look: needsLook(comment) };
}

async function reviewOf(app: App, actor: Actor, review_id: string): Promise<Review> {
  const row = await findReview(app.sql, review_id);
  if (!row) throw new Error(`The review ${review_id} is not there any more`);
  return reviewJson(row, actor);
}

/** Reviews a completed visit of one's own. */
export async function createReview(
  app: App,
  actor: Actor,
  input: Input<'create_review'>,
): Promise<Review> {
  const booking = await findBooking(app.sql, input.booking_id, scopeOf(actor));
  if (!booking) throw new AppError('not_found', 'There is no such booking.');
  const { booking_id } = booking;
  const done = await submitReview(app.sql, { booking_id, ...textOf(input) }, dbActor(actor));
  if (done.outcome !== 'ok' || done.review_id === null) throw refused(done.outcome, done.rule);
  app.wake.relay();
  return await reviewOf(app, actor, done.review_id);
}

/** Writes one's own review anew. */
export async function editReview(
  app: App,
  actor: Actor,
  input: Input<'edit_review'>,
): Promise<Review> {
  const { review_id, expected_version = null } = input;
  const wish = { review_id, expected_version, ...textOf(input) };
  const { outcome, rule, version } = await edit(app.sql, wish, dbActor(actor));
  if (outcome === 'conflict') throw failure(outcome, { version });
  if (outcome !== 'ok') throw refused(outcome, rule);
  return await reviewOf(app, actor, review_id);
}

/** Whose reviews of other states than published a caller sees: their own, or the clinic's. */
function hiddenOf(actor: Actor): { readonly user_id: string | null } {
  const { user_id } = scopeOf(actor);
  if (actor.role === 'customer' || seesPersonalData(actor.role)) return { user_id };
  const detail = `The role ${actor.role} reads published reviews only.`;
  throw new AppError('forbidden', detail, { role: actor.role });
}

function summary(marks: readonly Mark[]) {
  const markOf = (name: string) => marks.find(({ category }) => category === name);
  const overall = markOf('overall');
  const given = (mark: number) => overall?.counts[String(mark)] ?? 0;
  return {
    review_count: overall?.review_count ?? 0,
    average_rating: overall?.average_rating ?? null,
    rating_counts: { 1: given(1), 2: given(2), 3: given(3), 4: given(4), 5: given(5) },
    ratings_breakdown: review_categories.map((category) => ({
      category,
      review_count: markOf(category)?.review_count ?? 0,
      average_rating: markOf(category)?.average_rating ?? null,
    })),
  };
}

/** Reviews of a clinic, newest first, with the average of the published ones. */
export async function listReviews(
  app: App,
  actor: Actor,
  input: Input<'list_reviews'>,
): Promise<Output<'list_reviews'>> {
  const { clinic_id, status, limit } = input;
  assertClinic(actor, clinic_id);
  const user_id = status === 'published' ? null : hiddenOf(actor).user_id;
  const before = decodeTimeCursor(input.cursor);
  const [clinic, marks, rows] = await Promise.all([
    findClinic(app.sql, clinic_id),
    readMarks(app.sql, clinic_id),
    list(app.sql, {
      clinic_id,
      status: status === 'all' ? null : status,
      user_id,
      booking_ref: input.booking_id ?? null,
      rating: input.rating ?? null,
      before,
      limit: limit + 1,
    }),
  ]);
  if (!clinic) throw new AppError('not_found', 'There is no such clinic.');
  const page = pageOf(rows, limit, (row) => [row.created_at.toString(), row.review_id]);
  return {
    items: page.items.map((row) => reviewJson(row, actor)),
    next_cursor: page.next_cursor,
    ...summary(marks),
  };
}

/** Publishes a review, or rejects it with a reason. */
export async function decideReview(
  app: App,
  actor: Actor,
  input: Input<'decide_review'>,
): Promise<Review> {
  const { review_id, decision, reason = null, expected_version = null } = input;
  const wish = { review_id, decision, reason, expected_version };
  const { outcome, version } = await decide(app.sql, wish, dbActor(actor));
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  return await reviewOf(app, actor, review_id);
}

/** The clinic's public answer. */
export async function replyReview(
  app: App,
  actor: Actor,
  input: Input<'reply_review'>,
): Promise<Review> {
  const { review_id, expected_version = null } = input;
  const text = input.reply === '' ? null : input.reply;
  const wish = { review_id, reply: text, expected_version };
  const { outcome, version } = await reply(app.sql, wish, dbActor(actor));
  if (outcome !== 'ok') throw failure(outcome, version === null ? {} : { version });
  return await reviewOf(app, actor, review_id);
}
