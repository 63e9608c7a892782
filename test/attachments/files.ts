import { createHash } from 'node:crypto';
import { addressOf, type Sent, send } from '../http/harness.ts';
import type { World } from '../http/world.ts';

/** A file that begins as a PDF does, of exactly that size. */
export function pdf(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31 + (at >> 8)) & 0xff;
  bytes.set(new TextEncoder().encode('%PDF-1.4\n').subarray(0, size));
  return bytes;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Sends a file as a program would. */
export async function upload(
  world: World,
  booking_id: string,
  bytes: Uint8Array<ArrayBuffer>,
  more: {
    readonly token?: string;
    readonly type?: string;
    readonly name?: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
) {
  const { token = world.tokens.customer, type = 'application/pdf', name = 'x-ray.pdf' } = more;
  const query = { name, ...more.query };
  const { address, method } = addressOf('add_attachment', { params: { booking_id }, query });
  const headers = { 'content-type': type, ...more.headers };
  return await send(world.base, address, { method, token, headers, raw_body: bytes });
}

/** The bytes of a file and the headers that they came with. */
export async function download(
  world: World,
  params: { readonly booking_id: string; readonly attachment_id: string },
  token = world.tokens.customer,
) {
  const { address } = addressOf('get_attachment', { params });
  const response = await fetch(`${world.base}${address}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(20_000),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

export async function listed(world: World, booking_id: string, sent: Sent = {}) {
  const { address } = addressOf('list_attachments', { params: { booking_id } });
  return await send(world.base, address, { token: world.tokens.customer, ...sent });
}
