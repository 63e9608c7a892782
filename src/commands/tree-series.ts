import type { CommandSpec } from './spec.ts';

/** Visits that come again, and several who come together. */

const series_arg = {
  name: '<series>',
  doc: 'SR12 or the id of the series, or the reference of a booking of it',
};
const scope_options = [
  {
    flags: '--scope <which>',
    doc: 'one, following = it and all later ones, all; needed with a booking',
    choices: ['one', 'following', 'all'],
  },
  { flags: '--from <reference>', doc: 'the booking that one and following are about' },
  { flags: '--confirm <n>', doc: 'the number of visits, instead of typing it' },
] as const;

export const series_tree: readonly CommandSpec[] = [
  {
    path: 'series create',
    summary: 'Book visits that come again, each to be paid at the clinic',
    role: 'own_or_desk',
    examples: [
      'petpro series create --owner 7890 --service checkup --at "tue 10:00" --every 2w --times 6 --dry-run',
      'petpro series create --owner 7890 --service physio --at "tue 10:00" --every week --on tue,fri --until 2027-03-31 --skip-conflicts',
      'petpro series create --owner 7890 --service checkup --at "2026-12-08 10:00" --every month --by weekday --times 12 --vet Sari',
    ],
    options: [
      { flags: '--owner <who>', doc: 'owner: phone, end of the phone, name or id', required: true },
      { flags: '--pet <name>', doc: 'pet; not needed when the owner has one' },
      { flags: '--service <name>', doc: 'service, by name or id', required: true },
      { flags: '--at <when>', doc: 'first day and the time: "tue 10:00"', required: true },
      { flags: '--every <n>', doc: 'week, 2w, 10d, month, 3m; default week' },
      { flags: '--on <days>', doc: 'weekdays for weeks: tue,fri; default that of --at' },
      {
        flags: '--by <how>',
        doc: 'months: the same date, or the same weekday ("second Tuesday")',
        choices: ['date', 'weekday'],
      },
      { flags: '--times <n>', doc: 'how many visits, 2 to 52' },
      { flags: '--until <day>', doc: 'last day, instead of --times' },
      { flags: '--vet <name>', doc: 'this vet only; any = whoever is free' },
      { flags: '--same-vet', doc: 'one vet for all, whoever can do most of them' },
      { flags: '--quantity <n>', doc: 'seats, for classes; default 1' },
      { flags: '--skip-conflicts', doc: 'leave out the dates that cannot be' },
      { flags: '--note <text>', doc: 'shown to the clinic with every visit' },
    ],
    mutates: { endpoint: 'create_series', dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./series-create.ts')).createSeries,
  },
  {
    path: 'series list',
    summary: 'Series of the clinic or of an owner, newest first',
    role: 'own_or_view',
    examples: ['petpro series list', 'petpro series list --owner 7890 -o csv'],
    options: [
      { flags: '--owner <who>', doc: 'only of this owner' },
      { flags: '--service <name>', doc: 'only of this service' },
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./series.ts')).listSeries,
  },
  {
    path: 'series show',
    args: [series_arg],
    summary: 'One series with all its visits',
    role: 'own_or_view',
    examples: ['petpro series show SR12', 'petpro series show BP10000127 --json'],
    exits: [3],
    load: async () => (await import('./series.ts')).showSeries,
  },
  {
    path: 'series move',
    args: [series_arg],
    summary: 'Move one visit, this and the following, or all: by days, to a time, to a vet',
    role: 'own_or_desk',
    examples: [
      'petpro series move SR12 --shift +1d --time 11:00 --dry-run',
      'petpro series move BP10000127 --scope following --vet Sari --reason "vet is away"',
    ],
    options: [
      ...scope_options,
      { flags: '--shift <n>', doc: 'by so many days or weeks: +1d, +2w, -1d' },
      { flags: '--time <time>', doc: 'to this time; left out: each keeps its own' },
      { flags: '--vet <name>', doc: 'to this vet; left out: the same one, or else any' },
      { flags: '--skip-conflicts', doc: 'leave those where they are that cannot move' },
      {
        flags: '--by <who>',
        doc: 'clinic = no price rises, all of a lower price comes back',
        choices: ['owner', 'clinic'],
      },
    ],
    mutates: { endpoint: 'move_series', reason: true, if_version: true, dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./series-change.ts')).moveSeries,
  },
  {
    path: 'series cancel',
    args: [series_arg],
    summary: 'Cancel one visit, this and the following, or all, with the refund of each',
    role: 'own_or_desk',
    examples: [
      'petpro series cancel SR12 --dry-run',
      'petpro series cancel BP10000127 --scope following --reason "moved away" --yes',
    ],
    options: [
      ...scope_options,
      { flags: '--by <who>', doc: 'clinic = full refund', choices: ['owner', 'clinic'] },
      { flags: '--now', doc: 'refunds and message leave at once: no undo' },
    ],
    mutates: { endpoint: 'cancel_series', reason: true, if_version: true, dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./series-change.ts')).cancelSeries,
  },
  {
    path: 'bookings group',
    summary: 'Book seats of a class for several pets and owners, with a name for each',
    role: 'own_or_desk',
    examples: [
      'petpro bookings group --owner 7890 --service "puppy class" --at "sat 10:00" --people "Mochi, Rex/Budi, Kitty/Ani" --pay at_clinic',
    ],
    options: [
      { flags: '--owner <who>', doc: 'who pays: phone, end of it, name or id', required: true },
      { flags: '--pet <name>', doc: 'pet of who pays; not needed when there is one' },
      { flags: '--service <name>', doc: 'service, by name or id', required: true },
      { flags: '--at <when>', doc: 'day and time: "sat 10:00"' },
      { flags: '--vet <name>', doc: 'vet, by name or id; any = whoever is free' },
      { flags: '--slot <slot>', doc: 'the slot itself, by id or the end of it, instead of --at' },
      {
        flags: '--people <names>',
        doc: 'a seat for each: pets of who pays, and others as pet/owner',
        required: true,
      },
      {
        flags: '--pay <how>',
        doc: 'default link',
        choices: ['link', 'cash', 'card_terminal', 'transfer', 'at_clinic'],
      },
      { flags: '--note <text>', doc: 'shown to the clinic' },
    ],
    mutates: { endpoint: 'create_group_booking' },
    exits: [3, 6, 9],
    load: async () => (await import('./groups.ts')).bookGroup,
  },
  {
    path: 'bookings participants',
    args: [{ name: '<reference>', doc: 'BP12345678 or the id of the booking' }],
    summary: 'Who comes with a booking of several seats; --people says it anew',
    role: 'own_or_desk',
    examples: [
      'petpro bookings participants BP10000127',
      'petpro bookings participants BP10000127 --people "Mochi, Rex/Budi"',
    ],
    options: [{ flags: '--people <names>', doc: 'the whole list: "Mochi, Rex/Budi"' }],
    mutates: { endpoint: 'set_participants' },
    exits: [3, 9],
    load: async () => (await import('./groups.ts')).participants,
  },
];
