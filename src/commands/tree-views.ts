import type { CommandSpec } from './spec.ts';

/** Materialized views. docs/reports.md */
export const views_tree: readonly CommandSpec[] = [
  {
    path: 'views list',
    summary: 'How old each view is, its rows, what a refresh takes, what went wrong',
    role: 'sre',
    examples: ['petpro views list', 'petpro views list --json=view_name,stale,age_ms'],
    watch: true,
    load: async () => (await import('./views.ts')).listViews,
  },
  {
    path: 'views refresh',
    args: [{ name: '<view>', doc: 'its name, or the beginning of it' }],
    summary: 'Refresh a view at once; readers wait unless --concurrently',
    role: 'sre',
    examples: [
      'petpro views refresh upcoming --concurrently --wait',
      'petpro views refresh booking_completion_rates --wait 5m',
    ],
    options: [
      { flags: '--concurrently', doc: 'readers go on meanwhile; needs a unique index' },
      { flags: '--wait [time]', doc: 'until it is done, at most this long; default: 1m' },
    ],
    mutates: { endpoint: 'refresh_view' },
    exits: [3, 8, 9],
    load: async () => (await import('./views.ts')).refreshView,
  },
];
