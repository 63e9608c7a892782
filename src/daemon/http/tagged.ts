import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers that clients ask for again and again: with an ETag, so that one who has it already gets 304 and
 * no body. They may be kept by the client, never used unasked: somebody may have booked meanwhile.
 */

type Text = { readonly text: string; readonly tag: string };

const bare = (tag: string) => tag.trim().replace(/^W\//, '');

/** RFC 9110, 13.1.2: any of the tags, compared weakly, or a star. */
function hasTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => one.trim() === '*' || bare(one) === bare(tag));
}

/**
 * For one address (its aliases write other texts): gives the body of an answer with its tag; none,
 * with status 304, when the client has it already.
 */
export function tagger() {
  /** Answers that are kept (actions/kept-answers.ts) are written out and hashed once. */
  const texts = new WeakMap<object, Text>();
  const textOf = (output: unknown, write: (output: unknown) => string): Text => {
    const known = typeof output === 'object' && output !== null ? texts.get(output) : undefined;
    if (known) return known;
    const text = write(output);
    // Weak, because proxies that compress on the way change the bytes and not the meaning.
    const made = { text, tag: `W/"${hash('sha1', text, 'base64url')}"` };
    if (typeof output === 'object' && output !== null) texts.set(output, made);
    return made;
  };
  return (
    request: FastifyRequest,
    reply: FastifyReply,
    output: unknown,
    write: (output: unknown) => string,
  ): string | undefined => {
    const { text, tag } = textOf(output, write);
    reply.headers({ etag: tag, 'cache-control': 'private, no-cache', vary: 'authorization' });
    if (!hasTag(request.headers['if-none-match'], tag)) return text;
    // Sent here: an empty text or null would be given a type and a length.
    void reply.code(304).removeHeader('content-type').send();
    return undefined;
  };
}
