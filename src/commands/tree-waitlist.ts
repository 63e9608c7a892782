import type { CommandSpec } from './spec.ts';
import { tier_options } from './tree-prices.ts';

/** People who wait for a place. */

const entry_arg = { name: '<entry>', doc: 'id of the entry, or the last signs of it' };

export const waitlist_tree: readonly CommandSpec[] = [
  {
    path: 'waitlist add',
    summary: 'Let an owner wait for a place; what becomes free is offered by itself',
    role: 'own_or_desk',
    examples: [
      'petpro waitlist add --owner 7890 --pet Mochi --service checkup --window "mon-fri 09:00-12:00"',
      'petpro waitlist add --owner 7890 --service checkup --vet Sari --from fri --to +14d --priority 5',
    ],
    options: [
      { flags: '--owner <who>', doc: 'owner: phone, end of the phone, name or id', required: true },
      { flags: '--pet <name>', doc: 'pet; not needed when the owner has one' },
      { flags: '--service <name>', doc: 'service, by name or id', required: true },
      { flags: '--window <when>', doc: 'days and hours, as "mon-fri 09:00-12:00"; else any time' },
      { flags: '--from <day>', doc: 'first day; default: today' },
      { flags: '--to <day>', doc: 'last day, included; default: 30 days later' },
      { flags: '--vet <name>', doc: 'only this vet' },
      { flags: '--quantity <n>', doc: 'seats, for classes; default 1' },
      { flags: '--priority <n>', doc: '0 to 9; higher is asked first' },
      ...tier_options,
    ],
    mutates: { endpoint: 'join_waitlist' },
    exits: [3, 6, 9],
    load: async () => (await import('./waitlist.ts')).addEntry,
  },
  {
    path: 'waitlist list',
    summary: 'Who waits, for what, and what is offered to them',
    role: 'own_or_view',
    examples: [
      'petpro waitlist list',
      'petpro waitlist list --service checkup --status all -o csv',
    ],
    options: [
      { flags: '--service <name>', doc: 'only this service' },
      {
        flags: '--status <status>',
        doc: 'default: open, which is waiting or offered',
        choices: ['open', 'waiting', 'offered', 'taken', 'declined', 'left', 'all'],
      },
    ],
    pages: true,
    watch: true,
    exits: [3],
    load: async () => (await import('./waitlist.ts')).listEntries,
  },
  {
    path: 'waitlist show',
    args: [entry_arg],
    summary: 'One entry: its offers, why it was passed over, and open slots that fit',
    role: 'own_or_view',
    examples: ['petpro waitlist show 3f2a91'],
    exits: [3],
    load: async () => (await import('./waitlist.ts')).showEntry,
  },
  {
    path: 'waitlist offer',
    args: [entry_arg],
    summary: 'Offer a slot by hand, out of turn',
    role: 'desk',
    examples: [
      'petpro waitlist offer 3f2a91',
      'petpro waitlist offer 3f2a91 --at "fri 11:15" --vet Sari',
    ],
    options: [
      { flags: '--at <when>', doc: 'day and time; default: the first open slot that fits' },
      { flags: '--vet <name>', doc: 'vet, with --at' },
      { flags: '--slot <slot>', doc: 'the slot itself, by id or the end of it' },
    ],
    mutates: { endpoint: 'offer_waitlist_slot' },
    exits: [3, 6, 9],
    load: async () => (await import('./waitlist-answers.ts')).offerSlot,
  },
  {
    path: 'waitlist accept',
    args: [entry_arg],
    summary: 'Take what is offered, for the owner',
    role: 'own_or_desk',
    examples: ['petpro waitlist accept 3f2a91', 'petpro waitlist accept 3f2a91 --pay cash'],
    options: [
      {
        flags: '--pay <how>',
        doc: 'link = payment page (default); the others are taken at the desk',
        choices: ['link', 'cash', 'card_terminal', 'transfer', 'at_clinic'],
      },
    ],
    mutates: { endpoint: 'accept_offer' },
    exits: [3, 6, 7, 9],
    load: async () => (await import('./waitlist-answers.ts')).acceptOffer,
  },
  {
    path: 'waitlist decline',
    args: [entry_arg],
    summary: 'Give an offer back; the next one is asked',
    role: 'own_or_desk',
    examples: ['petpro waitlist decline 3f2a91', 'petpro waitlist decline 3f2a91 --leave'],
    options: [{ flags: '--leave', doc: 'leave the list too' }],
    mutates: { endpoint: 'decline_offer', reason: true },
    exits: [3, 6],
    load: async () => (await import('./waitlist-answers.ts')).declineOffer,
  },
  {
    path: 'waitlist remove',
    args: [entry_arg],
    summary: 'Take an owner off the list; what is offered goes to the next',
    role: 'own_or_desk',
    examples: ['petpro waitlist remove 3f2a91 --reason "found another clinic"'],
    mutates: { endpoint: 'leave_waitlist', reason: true },
    exits: [3, 6],
    load: async () => (await import('./waitlist-answers.ts')).removeEntry,
  },
];
