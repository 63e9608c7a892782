import { client_settings } from '../config-table.ts';
import { help_topics } from './help-groups.ts';
import type { CommandSpec, OptionSpec } from './spec.ts';

/** Running PetPro: the commands of whoever keeps it alive. */

const watching: readonly CommandSpec[] = [
  {
    path: 'health',
    summary: 'Is the daemon alive and ready? The answer is the exit code',
    role: 'public',
    examples: ['petpro health --ready --quiet && echo open'],
    options: [{ flags: '--ready', doc: 'ready to take bookings, not only alive' }],
    exits: [10],
    watch: 'again',
    load: async () => (await import('./health.ts')).health,
  },
  {
    path: 'events tail',
    summary: 'Follow what happens, without gaps',
    role: 'view',
    examples: [
      "petpro events tail --type 'booking.*' -o jsonl",
      'petpro events tail --after 918197 --limit 100 -o jsonl',
      "petpro events tail --type '*.cancelled,payment.late' -o wide",
    ],
    options: [
      { flags: '--type <list>', doc: "kinds of events, * allowed: 'booking.*,payment.failed'" },
      { flags: '--about <id>', doc: 'only this booking, reservation, payment or review' },
      { flags: '--after <sequence>', doc: 'go on after this sequence; default: from now on' },
      { flags: '--limit <n>', doc: 'stop after this many events' },
      {
        flags: '--max-disconnect <time>',
        doc: 'give up (exit 11) when away this long; default 60s',
      },
    ],
    exits: [],
    watch: false,
    load: async () => (await import('./events.ts')).tailEvents,
  },
  {
    path: 'events presence',
    summary: 'Who looks at the board of the clinic now: how many of each role',
    role: 'view',
    examples: ['petpro events presence', 'petpro events presence -o jsonl'],
    exits: [],
    load: async () => (await import('./events-presence.ts')).presence,
  },
  {
    path: 'doctor',
    summary: 'Check everything that PetPro needs, and say how to mend it',
    role: 'public',
    examples: [
      'petpro doctor',
      'petpro doctor --only postgres,redis --json',
      'petpro doctor --fix --dry-run',
    ],
    options: [
      { flags: '--only <list>', doc: 'checks whose name begins so: daemon,postgres' },
      { flags: '--list', doc: 'names of the checks and what each looks at; looks at nothing' },
      { flags: '--fix', doc: 'mend what can be mended without loss, after asking' },
      { flags: '--dry-run', doc: 'with --fix: say what it would change, change nothing' },
      { flags: '-y, --yes', doc: 'with --fix: do not ask' },
    ],
    exits: [9, 10, 12, 130],
    watch: 'again',
    load: async () => (await import('./doctor.ts')).doctor,
  },
];

const keeping: readonly CommandSpec[] = [
  {
    path: 'migrate up',
    summary: 'Bring the schema of DATABASE_URL up to date',
    role: 'public',
    examples: ['petpro migrate up --dry-run', 'petpro migrate up'],
    options: [
      { flags: '--to <version>', doc: 'stop after this one; default: the latest' },
      { flags: '--dry-run', doc: 'print the SQL, change nothing' },
    ],
    load: async () => (await import('./migrate.ts')).migrateSchema,
  },
  {
    path: 'migrate status',
    summary: 'Applied and pending migrations',
    role: 'public',
    examples: ['petpro migrate status || petpro migrate up'],
    exits: [8],
    watch: 'again',
    load: async () => (await import('./migrate.ts')).schemaStatus,
  },
  {
    path: 'migrate verify',
    summary: 'Were the applied migrations changed since?',
    role: 'public',
    examples: ['petpro migrate verify'],
    exits: [8, 12],
    load: async () => (await import('./migrate.ts')).verifySchema,
  },
];

const home: OptionSpec = {
  flags: '--home <folder>',
  doc: 'folder of the demo; default PETPRO_HOME',
};
const port: OptionSpec = { flags: '--port <n>', doc: 'port of the API; 0 = any free one' };

