import { publicName } from '../../domain/review.ts';
import { seesPersonalData } from '../../domain/roles.ts';
import type { Output } from '../../domain/shapes.ts';
import type { Actor } from '../app-types.ts';
import type { ReviewRow } from '../store/reviews.ts';
import { masker } from './personal-data.ts';
import { zonedText, zonedTextOrNull } from './slot-time.ts';

export type Review = Output<'create_review'>;

/** True for the author and for the clinic's people; the rest of the world reads what is published. */
function isInsider(actor: Actor, row: ReviewRow): boolean {
  if (actor.role === 'customer') return actor.user_id === row.user_id;
  return seesPersonalData(actor.role);
}

/** A review as this caller may see it. */
export function reviewJson(row: ReviewRow, actor: Actor): Review {
  const inside = isInsider(actor, row);
  const mask = masker(actor);
  const { time_zone } = row;
  return {
    review_id: row.review_id,
    clinic_id: row.clinic_id,
    service_id: row.service_id,
    service_name: row.service_name,
    rating: row.rating,
    ratings_breakdown: { ...row.ratings_breakdown },
    comment: row.comment,
    author_name: mask(publicName(row.owner_name)),
    is_verified: row.is_verified,
    is_published: row.is_published,
    status: row.status,
    booking_id: inside ? row.booking_id : null,
    reference_code: inside ? row.reference_code : null,
    decision_reason: inside ? row.decision_reason : null,
    reply: row.reply,
    replied_at: zonedTextOrNull(row.replied_at, time_zone),
    edited_at: zonedTextOrNull(row.edited_at, time_zone),
    version: row.version,
    created_at: zonedText(row.created_at, time_zone),
  };
}
