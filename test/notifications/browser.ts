import { createDecipheriv, createECDH, createPublicKey, hkdfSync, verify } from 'node:crypto';

/** What a browser does with push: makes its keys, and reads what only it can read (RFC 8291). */

export type Browser = {
  readonly p256dh: string;
  readonly auth: string;
  readonly read: (body: Buffer) => string;
};

const derive = (secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));

export function makeBrowser(auth = Buffer.alloc(16, 7)): Browser {
  const ecdh = createECDH('prime256v1');
  const own = ecdh.generateKeys();
  return {
    p256dh: own.toString('base64url'),
    auth: auth.toString('base64url'),
    read: (body) => {
      const salt = body.subarray(0, 16);
      const key_length = body.readUInt8(20);
      const sender = body.subarray(21, 21 + key_length);
      const sealed = body.subarray(21 + key_length);
      const about = Buffer.concat([Buffer.from('WebPush: info\0'), own, sender]);
      const material = derive(ecdh.computeSecret(sender), auth, about, 32);
      const key = derive(material, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
      const nonce = derive(material, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
      const cipher = createDecipheriv('aes-128-gcm', key, nonce);
      cipher.setAuthTag(sealed.subarray(-16));
      const plain = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
      if (plain.at(-1) !== 2) throw new Error('the last record has no mark');
      return plain.subarray(0, -1).toString('utf8');
    },
  };
}

/** The claims of a VAPID header whose signature holds; RFC 8292. */
export function readVapid(authorization: string): Readonly<Record<string, unknown>> {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(authorization) ?? [];
  const [head = '', claims = '', signature = ''] = token.split('.');
  const point = Buffer.from(key, 'base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const is_true = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!is_true) throw new Error('the VAPID signature does not hold');
  return JSON.parse(Buffer.from(claims, 'base64url').toString());
}
