/** Reviews: what may be written, and what somebody has to read before it is shown. */

/** Parts of a visit that can be rated by themselves, beside the whole. Seed 002, ratings_breakdown. */
export const review_categories = ['care', 'staff', 'cleanliness', 'punctuality', 'value'] as const;

export const review_statuses = ['pending', 'published', 'rejected'] as const;
export type ReviewStatus = (typeof review_statuses)[number];

/** What a reader counts as signs: an emoji family is one. */
export const comment_graphemes_max = 2_000;
/** Looked at first, because counting signs of a whole book takes its time. */
export const comment_units_max = 8_000;

/**
 * Text of strangers as it is kept: one form of each letter, line breaks as the only control
 * characters, nothing that turns the direction of what follows.
 */
export function cleanText(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/\r\n?|[\u2028\u2029]/g, '\n')
    .replaceAll('\t', ' ')
    .replaceAll(/(?!\n)\p{Cc}|[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

/** True when the text is short enough to be kept. */
export function fitsComment(text: string): boolean {
  if (text.length > comment_units_max) return false;
  if (text.length <= comment_graphemes_max) return true;
  let count = 0;
  for (const _ of new Intl.Segmenter().segment(text)) {
    count += 1;
    if (count > comment_graphemes_max) return false;
  }
  return true;
}

/** Addresses, mailboxes and phone numbers: the marks of advertising and of somebody's private data. */
const suspicious =
  /https?:|www\.|\b[\w-]+\.(?:com|net|org|info|biz|shop|xyz|io|me|link|jp|id)\b|[^\s@]@[^\s@]+\.|(?:\+|\b0)\d(?:[\s().-]?\d){7,}/iu;

/** True when a person should read the text before others do. */
export function needsLook(comment: string | null): boolean {
  return comment !== null && suspicious.test(comment);
}

/** The name that others see: `Rina S.`; null stays null (erased). */
export function publicName(full_name: string | null): string | null {
  const [first = '', ...rest] = full_name?.trim().split(/\s+/) ?? [];
  if (first === '') return null;
  const [initial] = rest.at(-1) ?? '';
  return initial === undefined ? first : `${first} ${initial.toUpperCase()}.`;
}
