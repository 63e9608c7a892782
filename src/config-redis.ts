/** Addresses of Redis: one server, a group watched by Sentinels, or a Cluster. */

export type RedisHost = { readonly host: string; readonly port: number };

type Login = {
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: boolean;
};

export type RedisPlace =
  | { readonly kind: 'single'; readonly url: string }
  | (Login & {
      readonly kind: 'sentinel';
      readonly hosts: readonly RedisHost[];
      readonly master: string;
      readonly db: number;
      /** The Sentinels ask for the same user and password as the servers. */
      readonly sentinel_login: boolean;
    })
  | (Login & { readonly kind: 'cluster'; readonly hosts: readonly RedisHost[] });

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;
const PORT_MAX = 65_535;
const DB_MAX = 1_000_000;

// Several hosts are no URL by the standard: taken apart here.
const form =
  /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#]*)([^?#]*)(?:\?(.*))?$/i;

function plain(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('has a user or password with a % that is none: write it as %25');
  }
}

function hostOf(text: string, default_port: number): RedisHost {
  const [, v6, name, port_text] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d+))?$/i.exec(text) ?? [];
  const host = v6 ?? name;
  if (host === undefined) throw new Error(`has a host that cannot be read: "${text}"`);
  const port = port_text === undefined ? default_port : Number(port_text);
  if (port < 1 || port > PORT_MAX) throw new Error(`has a port that is none: "${text}"`);
  return { host, port };
}

/** Takes an address apart; throws an Error whose message finishes "REDIS_URL ...". */
export function parseRedisUrl(text: string): RedisPlace {
  const match = form.exec(text);
  if (!match) {
    throw new Error(
      'must start with redis://, rediss://, redis+sentinel:// or redis+cluster:// and name a host',
    );
  }
  const [, scheme = '', group, user, secret, authority = '', path = '', query = ''] = match;
  const kind = group?.toLowerCase();
  if (kind === undefined) {
    if (authority.includes(',')) {
      throw new Error('names several hosts: write redis+sentinel:// or redis+cluster://');
    }
    if (!URL.canParse(text)) throw new Error('must be a URL such as redis://:password@host:6379/0');
    return { kind: 'single', url: text };
  }
  const default_port = kind === 'sentinel' ? SENTINEL_PORT : REDIS_PORT;
  const hosts = authority
    .split(',')
    .filter((host) => host !== '')
    .map((host) => hostOf(host, default_port));
  if (hosts.length === 0) throw new Error(`must name a host: redis+${kind}://host1,host2`);
  const tls = scheme.toLowerCase() === 'rediss';
  const login = { username: plain(user), password: plain(secret), tls };
  const [master, db_text, ...more] = path.split('/').filter((part) => part !== '');
  if (kind === 'cluster') {
    if (master !== undefined) throw new Error('must not name a database: a Cluster has one only');
    if (query !== '') throw new Error(`has an option that is unknown here: "${query}"`);
    return { kind, hosts, ...login };
  }
  if (master === undefined || more.length > 0) {
    throw new Error('must name the master: redis+sentinel://host1:26379,host2:26379/mymaster');
  }
  const db = Number(db_text ?? 0);
  if (!Number.isInteger(db) || db < 0 || db > DB_MAX) {
    throw new Error(`has a database that is no number: "${db_text}"`);
  }
  if (query !== '' && query !== 'sentinel_auth=same') {
    throw new Error(`has an option that is unknown here: "${query}"`);
  }
  const sentinel_login = query !== '';
  return { kind: 'sentinel', hosts, master, db, sentinel_login, ...login };
}

/** A setting's reader: the text itself, once it can be taken apart. */
export function redisUrl(text: string): string {
  parseRedisUrl(text);
  return text.replace(/\/+$/, '');
}
