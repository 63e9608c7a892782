import dns from 'node:dns';
import net from 'node:net';
import { AppError } from '../../domain/errors.ts';

/**
 * Which addresses a webhook may be sent to. A clinic's administrator names the receiver, and our
 * network must not be reachable through that: only public addresses, judged after the name was
 * resolved and used as they were judged, so that a name that changes meanwhile changes nothing.
 */

/** For one question; the resolver asks twice. */
const dns_timeout_ms = 2_000;
const addresses_max = 16;

/** Everything in IPv4 that is not the public internet. IANA special-purpose registry. */
const private_v4 = new net.BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  private_v4.addSubnet(address, bits, 'ipv4');
}

/** Only global unicast is public; without what carries IPv4 inside or is for examples. */
const global_v6 = new net.BlockList();
global_v6.addSubnet('2000::', 3, 'ipv6');
const special_v6 = new net.BlockList();
for (const [address, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  special_v6.addSubnet(address, bits, 'ipv6');
}

/** True for an address on the public internet. Addresses of IPv4 dressed as IPv6 are not. */
export function isPublicAddress(address: string): boolean {
  switch (net.isIP(address)) {
    case 4:
      return !private_v4.check(address, 'ipv4');
    case 6: {
      const bare = address.split('%')[0] ?? '';
      return global_v6.check(bare, 'ipv6') && !special_v6.check(bare, 'ipv6');
    }
    default:
      return false;
  }
}

export type Guard = {
  /** Throws `policy_refused` when the address can be refused without asking anybody. */
  readonly assertUrl: (url: string) => void;
  /** The addresses that a request to this host may use. Throws when one of them is not allowed. */
  readonly resolve: (url: string) => Promise<readonly dns.LookupAddress[]>;
};

/** The host of an address as a resolver takes it: `[::1]` loses its brackets. */
function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

function refused(host: string, why: string): AppError {
  const facts = { host, rule: 'webhook_address', next: 'PETPRO_WEBHOOK_ALLOW' };
  return new AppError('policy_refused', `Webhooks are not sent to ${host}: ${why}.`, facts);
}

type Allowed = { readonly names: ReadonlySet<string>; readonly blocks: net.BlockList };

function readAllowed(list: readonly string[]): Allowed {
  const names = new Set<string>();
  const blocks = new net.BlockList();
  for (const entry of list) {
    const [address = '', bits] = entry.split('/');
    const version = net.isIP(address);
    if (version === 0) {
      names.add(entry.toLowerCase());
      continue;
    }
    const longest = version === 4 ? 32 : 128;
    const length = bits === undefined ? longest : Number(bits);
    if (!Number.isInteger(length) || length < 0 || length > longest) {
      throw new AppError('invalid_input', `PETPRO_WEBHOOK_ALLOW: ${entry} is no block.`);
    }
    blocks.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  }
  return { names, blocks };
}

/** Ours to ask and to give up on: the system's own way would take a thread until it ends. */
async function askDns(host: string): Promise<readonly dns.LookupAddress[]> {
  const resolver = new dns.promises.Resolver({ timeout: dns_timeout_ms, tries: 2 });
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found = [
    ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
    ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
  ];
  if (found.length > 0) return found.slice(0, addresses_max);
  const { reason } = v4.status === 'rejected' ? v4 : { reason: null };
  const code = reason instanceof Error && 'code' in reason ? String(reason.code) : 'ENODATA';
  throw new AppError('unavailable', `The name ${host} has no address (${code}).`, { host });
}

/** The guard of a place: production takes https only; `allow` names receivers of our own network. */
export function createGuard(options: {
  readonly allow: readonly string[];
  readonly is_prod: boolean;
  /** Asks for the addresses of a name; tests plant answers that change. */
  readonly ask?: (host: string) => Promise<readonly dns.LookupAddress[]>;
}): Guard {
  const { names, blocks } = readAllowed(options.allow);
  const ask = options.ask ?? askDns;
  const isAllowed = (address: string) =>
    blocks.check(address, net.isIP(address) === 6 ? 'ipv6' : 'ipv4') || isPublicAddress(address);

  const isListed = (host: string) =>
    names.has(host) ||
    (net.isIP(host) !== 0 && blocks.check(host, net.isIP(host) === 6 ? 'ipv6' : 'ipv4'));

  const assertUrl = (url: string): void => {
    const host = hostOf(url);
    if (url.startsWith('tcp:')) {
      // Neither encrypted nor signed: only where the settings say that it is our own network.
      if (isListed(host)) return;
      throw refused(host, 'tcp is for services that PETPRO_WEBHOOK_ALLOW names');
    }
    if (options.is_prod && !url.startsWith('https:')) throw refused(host, 'only https is safe');
    if (names.has(host)) return;
    if (net.isIP(host) !== 0 && !isAllowed(host)) throw refused(host, 'it is not a public address');
    if (host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.internal')) {
      throw refused(host, 'it is a name of an internal network');
    }
  };

  return {
    assertUrl,
    resolve: async (url) => {
      assertUrl(url);
      const host = hostOf(url);
      const family = net.isIP(host);
      if (family !== 0) return [{ address: host, family }];
      // Listed by name: it may be a name that only this machine's own files know.
      if (names.has(host)) return await dns.promises.lookup(host, { all: true });
      const found = await ask(host);
      const inside = found.find(({ address }) => !isAllowed(address));
      if (inside) throw refused(host, `its address ${inside.address} is not public`);
      return found;
    },
  };
}
