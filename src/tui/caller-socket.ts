import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';

/**
 * Where `petpro call` reaches a running console: a socket in the runtime folder of the person, so that nobody else on
 * the machine can ring. One line of JSON in, one out.
 */

/** Consoles of one person on one machine. */
const DESKS_MAX = 9;
/** A number with everything around it is far shorter. */
const LINE_MAX = 512;
/** Who connects says something at once, or is let go. */
const LINE_MS = 2_000;
const CONNECTIONS_MAX = 4;
const PROBE_MS = 500;
const NUMBER_MAX = 40;

export type CallerSocket = {
  /** The number of this desk: `petpro call --desk 2`. */
  readonly desk: number;
  /** Takes no more calls; the file goes with it. */
  readonly close: () => void;
};

export type CallerOptions = {
  /** The folder of the sockets; made when it is not there. */
  readonly dir: string;
  /** False: this console shows no owners, and whoever asks must print the card. */
  readonly on_call: (number: string) => boolean;
};

const socketOf = (dir: string, desk: number) => path.join(dir, `desk-${desk}.sock`);

function numberOf(line: string): string | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null || !('number' in value)) return null;
    const { number } = value;
    const is_number = typeof number === 'string' && /^\+?[\d\s().-]{3,}$/.test(number);
    return is_number && number.length <= NUMBER_MAX ? number : null;
  } catch {
    return null;
  }
}

/** Answers one connection: one line, whole and in time, or nothing is done. */
function answer(socket: net.Socket, desk: number, on_call: CallerOptions['on_call']): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.setTimeout(LINE_MS, () => socket.destroy());
  // The caller went away; there is nobody to tell.
  socket.on('error', () => {});
  const listen = (chunk: string): void => {
    text += chunk;
    if (text.length > LINE_MAX) {
      socket.destroy();
      return;
    }
    const end = text.indexOf('\n');
    if (end < 0) return;
    socket.off('data', listen);
    const number = numberOf(text.slice(0, end));
    const is_shown = number !== null && on_call(number);
    const why = number === null ? 'no number' : 'role';
    socket.end(`${JSON.stringify(is_shown ? { ok: true, desk } : { ok: false, desk, why })}\n`);
  };
  socket.on('data', listen);
}

/** True when a console answers there; a file that its console left behind does not. */
async function isAlive(file: string): Promise<boolean> {
  const done = Promise.withResolvers<boolean>();
  const socket = net.connect(file);
  socket.setTimeout(PROBE_MS, () => done.resolve(true));
  socket.once('connect', () => done.resolve(true));
  socket.once('error', () => done.resolve(false));
  try {
    return await done.promise;
  } finally {
    socket.destroy();
  }
}

async function listenAt(server: net.Server, file: string): Promise<boolean> {
  const done = Promise.withResolvers<boolean>();
  const refuse = (error: NodeJS.ErrnoException) =>
    error.code === 'EADDRINUSE' ? done.resolve(false) : done.reject(error);
  server.once('error', refuse);
  server.listen(file, () => done.resolve(true));
  try {
    return await done.promise;
  } finally {
    server.off('error', refuse);
  }
}

/** Listens at the first free desk; null when there is none, or the folder cannot be used. */
export async function openCallerSocket(options: CallerOptions): Promise<CallerSocket | null> {
  const { dir, on_call } = options;
  try {
    await fs.mkdir(dir, { recursive: true, mode: 0o700 });
    // One that was there before may be open to others; one that is not ours refuses this.
    await fs.chmod(dir, 0o700);
    for (let desk = 1; desk <= DESKS_MAX; desk += 1) {
      const file = socketOf(dir, desk);
      const server = net.createServer((socket) => answer(socket, desk, on_call));
      server.maxConnections = CONNECTIONS_MAX;
      let is_ours = await listenAt(server, file);
      if (!is_ours && !(await isAlive(file))) {
        await fs.rm(file, { force: true });
        is_ours = await listenAt(server, file);
      }
      if (!is_ours) continue;
      await fs.chmod(file, 0o600);
      // A caller that does not hang up must not keep the console from ending.
      server.unref();
      return { desk, close: () => void server.close() };
    }
  } catch {
    // A folder that is not ours, or a path longer than sockets may have: then cards are printed instead.
  }
  return null;
}
