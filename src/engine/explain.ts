/** Why a key would or would not be served: tier by tier what is there, what it rests on, and what has changed since. */
import type { DefinedCollection } from './collection.ts';
import type { Core } from './core.ts';
import { type Dependency, implicitDependencies } from './dependency.ts';
import type { Entry, Mark } from './entry.ts';
import { localId, type Path } from './key.ts';
import { checkOptions, trueOrFalse } from './options.ts';
import type { Verdict } from './store.ts';
import { copy } from './values.ts';

/** A dependency of an entry, and what is known of its last change. */
export interface ExplainedDependency {
  /** Its name as the log has it: `=` a key, `^` a path and all below, `#` a tag. */
  readonly dependency: Dependency;
  /** The mark of its last change; `undefined` if it isn't known to have changed since the floor. */
  readonly stamp: Mark | undefined;
  /** True if it changed after the entry's mark: the reason why the entry is wrong. */
  readonly newer: boolean;
}

/** What one tier has for a key. */
export interface ExplainedTier {
  readonly tier: string;
  readonly found: boolean;
  /** The mark up to which the entry is known to be right, and the log that the mark belongs to. */
  readonly mark?: Mark;
  readonly incarnation?: string;
  readonly dependencies?: readonly ExplainedDependency[];
  /** Milliseconds that it stays fresh, and that it is kept; negative once over, `Infinity` for ever. */
  readonly freshFor?: number;
  readonly keptFor?: number;
  readonly etag?: string | undefined;
  /** The value itself, if it was asked for: to be looked at, not to be changed. */
  readonly value?: unknown;
  readonly verdict?: Verdict;
  /** Would a read be answered by this tier? */
  readonly served: boolean;
  /** The reason in a sentence. */
  readonly why: string;
}

/** Everything about one key. */
export interface Explanation {
  readonly key: Path;
  /** The collection that it belongs to; `undefined` for a key without one. */
  readonly collection: string | undefined;
  /** The newest mark known here and the floor below which single stamps have been forgotten. */
  readonly mark: Mark;
  readonly floor: Mark;
  readonly incarnation: string;
  readonly tiers: readonly ExplainedTier[];
  /** Is a load, or a look into slower tiers, under way? */
  readonly inFlight: boolean;
}

/** What to show beside the reasons. */
export interface ExplainOptions {
  /** The value that each tier has. Default false. */
  readonly values?: boolean;
}

const DOUBTED = { served: false, why: 'the log has been silent for too long: it would be asked first' };

/** Look at one key without serving it, refreshing it or counting a read. */
export async function explain(
  core: Core,
  collection: DefinedCollection<unknown>,
  key: Path,
  local: Path,
  options: ExplainOptions = {},
): Promise<Explanation> {
  checkOptions('explain', options, ['values']);
  const values = trueOrFalse('explain: values', options.values);
  const { stamps, tiers } = core;
  const id = localId(local);
  const explained: ExplainedTier[] = [];
  let answered = false;
  for (const [level, { name }] of tiers.entries()) {
    const entry = await collection.shelves.look(level, id);
    const tier = entry ? explainEntry(core, collection, name, core.names.whole(key), entry) : undefined;
    const doubted = tier && core.authority.silent && !collection.shelves.live(level);
    const { served = false, why = 'nothing is there' } = doubted ? DOUBTED : (tier ?? {});
    explained.push({
      ...(tier ?? { tier: name, found: false }),
      ...(values && entry && { value: entry.copied ? copy(entry.value) : entry.value }),
      served: served && !answered,
      why: served && answered ? 'right and fresh, but a faster tier answers first' : why,
    });
    answered ||= served;
  }
  return {
    key,
    collection: collection.name || undefined,
    mark: stamps.known,
    floor: stamps.size.floor,
    incarnation: stamps.incarnation,
    tiers: explained,
    inFlight: collection.reader.inFlight(id),
  };
}

function explainEntry(
  { stamps, clock }: Core,
  { terms }: DefinedCollection<unknown>,
  tier: string,
  path: Path,
  entry: Entry,
): ExplainedTier {
  const now = clock.now();
  const dependencies = [...new Set([...implicitDependencies(path), ...entry.dependencies])].map((dependency) => {
    const stamp = stamps.lastChange(dependency);
    return { dependency, stamp, newer: stamp !== undefined && stamp > entry.mark };
  });
  const verdict = stamps.verdict(path, entry.dependencies, entry.mark, entry.incarnation);
  const fresh = verdict === 'valid' && now < entry.freshUntil;
  const stale = (verdict === 'valid' || verdict === 'soft') && now < Math.min(now, entry.freshUntil) + terms.staleFor;
  return {
    tier,
    found: true,
    mark: entry.mark,
    incarnation: entry.incarnation,
    dependencies,
    freshFor: entry.freshUntil - now,
    keptFor: entry.keptUntil - now,
    etag: entry.etag,
    verdict,
    served: fresh || stale,
    why: reason(verdict, fresh, stale, dependencies, entry, stamps.incarnation),
  };
}

function reason(
  verdict: Verdict,
  fresh: boolean,
  stale: boolean,
  dependencies: readonly ExplainedDependency[],
  entry: Entry,
  incarnation: string,
): string {
  if (entry.incarnation !== incarnation) return 'it belongs to another incarnation of the log';
  const newer = dependencies.find((d) => d.newer);
  if (verdict === 'invalid')
    return newer
      ? `${newer.dependency} changed at ${newer.stamp}, after ${entry.mark}`
      : 'a rule, or a change not yet said, touches it';
  if (verdict === 'unknown') return `its mark ${entry.mark} lies below the floor: the log would be asked`;
  if (fresh) return `nothing that it rests on changed after ${entry.mark}`;
  const old = verdict === 'soft' ? 'a soft change made it old' : 'its time is over';
  return stale
    ? `${old}; it is served while a refresh runs`
    : `${old}; it is good only for grace and conditional reloads`;
}
