import type { CommandSpec } from './spec.ts';

/** Other systems that hear of bookings, and what they send us. docs/integrations.md */

const webhook_arg = { name: '<webhook>', doc: 'id, its last six signs, or a part of the address' };

export const webhooks_tree: readonly CommandSpec[] = [
  {
    path: 'webhooks add',
    args: [{ name: '<url>', doc: 'https://.. that events are sent to' }],
    summary: 'Send events of the clinic to an address; prints the signing secret this once',
    role: 'admin',
    examples: [
      'petpro webhooks add https://hooks.example.com/petpro',
      "petpro webhooks add https://hooks.example.com/petpro --events 'booking.*,refund.processed'",
    ],
    options: [
      { flags: '--events <list>', doc: "default: '*', all of them" },
      { flags: '--description <text>', doc: 'whose it is' },
    ],
    mutates: { endpoint: 'create_webhook' },
    exits: [9],
    load: async () => (await import('./webhooks.ts')).addWebhook,
  },
  {
    path: 'webhooks list',
    summary: 'Where events are sent to, and how that goes',
    role: 'admin',
    examples: ['petpro webhooks list'],
    load: async () => (await import('./webhooks.ts')).listWebhooks,
  },
  {
    path: 'webhooks show',
    args: [webhook_arg],
    summary: 'One webhook endpoint and what was sent to it last',
    role: 'admin',
    examples: ['petpro webhooks show hooks.example.com', 'petpro webhooks show 3f9a11 --json'],
    exits: [3],
    load: async () => (await import('./webhooks.ts')).showWebhook,
  },
  {
    path: 'webhooks deliveries',
    args: [webhook_arg],
    summary: 'What was sent to an endpoint, newest first, with answer and next try',
    role: 'admin',
    examples: ['petpro webhooks deliveries hooks.example.com --status dead'],
    options: [
      {
        flags: '--status <status>',
        doc: 'only these',
        choices: ['pending', 'sending', 'delivered', 'dead'],
      },
    ],
    pages: true,
    exits: [3],
    load: async () => (await import('./webhooks.ts')).listDeliveries,
  },
  {
    path: 'webhooks disable',
    args: [webhook_arg],
    summary: 'Send nothing more; what waits stays in line',
    role: 'admin',
    examples: ['petpro webhooks disable hooks.example.com --reason "they move house"'],
    mutates: { endpoint: 'set_webhook', reason: true, if_version: true },
    exits: [3, 6],
    load: async () => (await import('./webhooks.ts')).disableWebhook,
  },
  {
    path: 'webhooks enable',
    args: [webhook_arg],
    summary: 'Send again: what waits and what is new; the rest comes by replay',
    role: 'admin',
    examples: ['petpro webhooks enable hooks.example.com'],
    mutates: { endpoint: 'set_webhook', reason: true, if_version: true },
    exits: [3, 6],
    load: async () => (await import('./webhooks.ts')).enableWebhook,
  },
  {
    path: 'webhooks rotate',
    args: [webhook_arg],
    summary: 'A new signing secret, printed this once; the old one signs on for a day',
    role: 'admin',
    examples: [
      'petpro webhooks rotate hooks.example.com',
      'petpro webhooks rotate hooks.example.com --overlap-hours 0',
    ],
    options: [{ flags: '--overlap-hours <n>', doc: 'default: 24; 0 when the old one leaked' }],
    mutates: { endpoint: 'rotate_webhook' },
    exits: [3],
    load: async () => (await import('./webhooks.ts')).rotateWebhook,
  },
  {
    path: 'webhooks test',
    args: [webhook_arg],
    summary: 'Send one message now and say what came back (exit 11 when it did not get there)',
    role: 'admin',
    examples: ['petpro webhooks test hooks.example.com'],
    mutates: { endpoint: 'test_webhook' },
    exits: [3],
    load: async () => (await import('./webhooks.ts')).testWebhook,
  },
  {
    path: 'webhooks replay',
    args: [webhook_arg],
    summary: 'Send events of a range again: those that never got there, or all of them',
    role: 'admin',
    examples: [
      'petpro webhooks replay hooks.example.com --dry-run',
      'petpro webhooks replay hooks.example.com --since 2026-11-19T00:00:00+07:00 --all',
      'petpro webhooks replay hooks.example.com --after 1200 --to 1300',
    ],
    options: [
      { flags: '--after <sequence>', doc: 'events after this one' },
      { flags: '--to <sequence>', doc: 'up to this one' },
      { flags: '--since <instant>', doc: 'RFC 3339' },
      { flags: '--until <instant>', doc: 'RFC 3339, not included' },
      { flags: '--all', doc: 'also what was delivered' },
    ],
    mutates: { endpoint: 'replay_webhook', dry_run: true },
    exits: [3, 9],
    load: async () => (await import('./webhooks.ts')).replayWebhook,
  },
];
