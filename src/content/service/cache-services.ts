/** The services of a cache: one `CacheService` for each namespace that a program asks for. */
import type { Cache } from '../../engine/cache.ts';
import { type Clock, systemClock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { checkOptions, nonEmptyText, oneOf } from '../../engine/options.ts';
import type { EntityPolicies } from '../entity-policy.ts';
import { type CacheConfig, checkedConfig, configOf, getCacheConfig, seconds } from './cache-config.ts';
import { CacheService } from './cache-service.ts';
import type { CacheStats } from './figures.ts';
import { Namespace, type NamespaceSettings, type Switches } from './namespace.ts';

/** What services are made with. */
export interface CacheServicesOptions {
  /** Its tiers keep what the services keep. It must have no collections of the namespaces' names, and no other services. */
  readonly cache: Cache;
  /** Where configurations come from that aren't given. Default the planned policies, {@link CACHE_CONFIGS}. */
  readonly policies?: Pick<EntityPolicies, 'table'>;
  /** What isn't allowed is a miss, and nothing of it is kept. Default all is. */
  readonly switches?: Switches;
  /**
   * The version of this deploy, and of the shape of its values. What another version stored isn't looked at, so that two
   * deploys work side by side; what either changes is dropped for both.
   */
  readonly version?: string;
  /**
   * `'copied'` (default): whoever gets or sets a value may change it afterwards, and the cache has its own. `'frozen'`: all
   * get the same deeply frozen object, which costs nothing, and what is set is frozen, too.
   */
  readonly values?: 'copied' | 'frozen';
  /** Seconds within which a `set` belongs to a read of its key that found nothing. Default 60. */
  readonly fillWithin?: number;
  /** The cache's clock, if it was given one; for tests. */
  readonly clock?: Clock;
}

/** The services of one cache. */
export interface CacheServices {
  readonly cache: Cache;
  /** The names of the namespaces in use. */
  readonly namespaces: readonly string[];
  /**
   * The service of a namespace, or of a configuration, which holds from now on for whoever asks for the namespace.
   *
   * @throws `bad_option` naming the setting.
   */
  get(namespace: string | CacheConfig): CacheService;
  /** Nothing in the cache is served any more, of whatever namespace, repository or collection. All figures begin anew. */
  clear(): Promise<void>;
  /** The figures of the namespaces in use. */
  stats(): Record<string, CacheStats>;
}

const NAMES = ['cache', 'policies', 'switches', 'version', 'values', 'fillWithin', 'clock'] as const;

/**
 * The services of a cache.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const services = createCacheServices({ cache, version: env.CACHE_VERSION });
 * const content = services.get('content');
 * await content.getOrSet(content.generateKey('post', id), () => findPost(id));
 */
export function createCacheServices(options: CacheServicesOptions): CacheServices {
  const what = 'createCacheServices';
  checkOptions(what, options, NAMES);
  const { cache, policies, switches, version, clock = systemClock } = options;
  for (const method of ['define', 'invalidate', 'explain'] as const)
    if (typeof cache?.[method] !== 'function')
      throw new TidemarkError('bad_option', `${what}: cache must be a cache, made by createCache`);
  if (switches !== undefined && typeof switches.allows !== 'function')
    throw new TidemarkError('bad_option', `${what}: switches must have a function 'allows'`);
  if (version !== undefined) nonEmptyText(`${what}: version`, version);
  const settings: NamespaceSettings = {
    cache,
    switches,
    version,
    clock,
    values: oneOf(`${what}: values`, options.values ?? 'copied', ['copied', 'frozen']),
    fillWithin: seconds(`${what}: fillWithin`, options.fillWithin ?? 60),
  };
  return new Services(settings, policies);
}

class Services implements CacheServices {
  readonly cache: Cache;
  readonly #settings: NamespaceSettings;
  readonly #configs: ReadonlyMap<string, CacheConfig> | undefined;
  readonly #namespaces = new Map<string, Namespace>();
  readonly #services = new Map<string, CacheService>();

  constructor(settings: NamespaceSettings, policies: CacheServicesOptions['policies']) {
    this.cache = settings.cache;
    this.#settings = settings;
    const kinds = policies?.table.filter(({ collection }) => collection === undefined).map(configOf);
    this.#configs = kinds && new Map(kinds.map((config) => [config.namespace, config]));
  }

  get namespaces(): readonly string[] {
    return [...this.#namespaces.keys()];
  }

  get(wanted: string | CacheConfig): CacheService {
    const name = typeof wanted === 'string' ? wanted : wanted.namespace;
    const before = this.#services.get(name);
    if (before && (wanted === name || sameConfig(before.config, wanted as CacheConfig))) return before;
    const given = typeof wanted === 'string' ? (this.#configs?.get(wanted) ?? getCacheConfig(wanted)) : wanted;
    const config = Object.freeze({ ...checkedConfig(given) });
    const service = new CacheService(config, this.#namespaceOf(config));
    this.#services.set(name, service);
    return service;
  }

  #namespaceOf(config: CacheConfig): Namespace {
    const known = this.#namespaces.get(config.namespace);
    known?.assertSame(config);
    if (known) return known;
    const made = new Namespace(config, this.#settings);
    this.#namespaces.set(config.namespace, made);
    return made;
  }

  async clear(): Promise<void> {
    await this.cache.invalidate({ all: true });
    for (const namespace of this.#namespaces.values()) namespace.resetOutcomes();
  }

  stats(): Record<string, CacheStats> {
    return Object.fromEntries([...this.#services].map(([name, service]) => [name, service.getStats()]));
  }
}

function sameConfig(one: CacheConfig, other: CacheConfig): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
