/** In which order and under which heads the general help lists what there is. */

/** What `petpro help` knows beside the commands. */
export const help_topics = [
  'exit-codes',
  'environment',
  'formatting',
  'keys',
  'roles',
  'dates',
] as const;

const groups: readonly (readonly [heading: string, first_words: readonly string[]])[] = [
  [
    'Desk',
    [
      'today',
      'find',
      'call',
      'book',
      'cancel',
      'reschedule',
      'undo',
      'check-in',
      'start',
      'complete',
      'no-show',
    ],
  ],
  [
    'Things',
    [
      'slots',
      'schedule',
      'series',
      'waitlist',
      'bookings',
      'hold',
      'confirm',
      'tickets',
      'reviews',
      'reminders',
      'calendar',
      'attachments',
      'notifications',
      'owners',
      'clinics',
      'services',
      'seats',
      'events',
    ],
  ],
  [
    'Money',
    ['prices', 'pay', 'payments', 'approvals', 'refunds', 'receipts', 'settlements', 'reports'],
  ],
  ['Console', ['tui', 'desk']],
  [
    'Running it',
    [
      'demo',
      'serve',
      'auth',
      'profile',
      'health',
      'doctor',
      'alerts',
      'metrics',
      'locks',
      'jobs',
      'views',
      'reconcile',
      'outbox',
      'deliveries',
      'webhooks',
      'migrate',
      'backups',
      'import',
      'export',
      'config',
      'load',
    ],
  ],
];

/** One sentence per word that only groups others. */
export const group_summaries: Readonly<Record<string, string>> = {
  slots: 'Open slots, and why the others are not',
  schedule: 'Hours, holidays and exceptions that slots are made of',
  'schedule exception': 'Dates that differ: add, list, rm',
  clinics: 'The rules of a clinic’s bookings',
  services: 'What a clinic sells',
  bookings: 'List, show, history',
  settlements: 'What a clinic gets, period by period',
  reports: 'Figures of a clinic by day, week, vet and service',
  receipts: 'Receipts on paper and as pages',
  tickets: 'Tickets of venues',
  seats: 'Which seats a service has, and what they are called',
  'seats plan': 'Rows, places and categories of the seats: show, set',
  series: 'Visits that come again',
  waitlist: 'People who wait for a place',
  retention: 'How long things are kept, and removing what is not',
  reviews: 'What owners say, and what the clinic answers',
  reminders: 'What owners are reminded of, and when',
  calendar: 'Visits in the calendars of phones',
  'calendar links': 'Secret addresses of calendars: list, create, revoke',
  attachments: 'Files of bookings: list, add, get, remove',
  payments: 'Payments, their entries, and the takings of a day',
  prices: 'What services cost, by tier and quantity',
  approvals: 'Requests that the clinic has to grant',
  hold: 'Create, list, extend, release',
  refunds: 'List, ask for, decide',
  owners: 'Add owners and pets',
  events: 'Follow what happens',
  notifications: 'What owners are told, in which words, and how they want it',
  deliveries: 'Messages on their way: what hangs, retry, pause a channel',
  outbox: 'Events on their way out: what hangs, retry, replay',
  webhooks: 'Where events are sent to: add, test, rotate, replay',
  auth: 'Who you are to the daemon: login, switch, logout',
  profile: 'Servers that have a name: list, add, use',
  demo: 'A whole PetPro on this machine, thrown away afterwards',
  locks: 'Locks beside the holds that they stand for',
  views: 'Materialized views: how old, what they cost, refresh',
  metrics: 'The figures of the whole system, and what one daemon measures',
  alerts: 'What is wrong, and who looks after it: list, log, ack, mute, test',
  backups: 'What is known of backups',
  jobs: 'Work that waits in queues: what hangs, and why',
  reconcile: 'Does everything fit together?',
  import: 'Take in what other systems know, from files',
  export: 'Everything that is kept here, as files',
  migrate: 'The database schema',
  config: 'Settings, and where they come from',
  load: 'Load tests, judged by the database',
};

/** The head under which a first word stands in the general help. */
export function groupOf(word: string): string {
  return groups.find(([, words]) => words.includes(word))?.[0] ?? 'More';
}

/** Help shows groups in the order of their first command: this one, and what belongs to none last. */
export function placeOf(path: string): number {
  const [first = ''] = path.split(' ');
  const place = groups.findIndex(([, words]) => words.includes(first));
  return place === -1 ? groups.length : place;
}
