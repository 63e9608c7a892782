import http from 'node:http';

export type Shot = {
  readonly status: number;
  readonly code: string | null;
  readonly text: string;
  readonly ms: number;
};

type Target = { readonly base: string; readonly address: string };
export type Bullet = { readonly token: string; readonly body: unknown };

/**
 * Longer than the daemon's own limit: a request that hangs must show as its failure, not as ours.
 */
const shot_timeout_ms = 30_000;

function fire(agent: http.Agent, { base, address }: Target, bullet: Bullet): Promise<Shot> {
  const payload = JSON.stringify(bullet.body);
  const started = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<Shot>();
  const request = http.request(`${base}${address}`, {
    agent,
    method: 'POST',
    timeout: shot_timeout_ms,
    headers: {
      authorization: `Bearer ${bullet.token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(payload),
    },
  });
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const body: unknown = JSON.parse(text);
      const code = typeof body === 'object' && body !== null ? Reflect.get(body, 'code') : null;
      resolve({
        status: response.statusCode ?? 0,
        code: typeof code === 'string' ? code : null,
        text,
        ms: performance.now() - started,
      });
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.on('error', reject);
  request.end(payload);
  return promise;
}

/** Sends all requests at once over `sockets` real connections and waits for all answers. */
export async function burst(
  target: Target,
  bullets: readonly Bullet[],
  sockets: number,
): Promise<readonly Shot[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: sockets });
  try {
    return await Promise.all(bullets.map((bullet) => fire(agent, target, bullet)));
  } finally {
    agent.destroy();
  }
}
