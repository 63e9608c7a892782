import type { CommandSpec } from './spec.ts';

/** The desk as lines of text: docs/desk.md. */
export const line_mode_tree: readonly CommandSpec[] = [
  {
    path: 'desk',
    summary: 'The desk in lines of text: for slow links, plain terminals, screen readers, scripts',
    role: 'view',
    examples: [
      'petpro desk',
      'petpro desk --accessible --lang ja',
      'petpro desk <<< "ci BP10000127"',
      'petpro desk --keep-going -o jsonl < morning.txt',
    ],
    options: [
      { flags: '--read-only', doc: 'look only: no word changes anything' },
      { flags: '--keep-going', doc: 'in a script: go on after a line that fails (exit 14)' },
      { flags: '--ask', doc: 'in a script: the lines after a question are its answers' },
    ],
    watch: false,
    exits: [3, 6, 7, 9, 14, 130, 143],
    owns_signals: true,
    load: async () => (await import('./desk/open.ts')).openDesk,
  },
];
