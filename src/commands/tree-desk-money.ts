import type { CommandSpec } from './spec.ts';

/** Money at the desk. */

const booking_arg = { name: '<reference>', doc: 'BP12345678 or the id of the booking' };

export const desk_money_tree: readonly CommandSpec[] = [
  {
    path: 'pay',
    args: [booking_arg],
    summary: 'Take what is due at the visit',
    role: 'desk',
    examples: [
      'petpro pay BP10000127 --method cash',
      'petpro pay BP10000127 --method card_terminal --amount 100000',
    ],
    options: [
      {
        flags: '--method <how>',
        doc: 'how it is paid',
        choices: ['cash', 'card_terminal', 'transfer'],
        required: true,
      },
      { flags: '--amount <amount>', doc: 'a part; default: all that is left' },
    ],
    mutates: { endpoint: 'pay_booking', if_version: true },
    exits: [3, 6, 9],
    load: async () => (await import('./take-payment.ts')).takePayment,
  },
  {
    path: 'receipts print',
    args: [{ name: '<reference>', doc: 'BP12345678 = its last payment, or the id of a payment' }],
    summary: 'The receipt of a payment, for a printer or as a page',
    role: 'own_or_view',
    examples: [
      'petpro receipts print BP10000127 --width 42 | lp',
      'petpro receipts print BP10000127 --html > receipt.html',
    ],
    options: [
      { flags: '--width <columns>', doc: 'of the paper; default 42', choices: ['42', '80'] },
      { flags: '--html', doc: 'a page for a browser' },
      {
        flags: '--speaks <lang>',
        doc: "language; default: the owner's",
        choices: ['en', 'ja', 'id'],
      },
    ],
    exits: [3],
    load: async () => (await import('./receipts.ts')).printReceipt,
  },
  {
    path: 'payments day',
    summary: 'The takings of a day, and the count of the drawer',
    role: 'desk',
    examples: [
      'petpro payments day',
      'petpro payments day --date yesterday -o csv',
      'petpro payments day --count 1250000 --note "50000 short, see drawer 2"',
    ],
    options: [
      { flags: '--date <day>', doc: 'day at the clinic; default: today' },
      { flags: '--count <amount>', doc: 'record this as what lies in the drawer' },
      { flags: '--note <text>', doc: 'kept with the count' },
    ],
    mutates: { endpoint: 'count_cash' },
    exits: [3, 9],
    load: async () => (await import('./cash-up.ts')).cashUp,
  },
];
