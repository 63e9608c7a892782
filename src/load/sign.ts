import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Signature } from './report-types.ts';

/** Reports are signed where they are made, so that a number edited later shows. */

const key_file = 'load/signing-key.pem';

/** The same bytes for the same content, whatever the order of the keys. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const pairs = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`);
  return `{${pairs.join(',')}}`;
}

/** The key of this home, made on first use, 0600. */
function privateKey(home: string): KeyObject {
  const file = path.join(home, key_file);
  if (!fs.existsSync(file)) {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const { privateKey: fresh } = generateKeyPairSync('ed25519');
    const pem = fresh.export({ type: 'pkcs8', format: 'pem' });
    const draft = `${file}.${process.pid}`;
    fs.writeFileSync(draft, pem, { mode: 0o600 });
    try {
      // Two first runs at once: link fails for the second, which then uses the first one's key.
      fs.linkSync(draft, file);
    } catch (error) {
      if (!fs.existsSync(file)) throw error;
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }
  return createPrivateKey(fs.readFileSync(file, 'utf8'));
}

const publicText = (key: KeyObject) =>
  createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64');

/** Signs a report of plain JSON values with the key of this home. */
export function signReport<T extends object>(
  home: string,
  report: T,
): T & { readonly signature: Signature } {
  const key = privateKey(home);
  const value = sign(null, Buffer.from(canonicalJson(report)), key).toString('base64');
  return { ...report, signature: { algorithm: 'ed25519', public_key: publicText(key), value } };
}

export type Verification = {
  /** Nothing in the report has changed since it was signed. */
  readonly is_intact: boolean;
  /** The key is the one of this home. */
  readonly is_ours: boolean;
};

/** Checks the signature that a report carries. */
export function verifyReport(
  home: string,
  report: object & { readonly signature: Signature },
): Verification {
  const { signature, ...content } = report;
  const own = path.join(home, key_file);
  const is_ours = fs.existsSync(own) && publicText(privateKey(home)) === signature.public_key;
  try {
    const der = Buffer.from(signature.public_key, 'base64');
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
    const bytes = Buffer.from(canonicalJson(content));
    const is_intact =
      key.asymmetricKeyType === 'ed25519' &&
      verify(null, bytes, key, Buffer.from(signature.value, 'base64'));
    return { is_intact, is_ours };
  } catch {
    return { is_intact: false, is_ours };
  }
}
