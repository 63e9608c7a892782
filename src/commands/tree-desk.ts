import type { CommandSpec, OptionSpec } from './spec.ts';
import { tier_options } from './tree-prices.ts';

/** The desk's commands. All speak to the API. */

const service: OptionSpec = { flags: '--service <name>', doc: 'service, by name or id' };
const needed_service: OptionSpec = { ...service, required: true };
const vet: OptionSpec = { flags: '--vet <name>', doc: 'vet, by name or id; any = whoever is free' };
const date: OptionSpec = {
  flags: '--date <day>',
  doc: 'day at the clinic: today, fri, +2d, 23/11',
};
const from: OptionSpec = { flags: '--from <day>', doc: 'first day' };
const to: OptionSpec = { flags: '--to <day>', doc: 'last day, included' };
const booking_arg = { name: '<reference>', doc: 'BP12345678 or the id of the booking' };
const hold_arg = { name: '<hold>', doc: 'reference, id, or the end of the id of a hold' };
const hold_date: OptionSpec = { flags: '--date <day>', doc: 'day to look for a short hold id on' };

const services: OptionSpec = {
  flags: '--services <list>',
  doc: 'several services in a row, by comma, in the order of the visit',
};

const slots: readonly CommandSpec[] = [
  {
    path: 'slots list',
    summary: 'Open slots of a service, or of all services',
    role: 'signed_in',
    examples: [
      'petpro slots list --service checkup --date fri',
      'petpro slots list --service vaccination --from today --to +7d --vet Sari -o csv',
      'petpro slots list --services "bath,nail trim" --date fri',
    ],
    options: [
      service,
      services,
      date,
      from,
      to,
      vet,
      { flags: '--all', doc: 'also the slots that are held, booked or blocked' },
    ],
    pages: true,
    watch: true,
    exits: [3],
    load: async () => (await import('./slots.ts')).listSlots,
  },
  {
    path: 'slots week',
    summary: 'Free and offered seats of a service as a map of days and hours',
    role: 'signed_in',
    examples: [
      'petpro slots week --service checkup',
      'petpro slots week --service checkup --vet Sari --from mon --days 14 -o csv',
    ],
    options: [
      needed_service,
      vet,
      from,
      { flags: '--days <n>', doc: 'days to show, 1 to 31; default 7' },
    ],
    exits: [3],
    load: async () => (await import('./slots-week.ts')).slotsWeek,
  },
  {
    path: 'slots explain',
    summary: 'Why a slot is not open, or why there is none',
    role: 'signed_in',
    examples: ['petpro slots explain --service checkup --date fri --at 11:15'],
    options: [needed_service, date, vet, { flags: '--at <time>', doc: 'only this time' }],
    exits: [3],
    load: async () => (await import('./slots-explain.ts')).explainSlots,
  },
];

const booking_options: readonly OptionSpec[] = [
  { flags: '--owner <who>', doc: 'owner: phone, end of the phone, name or id', required: true },
  { flags: '--pet <name>', doc: 'pet; not needed when the owner has one, or outside of clinics' },
  service,
  services,
  { flags: '--at <when>', doc: 'day and time: "fri 11:15"' },
  vet,
  { flags: '--slot <slot>', doc: 'the slot itself, by id or the end of it, instead of --at' },
  { flags: '--quantity <n>', doc: 'seats, for classes; default 1' },
  ...tier_options,
  { flags: '--seats <names>', doc: 'numbered seats, these or none: A-12,A-13' },
  { flags: '--together', doc: 'numbered seats side by side, or nothing' },
  { flags: '--front', doc: 'numbered seats as near to the front as can be had' },
];

