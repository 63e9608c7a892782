import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { parseRedisUrl, type RedisPlace } from '../../config-redis.ts';

/** One server, the master that Sentinels name, or a Cluster: the same commands for all three. */
export type RedisClient = Redis | Cluster;

export type RedisClientOptions = {
  readonly url: string;
  /** Shown in CLIENT LIST. */
  readonly name: string;
  /** For one command. */
  readonly timeout_ms: number;
  /** Many small commands in one write. Not on a Cluster: there a batch cannot follow moved keys. */
  readonly batch?: boolean;
  readonly on_error: (error: Error) => void;
};

const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_MAX_MS = 2_000;
/** A server that says nothing for so long is given up, although its connection still stands. */
const SILENCE_MIN_MS = 3_000;
const SENTINEL_TIMEOUT_MS = 1_000;
/** A key may have moved and may be moving again; more hops mean a Cluster in disorder. */
const REDIRECTIONS_MAX = 5;
const TRYAGAIN_MS = 10;

const retryAfter = (times: number) => Math.min(50 * 2 ** Math.min(times, 6), RECONNECT_MAX_MS);

/** A master that became a replica refuses writes: look for the new one. */
const isDemoted = (error: Error) => error.message.startsWith('READONLY');

function nodeOptions(options: RedisClientOptions) {
  return {
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: options.timeout_ms,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: 200,
    socketTimeout: Math.max(SILENCE_MIN_MS, 2 * options.timeout_ms),
    connectionName: options.name,
  } satisfies RedisOptions;
}

function loginOf(place: Exclude<RedisPlace, { kind: 'single' }>) {
  return {
    ...(place.username === null ? {} : { username: place.username }),
    ...(place.password === null ? {} : { password: place.password }),
    ...(place.tls ? { tls: {} } : {}),
  };
}

function openServer(
  place: Exclude<RedisPlace, { kind: 'cluster' }>,
  options: RedisClientOptions,
): Redis {
  const common = {
    ...nodeOptions(options),
    enableAutoPipelining: options.batch ?? false,
    enableOfflineQueue: false,
    reconnectOnError: isDemoted,
    retryStrategy: retryAfter,
  } satisfies RedisOptions;
  if (place.kind === 'single') return new Redis(place.url, common);
  const { username, password } = place;
  // ioredis's failover detector stays off: Sentinels cut the connections to a master that they
  // demote, a dead one closes or falls silent, and each reconnect asks the Sentinels anew.
  return new Redis({
    ...common,
    ...loginOf(place),
    sentinels: [...place.hosts],
    name: place.master,
    db: place.db,
    role: 'master',
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: retryAfter,
    ...(place.tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
    ...(place.sentinel_login && username !== null ? { sentinelUsername: username } : {}),
    ...(place.sentinel_login && password !== null ? { sentinelPassword: password } : {}),
  });
}

function openCluster(
  place: Extract<RedisPlace, { kind: 'cluster' }>,
  options: RedisClientOptions,
): Cluster {
  return new Cluster([...place.hosts], {
    redisOptions: { ...nodeOptions(options), ...loginOf(place) },
    enableOfflineQueue: false,
    clusterRetryStrategy: retryAfter,
    maxRedirections: REDIRECTIONS_MAX,
    // A caller waits for its timeout and not for a failover: whoever asks decides about trying again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: TRYAGAIN_MS,
    slotsRefreshTimeout: SENTINEL_TIMEOUT_MS,
    // Names in certificates must stay names.
    ...(place.tls ? { dnsLookup: (name, done) => done(null, name) } : {}),
  } satisfies ClusterOptions);
}

/**
 * Opens a client for `redis://`, `rediss://`, `redis+sentinel://` or `redis+cluster://`. It connects
 * in the background and for ever; a command while there is no connection fails at once.
 */
export function openRedisClient(options: RedisClientOptions): RedisClient {
  const place = parseRedisUrl(options.url);
  const client =
    place.kind === 'cluster' ? openCluster(place, options) : openServer(place, options);
  // Without a listener ioredis prints to the console.
  client.on('error', options.on_error);
  return client;
}

/** The servers that hold keys: one, or every master of the Cluster that is known now. */
export function mastersOf(client: RedisClient): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
