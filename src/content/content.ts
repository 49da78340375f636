/** A content cache: repositories and collections under policies, switches, events with rules, and a log of what was dropped. */
import type { ChangeResult } from '../engine/authority.ts';
import type { Cache } from '../engine/cache.ts';
import { type Clock, systemClock } from '../engine/clock.ts';
import { Names } from '../engine/dependency.ts';
import { TidemarkError } from '../engine/errors.ts';
import { changeOf, type InvalidateOptions, type Selector } from '../engine/invalidate.ts';
import type { Key } from '../engine/key.ts';
import { checkOptions, functionOrNothing, nonEmptyText, positiveInteger } from '../engine/options.ts';
import type { CollectionOptions } from '../engine/terms.ts';
import type {
  ContentInvalidateOptions,
  ContentOptions,
  ContentRepositoryOptions,
  DryRun,
  DryRunOf,
} from './content-options.ts';
import { debugLines } from './debug-lines.ts';
import { entityPolicies, type EntityPolicies, type EntityPolicy } from './entity-policy.ts';
import type { ContentEnvironment } from './environment.ts';
import { type ContentEvents, type Emitted, EventHub, type Plan, Rulebook } from './events.ts';
import { type ContentHealth, contentHealth, type ContentStats, contentStats } from './figures.ts';
import { InvalidationLog } from './invalidation-log.ts';
import type { RepositoryWrite } from './item-writer.ts';
import type { Item } from './matching.ts';
import { Members } from './members.ts';
import { plannedRules } from './planned-rules.ts';
import { createRepository, type Repository } from './repository.ts';
import { checkRules } from './rules.ts';
import { stableHash } from './stable-hash.ts';
import { type ContentCollection, type ContentCollectionOptions, SwitchedCollection } from './switched-collection.ts';
import { type ContentSwitches, contentSwitches } from './switches.ts';

/** A content cache. */
export interface Content {
  readonly cache: Cache;
  readonly policies: EntityPolicies;
  readonly switches: ContentSwitches;
  readonly events: ContentEvents;
  readonly log: InvalidationLog;
  /**
   * A repository under a policy: its times and tiers are the policy's, its reads ask the switches, and its writes are
   * events of their own (`content.update`), whose rules drop what they drop in the same change.
   *
   * @throws `bad_option` naming the option, or a rule that asks for what a write doesn't bring.
   */
  repository<T extends Item>(options: ContentRepositoryOptions<T>): Repository<T>;
  /** A collection with a loader of its own under a policy. Throws `bad_option` naming the option. */
  define<V, K extends Key = string>(name: string, options: ContentCollectionOptions<V, K>): ContentCollection<V, K>;
  /** As {@link Cache.invalidate}, and recorded. */
  invalidate(selector: Selector, options?: ContentInvalidateOptions): Promise<ChangeResult>;
  /** What an event or a selector would drop. Nothing is changed, counted or recorded. Throws as they would. */
  dryRun(what: DryRunOf): DryRun;
  /** Drop everything that this cache keeps in any tier, as one change. */
  clear(options?: Pick<ContentInvalidateOptions, 'actor'>): Promise<ChangeResult>;
  stats(): ContentStats;
  health(): ContentHealth;
  /** Stop listening to the cache, which goes on. */
  close(): void;
}

/**
 * A content cache.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const content = createContent({ cache });
 * const posts = content.repository<Post>({ policy: 'content', name: 'post', source, fields: { status: 'text' } });
 * await content.events.emit('plugin.activate', { id: 'seo' }, { actor: 'ada' });
 */
export function createContent(options: ContentOptions): Content {
  return new ContentCache(options);
}

type Terms = Pick<CollectionOptions<unknown>, 'ttl' | 'negativeTtl' | 'staleFor' | 'graceFor' | 'tiers' | 'version'>;

const NAMES = ['cache', 'policies', 'switches', 'environment', 'rules', 'logSize', 'countUpTo', 'debug', 'clock'];
const KV = 'workers-kv';
const FEW = 20;

