import type { CommandSpec } from './spec.ts';

/** Saved payment methods, and requests that the clinic has to grant. */

const hold_arg = { name: '<reference>', doc: 'BP12345678 or the id of the hold' };
const owner_option = { flags: '--owner <who>', doc: 'owner: phone, name or id', required: true };

export const saved_tree: readonly CommandSpec[] = [
  {
    path: 'payments methods',
    summary: 'Cards that an owner saved at the payment provider',
    role: 'own_or_desk',
    examples: ['petpro payments methods --owner 7890'],
    options: [owner_option],
    exits: [3],
    pages: 'here',
    load: async () => (await import('./payment-methods.ts')).listMethods,
  },
  {
    path: 'payments charge',
    args: [hold_arg],
    summary: 'Pay a hold with a card that its owner saved',
    role: 'own_or_desk',
    examples: [
      'petpro payments charge BP10000127',
      'petpro payments charge BP10000127 --method 4242',
    ],
    options: [
      { flags: '--method <card>', doc: 'its last four digits or its id; default: the only one' },
    ],
    mutates: { endpoint: 'create_payment' },
    exits: [3, 6, 7, 8, 9],
    load: async () => (await import('./payment-methods.ts')).chargeMethod,
  },
  {
    path: 'payments page',
    args: [hold_arg],
    summary: 'Open a payment page for a hold, or tell the one that is open',
    role: 'own_or_desk',
    examples: ['petpro payments page BP10000127'],
    mutates: { endpoint: 'create_payment_session' },
    exits: [3, 6, 7, 9, 11],
    load: async () => (await import('./payment-page.ts')).openPaymentPage,
  },
  {
    path: 'payments forget',
    args: [{ name: '<card>', doc: 'last four digits or id of a saved card' }],
    summary: 'Forget a card that an owner saved',
    role: 'own_or_desk',
    examples: ['petpro payments forget 4242 --owner 7890'],
    options: [owner_option],
    mutates: { endpoint: 'remove_payment_method' },
    exits: [3],
    load: async () => (await import('./payment-methods.ts')).forgetMethod,
  },
  {
    path: 'approvals list',
    summary: 'Requests that wait for the yes of the clinic, the most urgent first',
    role: 'desk',
    examples: ['petpro approvals list', 'petpro approvals list --json'],
    pages: true,
    exits: [3],
    load: async () => (await import('./approvals.ts')).listApprovals,
  },
  {
    path: 'approvals approve',
    args: [hold_arg],
    summary: 'Grant a request: the authorised money is fetched, and it is booked',
    role: 'desk',
    examples: ['petpro approvals approve BP10000127'],
    mutates: { endpoint: 'decide_approval', reason: true },
    exits: [3, 6, 7, 8, 9],
    load: async () => (await import('./approvals.ts')).approve,
  },
  {
    path: 'approvals reject',
    args: [hold_arg],
    summary: 'Reject a request: the card is let go, and the place is free',
    role: 'desk',
    examples: ['petpro approvals reject BP10000127 --reason "Dr. Sari is away that day"'],
    mutates: { endpoint: 'decide_approval', reason: true },
    exits: [3, 6, 7, 9],
    load: async () => (await import('./approvals.ts')).reject,
  },
];