const demo: readonly CommandSpec[] = [
  {
    path: 'demo up',
    summary: 'Start everything, seeded, and open the console',
    role: 'public',
    settings: 'ignored',
    examples: ['petpro demo up', 'petpro demo up --detach --json'],
    options: [
      home,
      port,
      { flags: '--detach', doc: 'return when it is ready' },
      { flags: '--no-tui', doc: 'follow the log instead of opening the console' },
      { flags: '--database-url <url>', doc: 'use this PostgreSQL instead of an own one' },
      { flags: '--redis-url <url>', doc: 'use this Redis instead of an own one' },
      { flags: '--seed <n>', doc: 'another seed gives other people and pets; default 42' },
    ],
    exits: [6],
    owns_signals: true,
    load: async () => (await import('./sandbox.ts')).demoUp,
  },
  {
    path: 'demo down',
    summary: 'Stop the demo; its data stays',
    role: 'public',
    settings: 'ignored',
    examples: ['petpro demo down'],
    options: [home],
    owns_signals: true,
    load: async () => (await import('./sandbox.ts')).demoDown,
  },
  {
    path: 'demo status',
    summary: 'Does the demo run, and where?',
    role: 'public',
    settings: 'ignored',
    examples: ['petpro demo status --json'],
    options: [home],
    exits: [8],
    owns_signals: true,
    load: async () => (await import('./sandbox.ts')).demoStatus,
  },
  {
    path: 'demo supervise',
    summary: 'The process behind a demo',
    role: 'public',
    settings: 'ignored',
    examples: ['petpro demo supervise --home DIR'],
    options: [
      home,
      port,
      { flags: '--detach', doc: 'live on without the parent' },
      { flags: '--database-url <url>', doc: 'use this PostgreSQL' },
      { flags: '--redis-url <url>', doc: 'use this Redis' },
      { flags: '--seed <n>', doc: 'seed of the demo data' },
    ],
    owns_signals: true,
    hidden: true,
    load: async () => (await import('./sandbox.ts')).demoSupervise,
  },
  {
    path: 'demo pay',
    args: [{ name: '<reference>', doc: 'of the booking, hold or payment session' }],
    summary: 'Play the customer on the payment page of the demo',
    role: 'public',
    settings: 'ignored',
    examples: ['petpro demo pay BP10000140', 'petpro demo pay BP10000140 --outcome decline'],
    options: [
      {
        flags: '--outcome <how>',
        doc: 'how the payment goes; default success',
        choices: [
          'success',
          'decline',
          'sca',
          'processing',
          'late',
          'duplicate',
          'reordered',
          'lost_webhook',
        ],
      },
      home,
      { flags: '--delay <time>', doc: 'before the payment settles, as 5s' },
      { flags: '--wait <time>', doc: 'for the confirmation; default 10s, 0 = do not wait' },
    ],
    exits: [3, 8, 9],
    load: async () => (await import('./pay.ts')).payDemo,
  },
];

const serving: readonly CommandSpec[] = [
  {
    path: 'serve',
    summary: 'Run the daemon in the foreground',
    role: 'public',
    settings: 'ignored',
    examples: ['petpro serve', 'petpro serve --only api --port 7388'],
    options: [
      { flags: '--only <roles>', doc: 'api,sweeper,cron,dispatcher,relay; default all' },
      { flags: '--host <address>', doc: 'address to listen on' },
      port,
      { flags: '--migrate', doc: 'bring the schema up to date first' },
      { flags: '--stop-with-stdin', doc: 'end when stdin closes' },
    ],
    owns_signals: true,
    load: async () => (await import('./sandbox.ts')).serve,
  },
];

const console_tree: readonly CommandSpec[] = [
  {
    path: 'tui',
    summary: 'The console: the day board, full screen',
    role: 'view',
    examples: ['petpro tui', 'petpro tui --read-only', 'petpro tui --theme cb-safe'],
    options: [
      { flags: '--read-only', doc: 'look only: no key changes anything' },
      { flags: '--writes', doc: 'operators may change things on a protected server' },
      {
        flags: '--theme <theme>',
        doc: 'colours (PETPRO_THEME); cb-safe for colour-blind eyes',
        choices: client_settings.theme.parse.words,
      },
    ],
    exits: [3, 130, 143],
    owns_signals: true,
    load: async () => (await import('./tui.ts')).tui,
  },
];

const about: readonly CommandSpec[] = [
  {
    path: 'commands',
    summary: 'The whole command tree with flags, rights and exit codes',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro commands --json'],
    pages: 'here',
    load: async () => (await import('./about.ts')).listCommands,
  },
  {
    path: 'commands schema',
    args: [{ name: '[kind]', doc: 'of a JSON document: SlotList, Booking' }],
    summary: 'JSON Schemas of what --json prints',
    role: 'public',
    examples: ['petpro commands schema', 'petpro commands schema SlotList > slot-list.schema.json'],
    exits: [3],
    load: async () => (await import('./output-schema.ts')).schema,
  },
  {
    path: 'completions',
    args: [{ name: '<shell>', doc: 'bash, zsh, fish or pwsh' }],
    summary: 'Words, names and references at the Tab key',
    role: 'public',
    examples: [
      'petpro completions bash --install',
      'petpro completions zsh > ~/.zfunc/_petpro',
      'petpro completions fish --remove',
    ],
    options: [
      { flags: '--install', doc: 'put it where the shell looks' },
      { flags: '--remove', doc: 'take it away again' },
    ],
    load: async () => (await import('./completions.ts')).completions,
  },
  {
    path: 'help',
    args: [{ name: '[topic...]', doc: `a command, or ${help_topics.join(', ')}` }],
    summary: 'Help on a command or a topic',
    role: 'public',
    settings: 'lenient',
    examples: ['petpro help exit-codes', 'petpro help slots list'],
    exits: [3],
    load: async () => (await import('./help-topics.ts')).help,
  },
];

export const ops_tree = [...watching, ...keeping, ...demo, ...serving, ...console_tree, ...about];
