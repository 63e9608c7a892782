import fs from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../domain/errors.ts';
import type { Paper } from '../../domain/paper.ts';
import type { Drawn, Job } from './paper-worker.ts';

/** A document of 50 tickets takes half a second; a thread that takes this long hangs. */
const DRAW_MAX_MS = 10_000;
/** Waiting documents; more are refused with a Retry-After. */
const WAITING_MAX = 32;
/** The thread and its fonts (some 60 MB) are let go when nobody prints. */
const IDLE_MS = 60_000;
const RETRY_AFTER_MS = 2_000;

type Waiting = {
  readonly resolve: (pdf: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: NodeJS.Timeout;
};

/** Beside this file in src/, one file in dist/. */
function workerScript(): string {
  const source = path.join(import.meta.dirname, 'paper-worker.ts');
  return fs.existsSync(source) ? source : path.join(import.meta.dirname, 'paper.js');
}

let thread: Worker | null = null;
let idle: NodeJS.Timeout | null = null;
let jobs = 0;
const waiting = new Map<number, Waiting>();

/** Ends the thread; whatever waits for it fails. */
function stop(error: Error): void {
  const stopped = thread;
  thread = null;
  for (const { reject, deadline } of waiting.values()) {
    clearTimeout(deadline);
    reject(error);
  }
  waiting.clear();
  void stopped?.terminate();
}

function settle(drawn: Drawn): void {
  const one = waiting.get(drawn.job);
  if (!one) return;
  waiting.delete(drawn.job);
  clearTimeout(one.deadline);
  if ('pdf' in drawn) one.resolve(Buffer.from(drawn.pdf));
  else one.reject(new Error(`The document could not be drawn: ${drawn.error}`));
  if (waiting.size > 0) return;
  idle = setTimeout(() => stop(new Error('idle')), IDLE_MS);
  idle.unref();
}

function start(): Worker {
  const worker = new Worker(workerScript());
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
  if (idle) clearTimeout(idle);
  idle = null;
  thread ??= start();
  jobs += 1;
  const asked: Job = { job: jobs, paper };
  const pdf = new Promise<Buffer>((resolve, reject) => {
    const deadline = setTimeout(
      () => stop(new Error(`A document was not drawn within ${DRAW_MAX_MS} ms.`)),
      DRAW_MAX_MS,
    );
    waiting.set(asked.job, { resolve, reject, deadline });
  });
  thread.postMessage(asked);
  return await pdf;
}
