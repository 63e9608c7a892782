import type { CommandSpec, OptionSpec } from './spec.ts';

/** Load tests: the real k6 against this machine, judged by PostgreSQL. */

const scenario: OptionSpec = {
  flags: '--scenario <name>',
  doc: 'what happens; default one-slot',
  choices: ['one-slot', 'last-seats', 'clinic-day', 'flash-sale', 'soak'],
};
const form: OptionSpec = {
  flags: '--form <size>',
  doc: 'short (seconds) or full; default short',
  choices: ['short', 'full'],
};
const home: OptionSpec = {
  flags: '--home <dir>',
  doc: 'folder of the demo and of the runs; default PETPRO_HOME',
};
const sizes: readonly OptionSpec[] = [
  scenario,
  form,
  home,
  { flags: '--vus <n>', doc: 'virtual users' },
  { flags: '--rate <n>', doc: 'arrivals per second, where arrivals decide' },
  { flags: '--duration <time>', doc: 'length, as 30s or 10m' },
  { flags: '--seed <n>', doc: 'seed of pauses and choices; default 42' },
  { flags: '--target-is-mine', doc: 'with --yes-really: also production or another machine' },
  { flags: '--yes-really', doc: 'with --target-is-mine' },
];

export const load_tree: readonly CommandSpec[] = [
  {
    path: 'load setup',
    summary: 'Make the slots and owners of a scenario in a clinic of their own',
    role: 'public',
    examples: ['petpro load setup --scenario last-seats'],
    options: sizes,
    exits: [9],
    load: async () => (await import('./load.ts')).loadSetup,
  },
  {
    path: 'load run',
    summary: 'Run a load test with k6 and judge it: no seat twice, no 5xx, in time',
    role: 'public',
    examples: [
      'petpro load run --scenario one-slot --form full',
      'petpro load run --scenario one-slot --vus 1000 --duration 30s --out run.json --junit run.xml',
      'petpro load run --scenario one-slot --chaos redis,daemon',
      'petpro load run --unsafe-control',
    ],
    options: [
      ...sizes,
      { flags: '--setup <file>', doc: 'use what load setup made instead of making it anew' },
      { flags: '--out <file>', doc: 'also write the report as JSON' },
      { flags: '--junit <file>', doc: 'also write it as JUnit XML' },
      { flags: '--html <file>', doc: 'also write it as a page' },
      { flags: '--md <file>', doc: 'also write it as Markdown' },
      {
        flags: '--chaos <parts>',
        doc: 'kill redis, daemon or postgres of the demo halfway; comma list, one-slot only',
      },
      {
        flags: '--unsafe-control',
        doc: 'also show, in a database made for it, that the contest is lost without the guard',
      },
      { flags: '--get-k6', doc: 'build or download k6 when there is none' },
    ],
    exits: [9, 12, 13],
    load: async () => (await import('./load.ts')).loadRun,
  },
  {
    path: 'load list',
    summary: 'Earlier runs',
    role: 'public',
    examples: ['petpro load list'],
    options: [home, { flags: '--limit <n>', doc: 'at most this many; default 20' }],
    load: async () => (await import('./load-report.ts')).listLoads,
  },
  {
    path: 'load report',
    args: [{ name: '<run>', doc: 'number of the run, last, or a report file' }],
    summary: 'One run, also as a document for CI or for people',
    role: 'public',
    examples: ['petpro load report last', 'petpro load report 41 -o md'],
    options: [
      home,
      { flags: '--verify', doc: 'check the signature; exit 12 when it does not hold' },
    ],
    formats: ['junit', 'html', 'md'],
    exits: [3, 12],
    load: async () => (await import('./load-report.ts')).showLoad,
  },
  {
    path: 'load compare',
    args: [
      { name: '<before>', doc: 'number of the run, or a report file' },
      { name: '<after>', doc: 'the same, or last' },
    ],
    summary: 'Is the second run worse?',
    role: 'public',
    examples: ['petpro load compare 40 41 --max-regression 10%'],
    options: [home, { flags: '--max-regression <share>', doc: 'worse by more fails; default 10%' }],
    exits: [3, 13],
    load: async () => (await import('./load-report.ts')).compareLoads,
  },
];
