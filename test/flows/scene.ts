import { expect } from 'vitest';
import type { Json } from '../../src/domain/errors.ts';
import { eventually } from '../helpers/poll.ts';
import { type Answer, type Harness, member, send } from '../http/harness.ts';

/** The clients of the source documents: their addresses, their words, real HTTP. */

export type Client = (
  method: 'GET' | 'POST' | 'PUT',
  address: string,
  body?: Readonly<Record<string, unknown>>,
) => Promise<Answer>;

export function clientOf(harness: Harness, token: string): Client {
  return async (method, address, body) =>
    await send(harness.daemon.url, address, {
      method,
      token,
      ...(method === 'GET' ? {} : { body: body ?? {} }),
    });
}

/** The text under that name of an answer that has to be a success. */
export function textOf(answer: Answer, name: string): string {
  const value = member(answer.json, name);
  if (answer.status < 300 && typeof value === 'string') return value;
  throw new Error(`${answer.status} without ${name}: ${answer.text}`);
}

/** The list under that name of an answer that has to be a success. */
export function listOf(answer: Answer, name: string): readonly Json[] {
  const value = member(answer.json, name);
  if (answer.status < 300 && Array.isArray(value)) return value;
  throw new Error(`${answer.status} without ${name}: ${answer.text}`);
}

/** A person in front of the payment page; its webhook comes by itself. */
export async function payAt(
  harness: Harness,
  payment_url: string,
  outcome = 'success',
): Promise<void> {
  const session_id = new URL(payment_url).pathname.split('/').at(-1) ?? '';
  const address = `/sandbox/sessions/${session_id}/pay`;
  const answer = await send(harness.stripe_url, address, { method: 'POST', body: { outcome } });
  expect(answer.status, answer.text).toBe(200);
}

/** Waits until a hold is what it should become, and gives it. */
export async function holdThatIs(
  client: Client,
  reservation_id: string,
  wanted: Readonly<Record<string, string>>,
): Promise<Answer> {
  return await eventually(JSON.stringify(wanted), async () => {
    const answer = await client('GET', `/v1/reservations/${reservation_id}`);
    const is_there = Object.entries(wanted).every(
      ([name, value]) => member(answer.json, name) === value,
    );
    return is_there ? answer : null;
  });
}

/** The distance to a moment of an answer, in minutes. */
export const minutesTo = (moment: string): number =>
  (Temporal.Instant.from(moment).epochMilliseconds - Date.now()) / 60_000;
