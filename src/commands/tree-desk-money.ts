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
    summary: 'The receipt of a payment: text, page, PDF or the language of till printers',
    role: 'own_or_view',
    examples: [
      'petpro receipts print BP10000127 --width 42 | lp',
      'petpro receipts print BP10000127 --format pdf --paper 80mm --out receipt.pdf',
      'petpro receipts print BP10000127 --format escpos --out /dev/usb/lp0',
    ],
    options: [
      {
        flags: '--format <format>',
        doc: 'default text; escpos = for a till printer',
        choices: ['text', 'html', 'pdf', 'escpos'],
      },
      { flags: '--width <columns>', doc: 'of text and escpos; default 42', choices: ['42', '80'] },
      { flags: '--paper <paper>', doc: 'of the PDF; default a4', choices: ['a4', '80mm'] },
      { flags: '--html', doc: 'same as --format html' },
      { flags: '--out <file>', doc: 'write it there instead of to stdout' },
      { flags: '--printer <name>', doc: 'send it to that printer with lp' },
      { flags: '--copies <n>', doc: 'for escpos and --printer; default 1' },
      {
        flags: '--charset <charset>',
        doc: 'of escpos; default: shift_jis for Japanese, else cp437',
        choices: ['cp437', 'shift_jis', 'utf8'],
      },
      {
        flags: '--speaks <lang>',
        doc: "language; default: the owner's",
        choices: ['en', 'ja', 'id'],
      },
    ],
    exits: [3],
    watch: false,
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
  {
    path: 'settlements create',
    summary: "Close a period of the clinic's ledger",
    role: 'manager',
    examples: [
      'petpro settlements create --from 2026-11-01 --to 2026-11-15 --dry-run',
      'petpro settlements create --clinic BSD --from 2026-11-01 --to 2026-11-15 --yes',
    ],
    options: [
      { flags: '--from <date>', doc: 'first day, YYYY-MM-DD', required: true },
      { flags: '--to <date>', doc: 'last day, included; it must be over', required: true },
    ],
    mutates: { endpoint: 'create_settlement', dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./settlements.ts')).createSettlement,
  },
  {
    path: 'settlements list',
    summary: 'Closed periods of the clinic',
    role: 'manager',
    examples: ['petpro settlements list -o csv'],
    pages: true,
    load: async () => (await import('./settlements.ts')).listSettlements,
  },
  {
    path: 'settlements show',
    args: [{ name: '<settlement>', doc: 'id of the settlement' }],
    summary: 'The figures of one closed period',
    role: 'manager',
    examples: ['petpro settlements show 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa'],
    exits: [3],
    load: async () => (await import('./settlements.ts')).showSettlement,
  },
  {
    path: 'settlements export',
    args: [{ name: '<settlement>', doc: 'id of the settlement' }],
    summary: 'All ledger entries of one closed period',
    role: 'manager',
    examples: ['petpro settlements export 0198c9a2-6b1e-7c33-9d70-2f4f0b9a11aa -o csv'],
    exits: [3],
    watch: false,
    load: async () => (await import('./settlements.ts')).exportSettlement,
  },
];
