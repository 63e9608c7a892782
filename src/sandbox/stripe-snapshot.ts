// The state file: a JSON snapshot of the sandbox, so that a restarted demo keeps its sessions.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { emptyState, newId, put, type State } from './stripe-state.ts';

/** How often a changed state reaches the disk; a crash loses no more than this. */
const SAVE_EVERY_MS = 1_000;

const snapshot_schema = z.record(z.string(), z.array(z.tuple([z.string(), z.unknown()])));

function toText(state: State): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(state).map(([kind, map]) => [kind, [...map]])),
  );
}

/**
 * Reads the snapshot, or starts empty when there is no file. Interrupted deliveries are scheduled
 * anew.
 */
export async function loadState(file: string | undefined): Promise<State> {
  const state = emptyState();
  if (file === undefined) return state;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return state;
    throw error;
  }
  const parsed = snapshot_schema.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new AppError('invalid_input', `${file} is not a snapshot of the payment sandbox.`);
  }
  for (const [kind, map] of Object.entries(state)) {
    const target: Map<string, unknown> = map;
    for (const [id, value] of parsed.data[kind] ?? []) target.set(id, value);
  }
  rescheduleInterrupted(state);
  return state;
}

/** A delivery that was under way when the last process ended has no job any more: it gets one. */
function rescheduleInterrupted(state: State): void {
  const planned = new Set(
    [...state.jobs.values()].flatMap((job) => (job.kind === 'deliver' ? job.delivery_ids : [])),
  );
  for (const delivery of state.deliveries.values()) {
    if (delivery.status !== 'scheduled' || planned.has(delivery.id)) continue;
    const id = newId('job_');
    const due_at_ms = delivery.due_at_ms;
    put(state, 'jobs', id, { id, kind: 'deliver', due_at_ms, delivery_ids: [delivery.id] });
  }
}

/** Writes the snapshot after every touch, in one rename so that it is never half a file. */
export function keepSnapshots(
  state: State,
  file: string | undefined,
): { readonly touch: () => void; readonly stop: () => Promise<void> } {
  if (file === undefined) return { touch: () => undefined, stop: async () => undefined };
  let changed = true;
  let saving: Promise<void> = Promise.resolve();

  async function save(): Promise<void> {
    if (!changed || file === undefined) return;
    changed = false;
    await writeFile(`${file}.tmp`, toText(state), { mode: 0o600 });
    await rename(`${file}.tmp`, file);
  }

  const timer = setInterval(() => {
    // A full disk must not end the sandbox; the next turn tries again.
    saving = saving.then(save).catch(() => {
      changed = true;
    });
  }, SAVE_EVERY_MS);
  timer.unref();
  return {
    touch() {
      changed = true;
    },
    async stop() {
      clearInterval(timer);
      await saving;
      changed = true;
      await save();
    },
  };
}
