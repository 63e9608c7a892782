import { parentPort } from 'node:worker_threads';
import type { Paper } from '../../domain/paper.ts';
import { drawPaper } from './draw.ts';

// The thread that draws pages, one after the other, so that no booking waits for a receipt.

export type Job = { readonly job: number; readonly paper: Paper };
export type Drawn =
  | { readonly job: number; readonly pdf: Uint8Array }
  | { readonly job: number; readonly error: string };

async function draw({ job, paper }: Job): Promise<Drawn> {
  try {
    return { job, pdf: await drawPaper(paper) };
  } catch (error) {
    return { job, error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (asked: Job) => {
  void draw(asked).then((drawn) => parentPort?.postMessage(drawn));
});
