import { sweepPage } from '../actions/attachment-sweep.ts';
import type { App, Worker } from '../app-types.ts';

/** A page of the store every minute: files without a row are rare, and nobody waits for their space. */
const EVERY_MS = 60_000;
/** Uploads take minutes at most; a day leaves people time to look when something went wrong. */
const OLDER_THAN_MS = 86_400_000;

/** Walks through the store of files round and round, and removes what no booking names. */
export function createAttachmentSweeper(): Worker {
  let cursor: string | null = null;
  const tick = async (app: App, _signal: AbortSignal): Promise<number> => {
    const page = { cursor, older_than_ms: OLDER_THAN_MS, dry_run: false };
    const { orphans, next } = await sweepPage(app, page);
    cursor = next;
    if (orphans.length > 0) app.log.info('attachments.swept', { removed: orphans.length });
    // Not "work done": the next page can wait for its minute.
    return 0;
  };
  return { name: 'attachments', every_ms: EVERY_MS, tick };
}
