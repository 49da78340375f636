/** Entity policies: how long each kind of thing is kept, where, under which name, and which events drop it; as data. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { duration, type Duration, list, nonEmptyText } from '../engine/options.ts';

/** What can be said about the things of one kind. Durations are milliseconds or text such as `'90s'`, `'15m'`, `'1h'`. */
export interface EntitySettings {
  /** How long they are fresh. Without one the default of {@link EntityPolicyOptions.defaultTtl}. */
  readonly ttl?: Duration;
  /** How long it is remembered that something isn't there. Default as `ttl`. */
  readonly negativeTtl?: Duration;
  /** After `ttl`, how long they are still served while one refresh runs. Default 0. */
  readonly staleFor?: Duration;
  /** After `ttl`, how long they are served when a load fails. Default 0. */
  readonly graceFor?: Duration;
  /** The names of the tiers that keep them. Default all. */
  readonly tiers?: readonly string[];
  /** The first segment of their keys, and the name under which they are counted and switched. Default the kind's own name. */
  readonly namespace?: string;
  /** The events that drop them. */
  readonly invalidateOn?: readonly string[];
}

/** Settings of a kind, with exceptions by the name of a collection or repository. */
export interface EntityOverrides extends EntitySettings {
  readonly overrides?: Readonly<Record<string, EntitySettings>>;
}

/** The policy of one kind of thing, or of one collection of it: everything decided, times in milliseconds. */
export interface EntityPolicy {
  readonly entity: string;
  /** The collection that it is for, if it isn't for the kind as a whole. */
  readonly collection: string | undefined;
  readonly namespace: string;
  readonly ttl: number;
  readonly negativeTtl: number;
  readonly staleFor: number;
  readonly graceFor: number;
  readonly tiers: readonly string[] | undefined;
  readonly invalidateOn: readonly string[];
}

/** How policies are made. */
export interface EntityPolicyOptions {
  /** Settings of this deploy, as plain data: a part of a configuration file, or `JSON.parse` of a variable. They win. */
  readonly deploy?: unknown;
  /** The TTL of kinds that have none of their own. Default 1 hour. */
  readonly defaultTtl?: Duration | undefined;
}

/** A table of policies. */
export interface EntityPolicies {
  /** The kinds that there are. */
  readonly entities: readonly string[];
  /**
   * The policy of a kind, or of one collection of that kind.
   *
   * @throws `bad_option` for a kind that isn't there.
   */
  of(entity: string, collection?: string): EntityPolicy;
  /** All policies, the exceptions of a kind after it: for looking at. */
  readonly table: readonly EntityPolicy[];
}

const CONTENT = ['content.create', 'content.update', 'content.publish', 'content.unpublish', 'content.delete'];
const PLUGINS = ['plugin.activate', 'plugin.deactivate'];

/** The table that a CMS begins with. What has no TTL here takes the default. */
const PLANNED: Readonly<Record<string, EntityOverrides>> = {
  content: { ttl: '1h', invalidateOn: CONTENT },
  user: { ttl: '15m', invalidateOn: ['user.create', 'user.update', 'user.delete', 'auth.login'] },
  config: { ttl: '2h', invalidateOn: ['config.update', ...PLUGINS] },
  media: { ttl: '1h', invalidateOn: ['media.upload', 'media.create', 'media.update', 'media.delete'] },
  api: { ttl: '5m', invalidateOn: [...CONTENT, ...PLUGINS] },
  session: { ttl: '30m', tiers: ['memory'], invalidateOn: ['session.update', 'session.delete', 'auth.logout'] },
  plugin: { invalidateOn: ['plugin.update', ...PLUGINS] },
  collection: { invalidateOn: ['collection.create', 'collection.update', 'collection.delete'] },
};

/**
 * The planned table with exceptions: by kind, by collection (`overrides`), and by deploy. Later ones win, setting by
 * setting; a name that isn't in the table becomes a kind of its own.
 *
 * @throws `bad_option` naming the place, such as `policies.content.overrides.news.ttl`.
 * @example
 * const policies = entityPolicies({ content: { overrides: { news: { ttl: '1m' } } }, menu: { ttl: '1d' } });
 * policies.of('content', 'news').ttl; // 60000
 */
export function entityPolicies(
  overrides: Readonly<Record<string, EntityOverrides>> = {},
  options: EntityPolicyOptions = {},
): EntityPolicies {
  namesIn('entityPolicies', options, ['deploy', 'defaultTtl']);
  const layers = [overridesOf('policies', PLANNED), overridesOf('policies', overrides)];
  if (options.deploy !== undefined) layers.push(overridesOf('deploy', options.deploy));
  return new PolicyTable(layers, duration('entityPolicies: defaultTtl', options.defaultTtl ?? '1h'));
}

