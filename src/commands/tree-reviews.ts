import type { CommandSpec, OptionSpec } from './spec.ts';

/** What owners say afterwards, and what the clinic does about it. */

const review_arg = { name: '<review>', doc: 'id of the review, or the reference of its booking' };
const text_options: readonly OptionSpec[] = [
  { flags: '--rating <n>', doc: 'the whole visit, 1 to 5', required: true },
  { flags: '--marks <list>', doc: 'parts of it, as care=5,punctuality=3' },
  { flags: '--comment <text>', doc: 'what others should know' },
];

export const reviews_tree: readonly CommandSpec[] = [
  {
    path: 'reviews list',
    summary: 'Reviews of the clinic, newest first, and their average',
    role: 'signed_in',
    examples: ['petpro reviews list', 'petpro reviews list --status pending -o name'],
    options: [
      {
        flags: '--status <status>',
        doc: 'default: published',
        choices: ['published', 'pending', 'rejected', 'all'],
      },
      { flags: '--rating <n>', doc: 'only these, 1 to 5' },
      { flags: '--booking <reference>', doc: 'of this booking' },
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./reviews.ts')).listReviews,
  },
  {
    path: 'reviews approve',
    args: [review_arg],
    summary: 'Publish a review that waits, or one that was rejected',
    role: 'manager',
    examples: ['petpro reviews approve BP10000127'],
    mutates: { endpoint: 'decide_review', reason: true, if_version: true },
    exits: [3, 6],
    load: async () => (await import('./reviews.ts')).approveReview,
  },
  {
    path: 'reviews reject',
    args: [review_arg],
    summary: 'Keep a review from being seen; the author reads why',
    role: 'manager',
    examples: ['petpro reviews reject BP10000127 --reason "names another customer"'],
    mutates: { endpoint: 'decide_review', reason: true, if_version: true },
    exits: [3, 6],
    load: async () => (await import('./reviews.ts')).rejectReview,
  },
  {
    path: 'reviews reply',
    args: [review_arg],
    summary: "The clinic's public answer to a review",
    role: 'manager',
    examples: [
      'petpro reviews reply BP10000127 --text "Thank you! Mochi was a star."',
      'petpro reviews reply BP10000127 --remove',
    ],
    options: [
      { flags: '--text <text>', doc: 'what everybody reads under the review' },
      { flags: '--remove', doc: 'take the answer back' },
    ],
    mutates: { endpoint: 'reply_review', if_version: true },
    exits: [3, 6],
    load: async () => (await import('./reviews.ts')).replyReview,
  },
  {
    path: 'reviews write',
    args: [{ name: '<reference>', doc: 'BP12345678 or the id of the booking' }],
    summary: "Review one's own completed visit, as its owner",
    role: 'own',
    examples: ['petpro reviews write BP10000127 --rating 5 --marks care=5 --comment "So kind"'],
    options: text_options,
    mutates: { endpoint: 'create_review' },
    exits: [3, 6, 9],
    load: async () => (await import('./reviews.ts')).writeReview,
  },
  {
    path: 'reviews edit',
    args: [{ name: '<review>', doc: 'id of the review' }],
    summary: "Write one's own review anew, within a week",
    role: 'own',
    examples: ['petpro reviews edit 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa --rating 4'],
    options: text_options,
    mutates: { endpoint: 'edit_review', if_version: true },
    exits: [3, 6, 9],
    load: async () => (await import('./reviews.ts')).editReview,
  },
];
