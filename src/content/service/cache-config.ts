/** Configurations as programs with a `CacheService` know them: a namespace, seconds, and which tiers. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { checkOptions, listOrNothing, nonEmptyText, trueOrFalse } from '../../engine/options.ts';
import { type EntityPolicy, entityPolicies } from '../entity-policy.ts';

/** How the things of one namespace are kept. All times are in seconds. */
export interface CacheConfig {
  /** How long a value is fresh. */
  readonly ttl: number;
  /** Whether tiers beyond memory keep it: Workers KV, or whatever else the cache has. */
  readonly kvEnabled: boolean;
  readonly memoryEnabled: boolean;
  /** What its keys begin with. No colon in it. */
  readonly namespace: string;
  /** The events that drop it. For the rules of events to read: nothing here listens to any. */
  readonly invalidateOn: readonly string[];
  /** What its generated keys end with. Default `'v1'`. */
  readonly version?: string | undefined;
  /** How long `getOrSet` remembers that something isn't there. Default 0: not at all. */
  readonly negativeTtl?: number | undefined;
  /** After `ttl`, how long it is still served while one refresh runs. Default 0. */
  readonly staleFor?: number | undefined;
  /** After `ttl`, how long `getOrSet` answers with it when the fetcher fails. Default 0. */
  readonly graceFor?: number | undefined;
}

const NAMES = ['ttl', 'kvEnabled', 'memoryEnabled', 'namespace', 'invalidateOn', 'version'] as const;
const TIMES = ['negativeTtl', 'staleFor', 'graceFor'] as const;
const FIRST = 'v1';

/** A configuration from an entity policy. What isn't there is remembered only if the policy says for how long. */
export function configOf(policy: EntityPolicy): CacheConfig {
  const { namespace, ttl, negativeTtl, staleFor, graceFor, tiers, invalidateOn } = policy;
  return {
    namespace,
    ttl: ttl / 1000,
    memoryEnabled: tiers === undefined || tiers.includes('memory'),
    kvEnabled: tiers === undefined || tiers.some((tier) => tier !== 'memory'),
    invalidateOn,
    version: FIRST,
    negativeTtl: negativeTtl < ttl ? negativeTtl / 1000 : 0,
    staleFor: staleFor / 1000,
    graceFor: graceFor / 1000,
  };
}

/** The configurations of a CMS, by namespace: the planned entity policies in seconds. */
export const CACHE_CONFIGS: Readonly<Record<string, CacheConfig>> = Object.fromEntries(
  entityPolicies().table.map((policy) => [policy.entity, configOf(policy)]),
);

/** The configuration of a namespace: of the table, or an hour in all tiers. */
export function getCacheConfig(namespace: string): CacheConfig {
  return Object.hasOwn(CACHE_CONFIGS, namespace) ? CACHE_CONFIGS[namespace] : defaultConfig(namespace);
}

function defaultConfig(namespace: string): CacheConfig {
  return { namespace, ttl: 3600, memoryEnabled: true, kvEnabled: true, invalidateOn: [], version: FIRST };
}

/** A configuration, checked. Throws `bad_option` naming the setting. */
export function checkedConfig(config: CacheConfig): CacheConfig {
  const what = 'CacheService: config';
  checkOptions(what, config, [...NAMES, ...TIMES]);
  const namespace = nonEmptyText(`${what}.namespace`, config.namespace);
  if (namespace.includes(':'))
    throw new TidemarkError('bad_option', `${what}.namespace must have no colon, not ${describe(namespace)}`);
  seconds(`${what}.ttl`, config.ttl);
  for (const time of TIMES) if (config[time] !== undefined) seconds(`${what}.${time}`, config[time]);
  for (const tier of ['kvEnabled', 'memoryEnabled'] as const) trueOrFalse(`${what}.${tier}`, config[tier]);
  listOrNothing(`${what}.invalidateOn`, config.invalidateOn);
  if (config.version !== undefined) nonEmptyText(`${what}.version`, config.version);
  return config;
}

/** Milliseconds from seconds. Throws `bad_option` naming `what`. */
export function seconds(what: string, value: number): number {
  if (typeof value !== 'number' || !(value >= 0))
    throw new TidemarkError('bad_option', `${what} must be seconds, from 0 up, not ${describe(value)}`);
  return value * 1000;
}

/** How long a value is kept, in milliseconds: as its configuration says, or this call. Throws `bad_option`. */
export function ttlOf(config: CacheConfig, value: unknown, time: number | Partial<CacheConfig> = {}): number {
  const what = 'CacheService: time';
  const said: Partial<CacheConfig> = typeof time === 'number' ? { ttl: time } : time;
  checkOptions(what, said, [...NAMES, ...TIMES]);
  for (const tier of ['kvEnabled', 'memoryEnabled'] as const)
    if ((said[tier] ?? config[tier]) !== config[tier])
      throw new TidemarkError('bad_option', `${what}.${tier} can't differ from that of '${config.namespace}'`);
  const ttl = seconds(`${what}.ttl`, said.ttl ?? config.ttl);
  const negativeTtl = seconds(`${what}.negativeTtl`, said.negativeTtl ?? config.negativeTtl ?? 0);
  return value === null || value === undefined ? negativeTtl : ttl;
}
