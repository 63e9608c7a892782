import { AppError } from '../domain/errors.ts';
import type { Output } from '../domain/shapes.ts';
import { plainLine } from '../domain/width.ts';
import {
  bookingRef,
  callOptions,
  firstWord,
  isForPeople,
  referenceOf,
  versionField,
} from './choice.ts';
import { type Context, say } from './context.ts';
import { lookOf } from './format.ts';
import { clinicOf, isId } from './lookup.ts';
import { printList, printOne } from './output.ts';
import { openSession, type Session } from './session.ts';
import { wholeOption } from './slots.ts';
import { type Args, flagOption, type Run, textOption } from './spec.ts';

type Review = Output<'create_review'>;

const csv = [
  'review_id',
  'reference_code',
  'status',
  'rating',
  'comment',
  'author_name',
  'service_name',
  'reply',
  'decision_reason',
  'version',
  'created_at',
];

const stars = (rating: number) => `${rating}/5`;

/** `petpro reviews list` */
export async function listReviews(context: Context, args: Args): Promise<undefined> {
  const session = openSession(context);
  const clinic = await clinicOf(session);
  const look = lookOf(context, clinic);
  const status = textOption(args, 'status');
  const rating = wholeOption(args, 'rating', 1, 5);
  const booking = textOption(args, 'booking');
  const cursor = textOption(args, 'cursor');
  const limit = wholeOption(args, 'limit', 1, 200);
  const page = await session.client.call('list_reviews', {
    clinic_id: clinic.clinic_id,
    ...(status === 'pending' || status === 'rejected' || status === 'all' ? { status } : {}),
    ...(rating === null ? {} : { rating }),
    ...(booking === null ? {} : { booking_id: referenceOf(booking) }),
    ...(cursor === null ? {} : { cursor }),
    ...(limit === null ? {} : { limit }),
  });
  printList(context, {
    kind: 'ReviewList',
    items: page.items,
    columns: [
      { head: 'WRITTEN', text: (one) => look.moment(one.created_at), whole: true },
      { head: 'STARS', text: (one) => stars(one.rating), whole: true },
      { head: 'STATUS', text: (one) => one.status, whole: true },
      { head: 'COMMENT', text: (one) => one.comment ?? '' },
      { head: 'BY', text: (one) => one.author_name ?? 'erased' },
      { head: 'REPLY', text: (one) => one.reply ?? '' },
      { head: 'REF', text: (one) => one.reference_code ?? '', whole: true },
      { head: 'ID', text: (one) => one.review_id, wide: true },
    ],
    csv,
    name: (one) => one.review_id,
    cursor: page.next_cursor,
    as_of: look.now(),
    empty: 'No review fits.',
  });
  if (!isForPeople(context) || page.average_rating === null) return;
  const reviews = page.review_count === 1 ? '1 review' : `${page.review_count} reviews`;
  say(context, `${page.average_rating} of 5 on average, by ${reviews} that can be read.`);
}

async function show(context: Context, session: Session, review: Review, verb: string) {
  const clinic = await session.client.call('get_clinic', { clinic_id: review.clinic_id });
  const look = lookOf(context, clinic);
  printOne(context, {
    kind: 'Review',
    item: review,
    csv,
    name: review.review_id,
    as_of: look.now(),
    lines: [
      [verb, `${stars(review.rating)} for ${review.service_name}`],
      ['status', review.status],
      ['comment', plainLine(review.comment ?? '')],
      ['reason', review.decision_reason ?? ''],
      ['reply', plainLine(review.reply ?? '')],
      ['review', review.review_id],
      ['next', nextOf(review)],
    ],
  });
}

function nextOf({ review_id, status }: Review): string {
  return status === 'pending' ? `a manager: petpro reviews approve ${review_id}` : '';
}

/** The review that the word means: its id, or the reference of its booking. */
async function reviewOf(session: Session, args: Args): Promise<string> {
  const word = referenceOf(firstWord(args));
  if (isId(word)) return word;
  const booking_id = bookingRef(args);
  const { clinic_id } = await session.client.call('get_booking', { booking_id });
  const wish = { clinic_id, booking_id, status: 'all' } as const;
  const { items } = await session.client.call('list_reviews', wish);
  const [only] = items;
  if (only) return only.review_id;
  const detail = `The booking ${booking_id} has no review.`;
  throw new AppError('not_found', detail, { next: 'petpro reviews list --status all' });
}

function decision(word: 'published' | 'rejected', verb: string): Run {
  return async (context, args) => {
    const reason = textOption(args, 'reason');
    if (word === 'rejected' && reason === null) {
      const next = `petpro reviews reject ${firstWord(args)} --reason ".."`;
      throw new AppError('invalid_input', 'Say why; the author reads it.', { next });
    }
    const session = openSession(context, 'manager');
    const review_id = await reviewOf(session, args);
    const wish = { review_id, decision: word, ...versionField(args) };
    const said = reason === null ? wish : { ...wish, reason };
    const review = await session.client.call('decide_review', said, callOptions(args));
    await show(context, session, review, verb);
    return;
  };
}

export const approveReview = decision('published', 'Published');
export const rejectReview = decision('rejected', 'Rejected');

/** `petpro reviews reply` */
export async function replyReview(context: Context, args: Args): Promise<undefined> {
  const reply = textOption(args, 'text');
  const is_removed = flagOption(args, 'remove');
  if ((reply === null) !== is_removed) {
    throw new AppError('invalid_input', 'Give either --text ".." or --remove.');
  }
  const session = openSession(context, 'manager');
  const review_id = await reviewOf(session, args);
  const wish = { review_id, reply, ...versionField(args) };
  const review = await session.client.call('reply_review', wish, callOptions(args));
  await show(context, session, review, is_removed ? 'Reply removed' : 'Replied');
}

const marks_form = /^[a-z]+=[1-5](,[a-z]+=[1-5])*$/;

/** `--rating`, `--marks` and `--comment` as the API takes them. */
function textFields(args: Args) {
  const rating = wholeOption(args, 'rating', 1, 5) ?? 0;
  const marks = textOption(args, 'marks');
  if (marks !== null && !marks_form.test(marks)) {
    throw new AppError('invalid_input', `"${marks}" does not read as care=5,punctuality=3.`);
  }
  const pairs = (marks?.split(',') ?? []).map((pair) => pair.split('='));
  const comment = textOption(args, 'comment');
  return {
    rating,
    ratings_breakdown: Object.fromEntries(pairs.map(([name, mark]) => [name, Number(mark)])),
    ...(comment === null ? {} : { comment }),
  };
}

/** `petpro reviews write` */
export async function writeReview(context: Context, args: Args): Promise<undefined> {
  const wish = { booking_id: bookingRef(args), ...textFields(args) };
  const session = openSession(context, 'customer');
  const review = await session.client.call('create_review', wish, callOptions(args));
  await show(context, session, review, 'Reviewed');
}

/** `petpro reviews edit` */
export async function editReview(context: Context, args: Args): Promise<undefined> {
  const review_id = firstWord(args);
  if (!isId(review_id)) {
    const detail = `"${review_id}" is no id of a review.`;
    throw new AppError('invalid_input', detail, { next: 'petpro reviews list -o wide' });
  }
  const wish = { review_id, ...textFields(args), ...versionField(args) };
  const session = openSession(context, 'customer');
  const review = await session.client.call('edit_review', wish, callOptions(args));
  await show(context, session, review, 'Changed');
}