class ContentCache implements Content {
  readonly cache: Cache;
  readonly policies: EntityPolicies;
  readonly switches: ContentSwitches;
  readonly events: EventHub;
  readonly log: InvalidationLog;
  readonly #names: Names;
  readonly #environment: ContentEnvironment | undefined;
  readonly #clock: Clock;
  readonly #countUpTo: number;
  readonly #members = new Members();
  readonly #rulebook: Rulebook;
  readonly #bypassed = new Map<string, number>();
  readonly #stops: (() => void)[] = [];

  constructor(options: ContentOptions) {
    checkOptions('createContent', options, NAMES);
    const { cache, environment, clock = systemClock, debug } = options;
    if (typeof cache?.wouldDrop !== 'function')
      throw new TidemarkError('bad_option', 'createContent: cache must be a cache');
    functionOrNothing('createContent: debug', debug);
    this.cache = cache;
    this.#names = new Names(cache.name);
    this.#environment = environment;
    this.#clock = clock;
    this.#countUpTo = positiveInteger('createContent: countUpTo', options.countUpTo ?? 1000);
    this.policies = options.policies ?? entityPolicies({}, { defaultTtl: environment?.defaultTtl });
    const { enabled = true, rollout = 100 } = environment ?? {};
    this.switches = options.switches ?? contentSwitches({ enabled, rollout, clock });
    this.log = new InvalidationLog(options.logSize);
    const rules = [...checkRules(plannedRules(this.policies), 'policies'), ...checkRules(options.rules ?? [])];
    this.#rulebook = new Rulebook(rules, this.#members);
    this.events = new EventHub(this.#rulebook, (event, plan, actor) => this.#emitted(event, plan, actor));
    this.#stops.push(this.switches.watch(cache));
    if (debug && (environment?.debug ?? true)) this.#stops.push(debugLines(cache, debug));
  }

  repository<T extends Item>(options: ContentRepositoryOptions<T>): Repository<T> {
    const { policy: entity = 'content', ...given } = options;
    const name = nonEmptyText('repository: name', given.name);
    const policy = this.policies.of(entity, name);
    for (const action of ['create', 'update', 'delete', 'publish', 'unpublish'])
      this.#rulebook.checkForWrites(`${entity}.${action}`);
    const repository = createRepository<T>({
      ...given,
      ...this.#termsOf(policy, given),
      cache: this.cache,
      cached: (key) => {
        if (given.cached?.(key) === false) return false;
        const allowed = this.switches.allows(policy.namespace, `${name}/${key}`);
        if (!allowed) this.#bypass(policy);
        return allowed;
      },
      alongside: (write) => {
        const { selector } = this.#rulebook.written(`${entity}.${write.action}`, write);
        return [...(given.alongside?.(write) ?? []), ...(selector ? [selector] : [])];
      },
      on: {
        ...given.on,
        written: (write) => {
          this.#written(`${entity}.${write.action}`, write);
          given.on?.written?.(write);
        },
      },
    });
    this.#members.add({ name, kind: 'repository', policy });
    return repository;
  }

  define<V, K extends Key = string>(name: string, options: ContentCollectionOptions<V, K>): ContentCollection<V, K> {
    nonEmptyText('define: name', name);
    const { policy: entity, ...given } = options;
    const policy = this.policies.of(entity, name);
    const terms: CollectionOptions<V, K> = { ...given, ...this.#termsOf(policy, given) };
    const collection = new SwitchedCollection<V, K>(this.cache, name, terms, {
      allows: (key) => this.switches.allows(policy.namespace, `${name}/${key}`),
      bypassed: () => this.#bypass(policy),
      invalidate: (selector) => this.invalidate(selector),
    });
    this.#members.add({ name, kind: 'collection', policy });
    return collection;
  }

  async invalidate(selector: Selector, options: ContentInvalidateOptions = {}): Promise<ChangeResult> {
    checkOptions('invalidate', options, ['soft', 'actor']);
    const { actor, ...how } = options;
    if (actor !== undefined) nonEmptyText('invalidate: actor', actor);
    return this.#change(selector, how, { kind: 'direct', event: undefined, rules: [], actor });
  }

  clear(options: Pick<ContentInvalidateOptions, 'actor'> = {}): Promise<ChangeResult> {
    return this.invalidate({ all: true }, options);
  }

  dryRun(what: DryRunOf): DryRun {
    if (typeof what !== 'object' || what === null || !('event' in what))
      return { rules: [], ...this.cache.wouldDrop(what) };
    checkOptions('dryRun', what, ['event', 'payload']);
    const { rules, selector } = this.#rulebook.emitted(what.event, what.payload ?? {});
    return { rules, ...this.cache.wouldDrop(selector ?? { keys: [] }) };
  }

  stats(): ContentStats {
    return contentStats(this.cache, this.#members, this.switches, this.#bypassed);
  }

  health(): ContentHealth {
    return contentHealth(this.cache, this.switches);
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #bypass({ namespace }: EntityPolicy): void {
    this.#bypassed.set(namespace, (this.#bypassed.get(namespace) ?? 0) + 1);
  }

  /** Times and tiers of a policy, where they aren't given; the version is the deploy's and the one that is given. */
  #termsOf(policy: EntityPolicy, given: Terms): Terms {
    const { kvEnabled = true, version: deploy } = this.#environment ?? {};
    const ttl = given.ttl ?? policy.ttl;
    const {
      negativeTtl = policy.negativeTtl === policy.ttl ? ttl : policy.negativeTtl,
      staleFor = policy.staleFor,
      graceFor = policy.graceFor,
    } = given;
    const all = given.tiers ?? policy.tiers;
    const names = () => this.cache.stats().tiers.map(({ name }) => name);
    const tiers = kvEnabled ? all : (all ?? names()).filter((name) => name !== KV);
    const version = deploy === undefined ? given.version : stableHash(`${deploy}/${given.version ?? 1}`) + 1;
    return { ttl, negativeTtl, staleFor, graceFor, ...(tiers && { tiers }), ...(version !== undefined && { version }) };
  }

  async #emitted(event: string, { rules, selector }: Plan, actor: string | undefined): Promise<Emitted> {
    const record = { kind: 'event', event, rules, actor } as const;
    if (selector) return { event, rules, change: await this.#change(selector, {}, record) };
    const nothing = {
      dependencies: [],
      entries: 0,
      reach: undefined,
      mark: undefined,
      ms: undefined,
      write: undefined,
    };
    this.log.add({ ...record, ...nothing, at: this.#clock.now() });
    return { event, rules, change: undefined };
  }

  async #change(
    selector: Selector,
    how: InvalidateOptions,
    record: {
      readonly kind: 'event' | 'direct';
      readonly event: string | undefined;
      readonly rules: readonly string[];
      readonly actor: string | undefined;
    },
  ): Promise<ChangeResult> {
    const dependencies = changeOf(this.#names, selector, how);
    const entries = this.#countable ? this.cache.wouldDrop(selector).entries : undefined;
    const at = this.#clock.now();
    const { mark, reach } = await this.cache.invalidate(selector, how);
    this.log.add({ ...record, at, dependencies, entries, mark, reach, ms: this.#clock.now() - at, write: undefined });
    return { mark, reach };
  }

  /** Whether so little is held that counting it costs next to nothing. */
  get #countable(): boolean {
    const held = this.cache.stats().tiers.reduce((sum, { usage }) => sum + (usage?.entries ?? 0), 0);
    return held <= this.#countUpTo;
  }

  #written(event: string, write: RepositoryWrite): void {
    const { repository, ids, touched, actor, result } = write;
    const { rules, selector } = this.#rulebook.written(event, write);
    const said = () => [{ tags: touched }, ...(selector ? [selector] : [])];
    const named = () => [...new Set(said().flatMap((one) => changeOf(this.#names, one)))];
    const dependencies = ids.length <= FEW ? named : named(); // a record that waits to be looked at must not hold much
    const { mark, reach } = result;
    const record = { kind: 'write', event, rules, actor, dependencies, entries: undefined, mark, reach } as const;
    this.log.add({ ...record, at: this.#clock.now(), ms: undefined, write: { repository, ids } });
    const payload = { id: ids.length === 1 ? ids[0] : ids, repository, action: write.action };
    this.events.tell({ event, rules, change: result, payload, actor, from: 'repository' });
  }
}
