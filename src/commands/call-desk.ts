import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import type { Config } from '../config.ts';
import { socketDir } from './offline-port.ts';

/** Rings at the consoles that run on this machine for the same person. */

/** They answer at once or not at all; the telephone rings on meanwhile. */
const ANSWER_MS = 1_500;
const ANSWER_MAX = 512;
const DESKS_MAX = 9;

export type Rung = {
  /** Desks that show the caller. */
  readonly shown: readonly number[];
  /** Desks whose role shows no owners. */
  readonly refused: readonly number[];
};

/** Says the number to one socket; null when nobody is behind it. */
async function ring(file: string, number: string): Promise<boolean | null> {
  const done = Promise.withResolvers<boolean | null>();
  let text = '';
  const socket = net.connect(file, () => socket.write(`${JSON.stringify({ number })}\n`));
  socket.setEncoding('utf8');
  socket.setTimeout(ANSWER_MS, () => done.resolve(null));
  socket.on('error', () => done.resolve(null));
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > ANSWER_MAX) done.resolve(null);
    else if (text.includes('\n')) done.resolve(/^\{"ok":true\b/.test(text));
  });
  socket.on('close', () => done.resolve(null));
  try {
    return await done.promise;
  } finally {
    socket.destroy();
  }
}

/** True for a socket of ours in a folder that only we can write to: a stranger's would learn who rings. */
async function isOurs(dir: string): Promise<boolean> {
  const facts = await fs.stat(dir).catch(() => null);
  if (facts === null || !facts.isDirectory()) return false;
  return facts.uid === process.getuid?.() && (facts.mode & 0o077) === 0;
}

/** Rings at desk `asked`, or at all. */
export async function ringDesks(
  config: Pick<Config, 'runtime_dir'>,
  asked: number | null,
  number: string,
): Promise<Rung> {
  const dir = socketDir(config);
  if (dir === null || !(await isOurs(dir))) return { shown: [], refused: [] };
  const all = Array.from({ length: DESKS_MAX }, (_, index) => index + 1);
  const desks = asked === null ? all : [asked];
  const answers = await Promise.all(
    desks.map((desk) => ring(path.join(dir, `desk-${desk}.sock`), number)),
  );
  return {
    shown: desks.filter((_, index) => answers[index] === true),
    refused: desks.filter((_, index) => answers[index] === false),
  };
}
