import { addressOf, call, member, send } from './harness.ts';
import type { World } from './world.ts';

/** What owners leave behind: reviews of visits that are over, and files. Each takes a booking of `owner`. */

/** The visit takes place and ends. */
export async function completeVisit(world: World, booking_id: string): Promise<string> {
  const params = { booking_id };
  const token = world.tokens.desk;
  for (const status of ['in-progress', 'completed']) {
    await call(world.base, 'set_booking_status', { params, body: { status } }, { token });
  }
  return booking_id;
}

/** A review by `owner` of that visit. */
export async function reviewVisit(world: World, booking_id: string): Promise<string> {
  const params = { booking_id: await completeVisit(world, booking_id) };
  const body = { rating: 4, comment: 'Kind to Mochi.' };
  const token = world.tokens.customer;
  const answer = await call(world.base, 'create_review', { params, body }, { token });
  return String(member(answer.json, 'review_id'));
}

/** The smallest thing that passes for a PDF. */
export const tiny_pdf = new TextEncoder().encode('%PDF-1.4\n%%EOF\n');

/** A file of that booking, sent by `owner`. */
export async function attachFile(world: World, booking_id: string) {
  const { address, method } = addressOf('add_attachment', {
    params: { booking_id },
    query: { name: 'x-ray.pdf' },
  });
  const token = world.tokens.customer;
  const headers = { 'content-type': 'application/pdf' };
  const answer = await send(world.base, address, { method, token, headers, raw_body: tiny_pdf });
  return { booking_id, attachment_id: String(member(answer.json, 'attachment_id')) };
}
