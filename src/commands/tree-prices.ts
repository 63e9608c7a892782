import type { CommandSpec } from './spec.ts';

/** Price tiers, quotes, and the clinic's rules about money. */

const service_option = {
  flags: '-s, --service <service>',
  doc: 'beginning of its name, or its id',
  required: true,
};
const slot_option = { flags: '--slot <slot>', doc: 'only at this slot: its whole id' };
const tier_arg = { name: '<tier>', doc: 'name of the tier, such as Adult' };

/** Also of book and hold. */
export const tier_options = [
  { flags: '--tier <tier>', doc: 'price tier of all seats; default: the default tier' },
  { flags: '--items <items>', doc: 'seats of several tiers: Adult:2,Child:1' },
] as const;

export const prices_tree: readonly CommandSpec[] = [
  {
    path: 'prices list',
    summary: 'The price tiers of a service; with --slot what is left of each',
    role: 'signed_in',
    examples: ['petpro prices list --service show', 'petpro prices list --slot <id>'],
    options: [{ ...service_option, required: false }, slot_option],
    exits: [3],
    load: async () => (await import('./prices.ts')).listPrices,
  },
  {
    path: 'prices set',
    args: [tier_arg],
    summary: 'Add a price tier or change it; flags that are not given stay as they are',
    role: 'manager',
    examples: [
      'petpro prices set Adult --service show --price 150000 --default',
      'petpro prices set Child --service show --price 90000 --seats 40 --max 6',
      'petpro prices set Family --service show --price 60000 --package 4:200000',
      'petpro prices set Early --service show --price 99000 --sale-until 2026-12-01T00:00',
    ],
    options: [
      service_option,
      { flags: '--price <amount>', doc: 'per seat' },
      slot_option,
      { flags: '--seats <n>', doc: 'at most so many of this tier per slot; none = no limit' },
      { flags: '--from-seats <n:price>', doc: 'each seat costs this from n seats on' },
      { flags: '--package <n:price>', doc: 'each full n seats cost this together' },
      { flags: '--plain', doc: 'no quantity prices any more' },
      { flags: '--min <n>', doc: 'fewest seats in one hold' },
      { flags: '--max <n>', doc: 'most seats in one hold' },
      { flags: '--sale-from <time>', doc: 'sold from then on; none = always' },
      { flags: '--sale-until <time>', doc: 'sold until then; none = for ever' },
      { flags: '--days <days>', doc: 'weekdays of the visit: mon,tue' },
      { flags: '--hours <from-to>', doc: 'start of the visit: 09:00-12:00' },
      { flags: '--default', doc: 'for those who name no tier' },
    ],
    mutates: { endpoint: 'set_price', if_version: true },
    exits: [3, 6, 9],
    load: async () => (await import('./prices.ts')).setPrice,
  },
  {
    path: 'prices withdraw',
    args: [tier_arg],
    summary: 'Sell a price tier no longer',
    role: 'manager',
    examples: ['petpro prices withdraw Early --service show'],
    options: [service_option, slot_option],
    mutates: { endpoint: 'withdraw_price' },
    exits: [3],
    load: async () => (await import('./prices.ts')).withdrawPrice,
  },
  {
    path: 'prices quote',
    summary: 'What seats of a slot would cost now, with tax; reserves nothing',
    role: 'signed_in',
    examples: ['petpro prices quote --slot <id> --items Adult:2,Child:1'],
    options: [
      { flags: '--slot <slot>', doc: 'its whole id', required: true },
      { flags: '--quantity <n>', doc: 'seats, 1 to 50; default 1' },
      ...tier_options,
    ],
    exits: [3, 9],
    load: async () => (await import('./prices.ts')).quote,
  },
  {
    path: 'prices rules',
    summary: 'The tax of a clinic, and how much its desk may give back',
    role: 'view',
    examples: ['petpro prices rules'],
    exits: [3],
    load: async () => (await import('./prices.ts')).showRules,
  },
  {
    path: 'prices rules-set',
    summary: 'Change tax or refund limit, for what is held from now on',
    role: 'manager',
    examples: [
      'petpro prices rules-set --tax 11 --tax-way on-top',
      'petpro prices rules-set --desk-refunds 500000',
    ],
    options: [
      { flags: '--tax <percent>', doc: 'such as 11 or 7.5' },
      {
        flags: '--tax-way <way>',
        doc: 'whether prices contain the tax',
        choices: ['contained', 'on-top'],
      },
      {
        flags: '--desk-refunds <amount>',
        doc: 'of one booking, without a manager; ask = every refund waits for one',
      },
    ],
    mutates: { endpoint: 'set_money_rules' },
    exits: [3],
    load: async () => (await import('./prices.ts')).setRules,
  },
];