const bookings: readonly CommandSpec[] = [
  {
    path: 'book',
    summary: 'Book a slot for an owner and a pet',
    role: 'own_or_desk',
    examples: [
      'petpro book --owner +6281234567890 --pet Mochi --service checkup --at "fri 11:15"',
      'petpro book --owner 7890 --service checkup --at "fri 11:15" --vet Sari --pay cash',
      'petpro book --owner 7890 --services "bath,nail trim" --at "fri 10:00"',
    ],
    options: [
      ...booking_options,
      {
        flags: '--pay <how>',
        doc: 'link = payment page (default); the others are taken at the desk',
        choices: ['link', 'cash', 'card_terminal', 'transfer', 'at_clinic'],
      },
      { flags: '--save-card', doc: 'the page also saves the card for the next visit' },
      { flags: '--note <text>', doc: 'note for the vet' },
    ],
    mutates: { endpoint: 'create_booking' },
    exits: [3, 6, 9],
    load: async () => (await import('./book.ts')).book,
  },
  {
    path: 'bookings list',
    summary: 'Bookings by day, status, owner and vet',
    role: 'own_or_view',
    examples: ['petpro bookings list --status confirmed --from today --to +7d -o csv'],
    options: [
      { flags: '--status <list>', doc: 'confirmed,in-progress,completed,cancelled,no-show' },
      from,
      to,
      service,
      vet,
      { flags: '--owner <who>', doc: 'owner: phone, name or id' },
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./bookings.ts')).listBookings,
  },
  {
    path: 'bookings show',
    args: [booking_arg],
    summary: 'One booking with payments and messages',
    role: 'own_or_view',
    examples: ['petpro bookings show BP10000127'],
    exits: [3],
    load: async () => (await import('./bookings.ts')).showBooking,
  },
  {
    path: 'bookings history',
    args: [booking_arg],
    summary: 'Who did what to a booking, and when',
    role: 'own_or_view',
    examples: ['petpro bookings history BP10000127 -o jsonl'],
    exits: [3],
    pages: 'here',
    load: async () => (await import('./bookings.ts')).bookingHistory,
  },
  {
    path: 'cancel',
    args: [booking_arg],
    summary: 'Cancel a booking, with the refund that the policy gives',
    role: 'own_or_desk',
    examples: [
      'petpro cancel BP10000127 --reason owner-request --dry-run',
      'petpro cancel BP10000127 --by clinic --reason "vet is ill" --yes',
    ],
    options: [
      { flags: '--by <who>', doc: 'clinic = full refund', choices: ['owner', 'clinic'] },
      { flags: '--now', doc: 'refund and mail leave at once: no undo' },
    ],
    mutates: { endpoint: 'cancel_booking', reason: true, if_version: true, dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./cancel.ts')).cancel,
  },
];

type Move = 'start' | 'complete' | 'no-show';
function moveSpec(path: Move, summary: string): CommandSpec {
  return {
    path,
    args: [booking_arg],
    summary,
    role: 'desk',
    examples: [`petpro ${path} BP10000127`],
    mutates: { endpoint: 'set_booking_status', if_version: true },
    exits: [3, 6, 9],
    load: async () => {
      const { moves } = await import('./moves.ts');
      return moves[path];
    },
  };
}

const moves: readonly CommandSpec[] = [
  {
    path: 'check-in',
    args: [{ name: '<code>', doc: 'BP12345678, or what a scanner reads from a ticket' }],
    summary: 'The owner has arrived, or a ticket comes in: once',
    role: 'desk',
    examples: ['petpro check-in BP10000127', 'petpro check-in PT1.BP10000127.3.QXJ4...'],
    mutates: { endpoint: 'check_in', if_version: true },
    exits: [3, 6, 9],
    load: async () => (await import('./check-in.ts')).checkIn,
  },
  moveSpec('start', 'The pet is in the room'),
  moveSpec('complete', 'The visit is over'),
  moveSpec('no-show', 'Nobody came; from ten minutes after the start'),
];

const paper: readonly OptionSpec[] = [
  { flags: '--all', doc: 'also the open and the blocked slots' },
  { flags: '--cached', doc: 'as it was last seen here, without asking the daemon' },
  { flags: '--refresh-cache', doc: 'keep today and tomorrow for --cached; for cron' },
  { flags: '--print', doc: 'on paper instead of on the screen' },
  { flags: '--each-vet', doc: 'with --print: a sheet for each vet' },
  { flags: '--copies <n>', doc: 'with --print; default 1' },
  {
    flags: '--width <columns>',
    doc: 'with --print; default 80, of escpos 42',
    choices: ['80', '42'],
  },
  {
    flags: '--device <printer>',
    doc: 'with --print: lp, lp:NAME, escpos:PATH, file:PATH; default PETPRO_PRINTER',
  },
];

const day: readonly CommandSpec[] = [
  {
    path: 'today',
    summary: 'The day sheet: bookings and holds of a day',
    role: 'view',
    examples: [
      'petpro today --vet Sari',
      'petpro today --date fri --all -o csv',
      'petpro today --print --each-vet --copies 2',
      'petpro today --print --device escpos:/dev/usb/lp0',
      'petpro today --cached',
    ],
    options: [date, vet, ...paper],
    watch: true,
    exits: [3],
    pages: 'here',
    load: async () => (await import('./today.ts')).today,
  },
  {
    path: 'find',
    args: [{ name: '<text...>', doc: 'name, pet, phone or its end, address, BP reference' }],
    summary: 'Owners and pets; the only one is shown whole, a reference shows its booking',
    role: 'desk',
    examples: ['petpro find 3456', 'petpro find siti mochi', 'petpro find "bp1000 0127"'],
    exits: [3],
    load: async () => (await import('./find.ts')).find,
  },
  {
    path: 'owners add',
    summary: 'A new owner with a first pet',
    role: 'desk',
    examples: ['petpro owners add --name "Siti Rahmawati" --phone +6281234567890 --pet Mochi'],
    options: [
      { flags: '--name <name>', doc: 'full name', required: true },
      { flags: '--phone <number>', doc: 'with the country: +6281234567890', required: true },
      { flags: '--pet <name>', doc: 'name of the pet', required: true },
      { flags: '--species <word>', doc: 'cat, dog, ...' },
      { flags: '--email <address>', doc: 'for confirmations' },
      { flags: '--speaks <lang>', doc: 'language of their messages', choices: ['en', 'ja', 'id'] },
    ],
    mutates: { endpoint: 'create_owner' },
    exits: [6],
    load: async () => (await import('./owners.ts')).addOwner,
  },
];

const holds: readonly CommandSpec[] = [
  {
    path: 'hold create',
    summary: 'Hold a slot for ten minutes, without payment',
    role: 'own_or_desk',
    examples: ['petpro hold create --owner 7890 --pet Mochi --service checkup --at "fri 11:15"'],
    options: booking_options,
    mutates: { endpoint: 'create_reservation' },
    exits: [3, 6, 9],
    load: async () => (await import('./hold.ts')).createHold,
  },
  {
    path: 'hold list',
    summary: 'Holds that run, on a day',
    role: 'view',
    examples: ['petpro hold list --date fri'],
    options: [date],
    exits: [3],
    load: async () => (await import('./hold.ts')).listHolds,
  },
  {
    path: 'hold show',
    args: [hold_arg],
    summary: 'One hold',
    role: 'own_or_view',
    examples: ['petpro hold show BP10000140'],
    options: [hold_date],
    exits: [3],
    load: async () => (await import('./hold.ts')).showHold,
  },
  {
    path: 'hold extend',
    args: [hold_arg],
    summary: 'Five more minutes, once',
    role: 'own_or_desk',
    examples: ['petpro hold extend BP10000140'],
    options: [hold_date],
    mutates: { endpoint: 'extend_reservation' },
    exits: [3, 6, 7, 9],
    load: async () => (await import('./hold.ts')).extendHold,
  },
  {
    path: 'hold release',
    args: [hold_arg],
    summary: 'Give a hold back',
    role: 'own_or_desk',
    examples: ['petpro hold release BP10000140 --reason "caller hung up"'],
    options: [hold_date],
    mutates: { endpoint: 'cancel_reservation', reason: true },
    exits: [3, 6, 7],
    load: async () => (await import('./hold.ts')).releaseHold,
  },
  {
    path: 'confirm',
    args: [hold_arg],
    summary: 'Turn a hold into a booking that is paid at the clinic',
    role: 'desk',
    examples: ['petpro confirm BP10000140 --paid cash'],
    options: [
      hold_date,
      {
        flags: '--paid <how>',
        doc: 'at_clinic = due at the visit (default)',
        choices: ['cash', 'card_terminal', 'transfer', 'at_clinic'],
      },
    ],
    mutates: { endpoint: 'confirm_reservation' },
    exits: [3, 6, 7, 9],
    load: async () => (await import('./hold.ts')).confirmHold,
  },
];

export const desk_tree = [...day, ...slots, ...bookings, ...moves, ...holds];
