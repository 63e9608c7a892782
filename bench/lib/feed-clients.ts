/** Many followers of a live feed in one process, which reads little of what it gets. */

export type Followers = {
  /** From the time that an event was written to its frame, of the followers that are watched. */
  readonly delays_ms: readonly number[];
  readonly frames: () => number;
  readonly bytes: () => number;
  readonly byes: () => number;
  readonly close: () => void;
};

/** One in so many reads the time of each event; the others only count. */
const WATCHED = 10;
/** Connections that are being opened at a time. */
const AT_ONCE = 50;
const occurred = /"occurred_at":"([^"]+)"/;

async function open(url: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'auth', token })));
  // Hello is the first word.
  socket.addEventListener('message', () => resolve(socket), { once: true });
  socket.addEventListener('close', ({ code, reason }) => reject(new Error(`${code} ${reason}`)));
  return await promise;
}

/** Opens that many followers; every one has heard hello when this returns. */
export async function followAll(url: string, token: string, count: number): Promise<Followers> {
  const delays_ms: number[] = [];
  const sockets: WebSocket[] = [];
  let [frames, bytes, byes] = [0, 0, 0];
  for (let from = 0; from < count; from += AT_ONCE) {
    const some = Math.min(AT_ONCE, count - from);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(url, token)))));
  }
  for (const [index, socket] of sockets.entries()) {
    socket.addEventListener('message', ({ data }) => {
      const text = String(data);
      if (text.startsWith('{"type":"bye"')) byes += 1;
      if (!text.startsWith('{"type":"event"')) return;
      frames += 1;
      bytes += text.length;
      if (index % WATCHED !== 0) return;
      const at = occurred.exec(text)?.[1];
      if (at !== undefined) delays_ms.push(Date.now() - Date.parse(at));
    });
  }
  return {
    delays_ms,
    frames: () => frames,
    bytes: () => bytes,
    byes: () => byes,
    close: () => {
      for (const socket of sockets) socket.close();
    },
  };
}
