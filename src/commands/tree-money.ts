import { payment_statuses, refund_statuses } from '../domain/money-words.ts';
import type { CommandSpec } from './spec.ts';

/** Payments and refunds: what the desk and the manager do with money. */

const booking_arg = { name: '<reference>', doc: 'BP12345678 or the id of the booking' };
const refund_arg = {
  name: '<refund>',
  doc: 'id of a refund, or the reference of a booking with one that waits',
};
const booking_option = { flags: '--booking <reference>', doc: 'only those of this booking' };

const refunds: readonly CommandSpec[] = [
  {
    path: 'refunds list',
    summary: 'Refunds, newest first, with what is in the way of each',
    role: 'view',
    examples: ['petpro refunds list --status failed', 'petpro refunds list --decision awaiting'],
    options: [
      { flags: '--status <status>', doc: 'only these', choices: refund_statuses },
      {
        flags: '--decision <word>',
        doc: 'awaiting = a manager has to agree first',
        choices: ['granted', 'awaiting', 'denied'],
      },
      booking_option,
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./refunds.ts')).listRefunds,
  },
  {
    path: 'refunds create',
    args: [booking_arg],
    summary: 'Give money of a booking back, as far as the limit of the desk goes',
    role: 'desk',
    examples: ['petpro refunds create BP10000127 --amount 50000 --reason "waited an hour"'],
    options: [{ flags: '--amount <amount>', doc: 'default: all that is left of the payment' }],
    mutates: { endpoint: 'create_refund', reason: true },
    exits: [3, 9],
    load: async () => (await import('./refunds.ts')).createRefund,
  },
  {
    path: 'refunds request',
    args: [booking_arg],
    summary: 'Ask a manager to give money of a booking back',
    role: 'desk',
    examples: ['petpro refunds request BP10000127 --amount 900000 --reason "came in vain"'],
    options: [{ flags: '--amount <amount>', doc: 'default: all that is left of the payment' }],
    mutates: { endpoint: 'create_refund', reason: true },
    exits: [3, 9],
    load: async () => (await import('./refunds.ts')).requestRefund,
  },
  {
    path: 'refunds approve',
    args: [refund_arg],
    summary: 'Grant a refund that the desk asked for',
    role: 'manager',
    examples: ['petpro refunds approve BP10000127'],
    mutates: { endpoint: 'decide_refund', reason: true },
    exits: [3, 6],
    load: async () => (await import('./refunds.ts')).approveRefund,
  },
  {
    path: 'refunds deny',
    args: [refund_arg],
    summary: 'Deny a refund that the desk asked for, for good',
    role: 'manager',
    examples: ['petpro refunds deny BP10000127 --reason "outside the policy"'],
    mutates: { endpoint: 'decide_refund', reason: true },
    exits: [3, 6],
    load: async () => (await import('./refunds.ts')).denyRefund,
  },
  {
    path: 'refunds complete',
    args: [refund_arg],
    summary: 'The owner has the money: in cash, or sent by hand',
    role: 'desk',
    examples: ['petpro refunds complete BP10000127 --by cash'],
    options: [
      {
        flags: '--by <how>',
        doc: 'how it was handed over; default cash',
        choices: ['cash', 'card_terminal', 'transfer', 'provider'],
      },
    ],
    mutates: { endpoint: 'complete_refund', reason: true },
    exits: [3, 9],
    load: async () => (await import('./refunds.ts')).completeRefund,
  },
  {
    path: 'refunds retry',
    args: [refund_arg],
    summary: 'Send a failed refund once more',
    role: 'manager',
    examples: ['petpro refunds retry BP10000127'],
    mutates: { endpoint: 'retry_refund', reason: true },
    exits: [3, 6, 9],
    load: async () => (await import('./refunds.ts')).retryRefund,
  },
];

const payments: readonly CommandSpec[] = [
  {
    path: 'payments list',
    summary: 'Payments, newest first',
    role: 'view',
    examples: ['petpro payments list --status failed', 'petpro payments list -o csv'],
    options: [
      { flags: '--status <status>', doc: 'only these', choices: payment_statuses },
      booking_option,
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./payments.ts')).listPayments,
  },
  {
    path: 'payments show',
    args: [{ name: '<payment>', doc: 'its id, or BP12345678 = the last of that reference' }],
    summary: 'One payment: page, tries, ledger entries, refunds and disputes',
    role: 'view',
    examples: ['petpro payments show BP10000127', 'petpro payments show BP10000127 --json'],
    exits: [3],
    load: async () => (await import('./payments.ts')).showPayment,
  },
  {
    path: 'payments entries',
    summary: 'The ledger: fee, clinic share and tax of payments and refunds',
    role: 'manager',
    examples: ['petpro payments entries -o csv', 'petpro payments entries --booking BP10000127'],
    options: [booking_option],
    pages: true,
    exits: [3],
    load: async () => (await import('./payments.ts')).listEntries,
  },
  {
    path: 'payments inbox',
    summary: 'Money that a person has to look at; normally nothing',
    role: 'desk',
    examples: ['petpro payments inbox', 'petpro payments inbox --json'],
    exits: [3],
    pages: 'here',
    load: async () => (await import('./payments.ts')).paymentsInbox,
  },
  {
    path: 'payments settle',
    args: [{ name: '<item>', doc: 'item of the inbox, as it gives it' }],
    summary: 'Take an item off the inbox that was settled elsewhere',
    role: 'manager',
    examples: ['petpro payments settle event-evt_1 --reason "not ours, told the bank"'],
    mutates: { endpoint: 'settle_inbox_item', reason: true },
    exits: [3, 9],
    load: async () => (await import('./payments.ts')).settleItem,
  },
  {
    path: 'payments link',
    args: [booking_arg],
    summary: 'The payment page of a hold',
    role: 'own_or_view',
    examples: ['petpro payments link BP10000127'],
    exits: [3, 9],
    load: async () => (await import('./payments.ts')).paymentLink,
  },
  {
    path: 'payments wait',
    args: [booking_arg],
    summary: 'Wait until a hold is paid: 0 paid, 7 expired, 8 still pending',
    role: 'own_or_view',
    examples: ['petpro payments wait BP10000127 --for 2m'],
    options: [{ flags: '--for <time>', doc: 'at most so long, as 30s; default 10m' }],
    exits: [3, 7, 8],
    watch: false,
    load: async () => (await import('./payments.ts')).waitForPayment,
  },
];

export const money_tree: readonly CommandSpec[] = [...payments, ...refunds];
