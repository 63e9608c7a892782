import type { CommandSpec, OptionSpec } from './spec.ts';

/** The outbox desk. These also work while the daemon is down. */

const direct: OptionSpec = {
  flags: '--direct',
  doc: 'work on PostgreSQL itself, as when the daemon is down',
};
const error: OptionSpec = {
  flags: '--error <code>',
  doc: 'only this cause, as --by-error shows it',
};
const type: OptionSpec = { flags: '--type <type>', doc: 'only this kind: booking.confirmed' };
const rate: OptionSpec = { flags: '--rate <n>', doc: 'so many a second: 20/s; default 100/s' };
const confirm: OptionSpec = {
  flags: '--confirm <text>',
  doc: 'what you would be asked to type: number of events, or plan',
};

export const outbox_tree: readonly CommandSpec[] = [
  {
    path: 'outbox list',
    summary: 'Events that are not out yet, and how far publication is behind',
    role: 'sre',
    examples: ['petpro outbox list', 'petpro outbox list --dead --by-error'],
    options: [
      {
        flags: '--state <state>',
        doc: 'only these; default: all but the published',
        choices: ['waiting', 'retrying', 'dead', 'published'],
      },
      { flags: '--dead', doc: 'same as --state dead' },
      { flags: '--by-error', doc: 'causes of failure instead of single events' },
      error,
      type,
      direct,
    ],
    pages: true,
    load: async () => (await import('./outbox.ts')).listOutbox,
  },
  {
    path: 'outbox show',
    args: [{ name: '<event>', doc: 'id of an event' }],
    summary: 'One event: payload, what is wrong with it, messages that it caused',
    role: 'sre',
    examples: ['petpro outbox show 0198c0de-7a11-7b2c-8d3e-4f5a6b7c8d9e'],
    options: [direct],
    exits: [3],
    load: async () => (await import('./outbox.ts')).showEvent,
  },
  {
    path: 'outbox retry',
    args: [{ name: '[event]', doc: 'id of one dead event' }],
    summary: 'Put dead events in line again: a dry run makes a plan, a plan is carried out once',
    role: 'sre',
    examples: [
      'petpro outbox retry --dead --error 22P02 --dry-run',
      'petpro outbox retry --plan PL91 --rate 20/s --reason INC-221',
    ],
    options: [
      { flags: '--dead', doc: 'all dead ones that fit' },
      error,
      type,
      { flags: '--max <n>', doc: 'at most this many; default 1000' },
      rate,
      { flags: '--plan <plan>', doc: 'carry out this plan of a dry run: PL91' },
      confirm,
      direct,
    ],
    mutates: { endpoint: 'retry_outbox', reason: true, dry_run: true },
    exits: [3, 6, 14, 130],
    load: async () => (await import('./outbox-repair.ts')).retryOutbox,
  },
  {
    path: 'outbox replay',
    summary: 'Send events to other services once more; owners get no message again',
    role: 'sre',
    examples: [
      'petpro outbox replay --from 918000 --to 918197 --dry-run',
      'petpro outbox replay --from 918000 --to 918197 --rate 20/s --reason INC-221',
    ],
    options: [
      { flags: '--from <sequence>', doc: 'the first' },
      { flags: '--to <sequence>', doc: 'the last' },
      { flags: '--id <event>', doc: 'this event alone' },
      {
        flags: '--target <target>',
        doc: 'where to; default: all',
        choices: ['stream', 'webhooks', 'all'],
      },
      rate,
      confirm,
      direct,
    ],
    mutates: { endpoint: 'replay_outbox', reason: true, dry_run: true },
    exits: [3, 6, 9, 130],
    load: async () => (await import('./outbox-repair.ts')).replayOutbox,
  },
  {
    path: 'outbox replays',
    summary: 'Replays and how far they are',
    role: 'sre',
    examples: ['petpro outbox replays'],
    options: [direct],
    pages: 'here',
    load: async () => (await import('./outbox-repair.ts')).listReplays,
  },
  {
    path: 'outbox stop',
    args: [{ name: '<replay>', doc: 'RP7' }],
    summary: 'Stop a replay where it is',
    role: 'sre',
    examples: ['petpro outbox stop RP7'],
    options: [direct],
    mutates: { endpoint: 'stop_replay', reason: true },
    exits: [3],
    load: async () => (await import('./outbox-repair.ts')).stopReplay,
  },
  {
    path: 'outbox prune',
    summary: 'Forget published events that are old; readers behind them are told of a gap',
    role: 'sre',
    examples: [
      'petpro outbox prune --dry-run',
      'petpro outbox prune --older-than-days 14 --reason "disk is full"',
    ],
    options: [
      { flags: '--older-than-days <n>', doc: 'at least a week; default 30' },
      { flags: '--max <n>', doc: 'at most this many; default 10000' },
      confirm,
      direct,
    ],
    mutates: { endpoint: 'prune_outbox', reason: true, dry_run: true },
    exits: [130],
    load: async () => (await import('./outbox-repair.ts')).pruneOutbox,
  },
];
