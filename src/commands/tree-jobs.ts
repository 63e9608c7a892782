import { job_queues, job_states } from '../domain/job.ts';
import type { CommandSpec } from './spec.ts';

/** The jobs desk. What is done about a queue stands with the commands of that queue. */
export const jobs_tree: readonly CommandSpec[] = [
  {
    path: 'jobs list',
    summary: 'Every queue: ready, running, tried again, dead, how old, how fast, why',
    role: 'sre',
    examples: ['petpro jobs list', 'petpro jobs list --watch 5s -o jsonl'],
    watch: true,
    load: async () => (await import('./jobs.ts')).listJobs,
  },
  {
    path: 'jobs show',
    args: [{ name: '<queue>', doc: job_queues.join(', ') }],
    summary: 'Why the jobs of a queue failed; with --state or --cause the jobs themselves',
    role: 'sre',
    examples: [
      'petpro jobs show email',
      'petpro jobs show email --state dead -o wide',
      'petpro jobs show email --cause "smtp 550" --json=job_id,reference_code,payload',
    ],
    options: [
      { flags: '--state <state>', doc: 'the jobs in this state', choices: job_states },
      { flags: '--cause <text>', doc: 'the jobs that failed for this cause' },
      { flags: '--limit <n>', doc: 'at most this many; default 50' },
    ],
    exits: [3],
    load: async () => (await import('./jobs.ts')).showQueue,
  },
];
