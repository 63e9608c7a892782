import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../domain/errors.ts';
import type { Paper } from '../../domain/paper.ts';
import type { Drawn, Job } from './paper-worker.ts';

/** For one document. Fifty tickets take half a second; a thread that takes this long hangs. */
const DRAW_MAX_MS = 10_000;
/** Waiting documents; more are refused with a Retry-After. */
const WAITING_MAX = 32;
/** The thread and its fonts are let go when nobody prints. */
const IDLE_MS = 60_000;
/** Heap of the thread; a document that needs more fails alone. Fifty tickets take a third of it. */
const heap_mb = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };
const RETRY_AFTER_MS = 2_000;

type Waiting = {
  readonly resolve: (pdf: Buffer) => void;
  readonly reject: (error: Error) => void;
};

/** Beside this file in src/, one file in dist/. */
function workerScript(): string {
  const source = path.join(import.meta.dirname, 'paper-worker.ts');
  return fs.existsSync(source) ? source : path.join(import.meta.dirname, 'paper.js');
}

let thread: Worker | null = null;
/** Of the document in hand; without one, until the thread is let go. */
let deadline: NodeJS.Timeout | null = null;
let jobs = 0;
const waiting = new Map<number, Waiting>();

/** Ends the thread; whatever waits for it fails. */
function stop(error: Error): void {
  const stopped = thread;
  thread = null;
  if (deadline) clearTimeout(deadline);
  deadline = null;
  for (const { reject } of waiting.values()) reject(error);
  waiting.clear();
  void stopped?.terminate();
}

/** Starts the clock for what comes next: a document, or nothing. */
function watch(): void {
  if (deadline) clearTimeout(deadline);
  if (waiting.size === 0) {
    deadline = setTimeout(() => stop(new Error('idle')), IDLE_MS);
    deadline.unref();
    return;
  }
  const late = new Error(`A document was not drawn within ${DRAW_MAX_MS} ms.`);
  deadline = setTimeout(() => stop(late), DRAW_MAX_MS);
}

function settle(drawn: Drawn): void {
  const one = waiting.get(drawn.job);
  if (!one) return;
  waiting.delete(drawn.job);
  watch();
  if ('pdf' in drawn) one.resolve(Buffer.from(drawn.pdf));
  else one.reject(new Error(`The document could not be drawn: ${drawn.error}`));
}

function start(): Worker {
  const worker = new Worker(workerScript(), { resourceLimits: heap_mb });
  // It must not keep the daemon from ending.
  worker.unref();
  worker.on('message', settle);
  worker.once('error', (error) => {
    if (thread === worker) stop(error instanceof Error ? error : new Error(String(error)));
  });
  worker.once('exit', () => {
    if (thread === worker) stop(new Error('The drawing thread ended.'));
  });
  return worker;
}

/** Draws a document as PDF in a thread of its own: the caller's event loop stays free. */
export async function printPdf(paper: Paper): Promise<Buffer> {
  if (waiting.size >= WAITING_MAX) {
    throw new AppError('unavailable', 'Too many documents are being drawn; ask again.', {
      retry_after_ms: RETRY_AFTER_MS,
    });
  }
  thread ??= start();
  jobs += 1;
  const asked: Job = { job: jobs, paper };
  const pdf = new Promise<Buffer>((resolve, reject) => {
    waiting.set(asked.job, { resolve, reject });
  });
  if (waiting.size === 1) watch();
  thread.postMessage(asked);
  return await pdf;
}
