/** The Redis backend: a tier that many machines share, with a log of its own that all of them follow. */
import { type Clock, systemClock } from '../engine/clock.ts';
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { checkOptions, duration, type Duration, nonEmptyText, positiveInteger } from '../engine/options.ts';
import { STAMP_LIMITS } from '../engine/stamp-table.ts';
import { msgpackCodec } from '../codecs/msgpack.ts';
import { ServerBackend } from './redis/backend.ts';
import { ioredis } from './redis/ioredis.ts';
import type { Connector } from './redis/link.ts';
import { nodeRedis } from './redis/node-redis.ts';
import type { RedisBackend, RedisClient } from './redis/offer.ts';

export type { RedisBackend, RedisClient, RedisStats } from './redis/offer.ts';

/** Options of {@link redisBackend}. */
export interface RedisOptions {
  /**
   * A client of `redis` or `ioredis`, connected or not. It is only copied: the backend opens two connections of its own with
   * the client's settings when it is first used, and never sends anything on the client itself.
   */
  readonly client: RedisClient;
  /** What all keys begin with. Caches that share it share log and entries. Default `'tidemark'`; no braces. */
  readonly prefix?: string;
  /** What the tier is called in events and statistics. Default `'redis'`. */
  readonly name?: string;
  /** Values to bytes. Default `msgpackCodec`. What another codec wrote is a miss. */
  readonly codec?: Codec;
  /** How many changes are kept, about, for other processes to replay. Default 10,000. */
  readonly keepChanges?: number;
  /** How many stamps are kept in a generation (two are held). Default 100,000. */
  readonly keepStamps?: number;
  /** The longest that the server keeps an entry, whatever its own times say. Default `'30d'`. */
  readonly maxLife?: Duration;
  /**
   * How long the log outlives the last process that asks it. Default `'7d'`. Who comes back later finds a new log, and drops
   * what it held.
   */
  readonly logLife?: Duration;
  /** Where time comes from; for tests. */
  readonly clock?: Clock;
}

const NAMES: readonly (keyof RedisOptions)[] = [
  'client',
  'prefix',
  'name',
  'codec',
  'keepChanges',
  'keepStamps',
  'maxLife',
  'logLife',
  'clock',
];

/** Longer than any use, and well within what a server takes as an expiry. */
const LONGEST_LIFE = 10 * 365 * 86_400_000;

/**
 * A backend on a Redis server (7.0 or later), behind sentinels, or on a cluster. Making it is synchronous and connects to
 * nothing yet. On one server an entry is compared with the log in the same step that stores it; in a cluster it is compared
 * just before. Every key that it writes expires. The server's user needs to be allowed `EVAL`, `EVALSHA`, `INFO` and `SCAN`
 * besides the commands for strings, hashes, sorted sets and streams.
 *
 * @throws `bad_option` naming the option.
 * @example
 * import { createClient } from 'redis';
 * const client = createClient({ url: 'redis://localhost' });
 * const cache = createCache({ tiers: [memory(), redisBackend({ client, prefix: 'shop' })] });
 */
export function redisBackend(options: RedisOptions): RedisBackend {
  const what = 'redisBackend';
  checkOptions(what, options, NAMES);
  const { codec = msgpackCodec, clock = systemClock } = options;
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function' || typeof codec.name !== 'string')
    throw new TidemarkError('bad_option', `${what}: codec must be a codec (with name, encode and decode)`);
  return new ServerBackend({
    name: nonEmptyText(`${what}: name`, options.name ?? 'redis'),
    connector: connectorOf(options.client),
    prefix: prefixOf(options.prefix ?? 'tidemark'),
    codec,
    clock,
    maxLife: life(`${what}: maxLife`, options.maxLife ?? '30d'),
    limits: {
      changes: positiveInteger(`${what}: keepChanges`, options.keepChanges ?? 10_000),
      stamps: positiveInteger(`${what}: keepStamps`, options.keepStamps ?? 100_000),
      rules: STAMP_LIMITS.rules,
      life: life(`${what}: logLife`, options.logLife ?? '7d'),
    },
  });
}

function connectorOf(client: unknown): Connector {
  const connector = typeof client === 'object' && client !== null && (ioredis(client) ?? nodeRedis(client));
  if (connector) return connector;
  throw new TidemarkError(
    'bad_option',
    `redisBackend: client must be a client, cluster or sentinel of redis or ioredis, not ${describe(client)}`,
  );
}

function prefixOf(prefix: string): string {
  if (!/[{}]/.test(nonEmptyText('redisBackend: prefix', prefix))) return prefix;
  throw new TidemarkError('bad_option', `redisBackend: prefix must hold no braces, as ${describe(prefix)} does`);
}

function life(what: string, value: Duration): number {
  return Math.ceil(Math.min(Math.max(1, duration(what, value)), LONGEST_LIFE));
}