/** One layer of settings: each kind's own, and those of its collections. */
interface Layer {
  readonly kinds: ReadonlyMap<string, EntitySettings>;
  readonly collections: ReadonlyMap<string, ReadonlyMap<string, EntitySettings>>;
}

class PolicyTable implements EntityPolicies {
  readonly entities: readonly string[];
  readonly table: readonly EntityPolicy[];
  readonly #layers: readonly Layer[];
  readonly #defaultTtl: number;

  constructor(layers: readonly Layer[], defaultTtl: number) {
    this.#layers = layers;
    this.#defaultTtl = defaultTtl;
    this.entities = [...new Set(layers.flatMap(({ kinds }) => [...kinds.keys()]))];
    this.table = this.entities.flatMap((entity) => {
      const names = layers.flatMap(({ collections }) => [...(collections.get(entity)?.keys() ?? [])]);
      return [this.of(entity), ...[...new Set(names)].map((name) => this.of(entity, name))];
    });
  }

  of(entity: string, collection?: string): EntityPolicy {
    if (!this.entities.includes(entity)) {
      const known = this.entities.join(', ');
      throw new TidemarkError('bad_option', `policies: there is no ${describe(entity)}; there are ${known}`);
    }
    const kinds = this.#layers.map(({ kinds: all }) => all.get(entity));
    const own = this.#layers.map((layer) => collection && layer.collections.get(entity)?.get(collection));
    const said: EntitySettings = Object.assign({}, ...kinds, ...own);
    const ttl = said.ttl === undefined ? this.#defaultTtl : duration('ttl', said.ttl);
    return Object.freeze({
      entity,
      collection: own.some(Boolean) ? collection : undefined,
      namespace: said.namespace ?? entity,
      ttl,
      negativeTtl: said.negativeTtl === undefined ? ttl : duration('negativeTtl', said.negativeTtl),
      staleFor: duration('staleFor', said.staleFor ?? 0),
      graceFor: duration('graceFor', said.graceFor ?? 0),
      tiers: said.tiers,
      invalidateOn: said.invalidateOn ?? [],
    });
  }
}

const TIMES = ['ttl', 'negativeTtl', 'staleFor', 'graceFor'] as const;
const SETTINGS = [...TIMES, 'tiers', 'namespace', 'invalidateOn'];

function overridesOf(path: string, given: unknown): Layer {
  const kinds = new Map<string, EntitySettings>();
  const collections = new Map<string, ReadonlyMap<string, EntitySettings>>();
  for (const [entity, value] of entriesOf(path, given)) {
    const place = `${path}.${entity}`;
    namesIn(place, value, [...SETTINGS, 'overrides']);
    const { overrides, ...settings } = value as EntityOverrides;
    kinds.set(entity, settingsOf(place, settings));
    if (overrides === undefined) continue;
    const exceptions = entriesOf(`${place}.overrides`, overrides).map(([name, exception]) => {
      namesIn(`${place}.overrides.${name}`, exception, SETTINGS);
      return [name, settingsOf(`${place}.overrides.${name}`, exception as EntitySettings)] as const;
    });
    collections.set(entity, new Map(exceptions));
  }
  return { kinds, collections };
}

/** A checked copy of what was said; what is `undefined` wasn't. */
function settingsOf(path: string, settings: EntitySettings): EntitySettings {
  for (const time of TIMES) if (settings[time] !== undefined) duration(`${path}.${time}`, settings[time]);
  if (settings.namespace !== undefined) nonEmptyText(`${path}.namespace`, settings.namespace);
  for (const name of ['tiers', 'invalidateOn'] as const) {
    if (settings[name] === undefined) continue;
    list(`${path}.${name}`, settings[name]);
    settings[name].forEach((text, i) => nonEmptyText(`${path}.${name}[${i}]`, text));
  }
  const said = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    said.map(([name, value]) => [name, Array.isArray(value) ? Object.freeze([...value]) : value]),
  );
}

function entriesOf(path: string, value: unknown): readonly [string, unknown][] {
  namesIn(path, value);
  return Object.entries(value as object);
}

/** An object, with no other names than these. */
function namesIn(path: string, value: unknown, names?: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TidemarkError('bad_option', `${path} must be an object, not ${describe(value)}`);
  const other = names && Object.keys(value).find((name) => !names.includes(name));
  if (other !== undefined)
    throw new TidemarkError('bad_option', `${path}.${other} is no setting; there are ${names!.join(', ')}`);
}
