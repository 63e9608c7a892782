/**
 * A small closed-loop load generator on raw sockets. A full HTTP client would use more of the second core than the
 * server under test uses of the first, and then measure itself. Loopback only; bounded by time.
 */
import net from 'node:net';

export type LoadPlan = {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One more header line of request number `n`, as a signature of its body. */
  readonly header_of?: (n: number) => string;
  /** The body of request number `n`; null when the supply is used up. */
  readonly body: (n: number) => string | null;
  readonly connections: number;
  readonly duration_ms: number;
};

export type LoadResult = {
  readonly requests: number;
  readonly per_second: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
};

const quantile = (sorted: Float64Array, q: number) =>
  Math.round((sorted[Math.floor((sorted.length - 1) * q)] ?? 0) * 100) / 100;

/** Runs the plan and counts answers by status. Throws for a target that is not loopback. */
export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const { hostname, port } = new URL(plan.url);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) throw new Error('loopback only');
  const head = [
    `${plan.method} ${plan.path} HTTP/1.1`,
    `host: ${hostname}:${port}`,
    ...Object.entries(plan.headers).map(([name, value]) => `${name}: ${value}`),
  ].join('\r\n');
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  const started = performance.now();
  const stop_at = started + plan.duration_ms;
  let next = 0;

  const connection = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect(Number(port), hostname);
      socket.setNoDelay(true);
      let sent_at = 0;
      let pending = '';
      const send = () => {
        const n = next;
        next += 1;
        const body = performance.now() < stop_at ? plan.body(n) : null;
        if (body === null) return void socket.end(resolve);
        const own = plan.header_of ? `\r\n${plan.header_of(n)}` : '';
        sent_at = performance.now();
        const length =
          plan.method === 'POST' ? `\r\ncontent-length: ${Buffer.byteLength(body)}` : '';
        socket.write(`${head}${own}${length}\r\n\r\n${body}`);
      };
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        pending += chunk.toString('latin1');
        const head_end = pending.indexOf('\r\n\r\n');
        if (head_end < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0);
        if (pending.length < head_end + 4 + length) return;
        const status = pending.slice(9, 12);
        statuses[status] = (statuses[status] ?? 0) + 1;
        times.push(performance.now() - sent_at);
        pending = '';
        send();
      });
    });

  await Promise.all(Array.from({ length: plan.connections }, connection));
  const seconds = (performance.now() - started) / 1000;
  const sorted = Float64Array.from(times).sort();
  return {
    requests: times.length,
    per_second: Math.round(times.length / seconds),
    statuses,
    p50_ms: quantile(sorted, 0.5),
    p95_ms: quantile(sorted, 0.95),
    p99_ms: quantile(sorted, 0.99),
  };
}
