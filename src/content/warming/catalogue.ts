/** A catalogue of the hottest readings: watches readers, remembers what is asked of them most, and can ask it again. */
import type { Cache } from '../../engine/cache.ts';
import { type Clock, systemClock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import {
  checkOptions,
  duration,
  type Duration,
  functionOrNothing,
  listOrNothing,
  nonEmptyText,
  positiveInteger,
} from '../../engine/options.ts';
import { type CatalogueStore, catalogueStoreIn } from './catalogue-store.ts';
import { KeptHeat } from './kept-heat.ts';
import type { WarmCall } from './plan.ts';
import { argumentsOf, type ArgumentText, textOfArguments } from './reading.ts';
import { OneOf } from './sampling.ts';
import { type Uses, UsesByPlan } from './uses.ts';
import { watched } from './watched.ts';

/** What a catalogue is made with. */
export interface CatalogueOptions {
  /** Where it is kept, as the collection `name`: a tier that outlives the process makes it outlive a deploy. */
  readonly cache?: Pick<Cache, 'define'>;
  /** Or a place of your own. With neither it is forgotten with the process. */
  readonly store?: CatalogueStore;
  /** Default `'catalogue'`. */
  readonly name?: string;
  /** How many readings of each watched method are counted at once. Default 500. */
  readonly capacity?: number;
  /** One of so many reads is recorded. Default 8. */
  readonly sample?: number;
  /** After this time a read counts half. Default 6 hours. */
  readonly halfLife?: Duration;
  /** It is kept at most so often, when there is something new. Default 30 seconds. */
  readonly saveEvery?: Duration;
  /** `waitUntil`, where what goes on after an answer has to be said. */
  readonly background?: (work: Promise<unknown>) => void;
  readonly clock?: Clock;
}

/** A reading and how hot it is: about how often it was read, where each read counts half after every half-life. */
export interface HotReading {
  readonly reader: string;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly heat: number;
}

/** What a catalogue has done. */
export interface CatalogueStats {
  /** Reads that were recorded, of all that came. */
  readonly recorded: number;
  /** Reads that would have been, but their arguments aren't short and plain data. */
  readonly unrecorded: number;
  /** Readings that have a counter here. */
  readonly counted: number;
  readonly saved: number;
  /** How often it couldn't be kept, or what was kept couldn't be read. */
  readonly storeFailures: number;
}

/** Watches readers, and remembers what is asked of them most. */
export interface Catalogue {
  /**
   * The same reader, watched: use it in its place. Its reads are sampled into the catalogue under `name`, and it counts
   * which of the warmed ones are read. Of these `methods` only: by default `findById`, `findByIds`, `findMany`,
   * `findOne`, `count` and `get`, as far as there are. What they are called with is kept as it is, so watch none that is
   * called with secrets. What the reader makes in turn, such as a repository for a principal, isn't watched.
   *
   * @throws `bad_option` if the name is taken, or a method isn't there.
   */
  watch<R extends object>(name: string, reader: R, options?: WatchOptions<R>): R;
  /** The hottest readings of all processes that keep it in one place, the hottest first; at least 0.01 reads hot. */
  top(most: number): Promise<readonly HotReading[]>;
  /** The same as calls of the readers that are watched here under these names, for plans. */
  hottest(most: number): Promise<readonly WarmCall[]>;
  /** Keep it now. What can't be kept is kept the next time. */
  save(): Promise<void>;
  /** Run `work`; the reads that it begins at once are a plan's, and nobody's interest. For warmers. */
  onBehalfOf<T>(plan: string, work: () => T): T;
  /** How much of what a plan warmed was read later. */
  uses(plan: string): Uses;
  stats(): CatalogueStats;
}

/** How a reader is watched. */
export interface WatchOptions<R extends object> {
  readonly methods?: readonly (keyof R & string)[];
}

const NAMES = ['cache', 'store', 'name', 'capacity', 'sample', 'halfLife', 'saveEvery', 'background', 'clock'] as const;
const USUAL = ['findById', 'findByIds', 'findMany', 'findOne', 'count', 'get'];

/**
 * A catalogue.
 *
 * @throws `bad_option` naming the option.
 * @example
 * const catalogue = createCatalogue({ cache });
 * const posts = catalogue.watch('post', createRepository<Post>({ … }));
 * const warmer = createWarmer({ cache, catalogue, plans: [{ name: 'hot', on: ['startup'], read: (ctx) => ctx.hottest(200) }] });
 */
export function createCatalogue(options: CatalogueOptions = {}): Catalogue {
  return new CatalogueOfReads(options);
}

/** A reader that is watched, and what of it was warmed and not read since, by method. */
interface Reader {
  readonly standIn: object;
  readonly methods: ReadonlyMap<string, Map<ArgumentText, string>>;
}

class CatalogueOfReads implements Catalogue {
  readonly #sample: number;
  readonly #oneOf: OneOf;
  readonly #heat: KeptHeat;
  readonly #uses = new UsesByPlan();
  readonly #readers = new Map<string, Reader>();
  #recorded = 0;
  #unrecorded = 0;
  #warming: string | undefined;

  constructor(options: CatalogueOptions) {
    checkOptions('createCatalogue', options, NAMES);
    const { cache, store, clock = systemClock, background = () => {} } = options;
    if (cache && store) throw new TidemarkError('bad_option', 'createCatalogue: give cache or store, not both');
    if (store && (typeof store.read !== 'function' || typeof store.write !== 'function'))
      throw new TidemarkError('bad_option', `createCatalogue: store must have read and write, not ${describe(store)}`);
    const name = nonEmptyText('createCatalogue: name', options.name ?? 'catalogue');
    const capacity = positiveInteger('createCatalogue: capacity', options.capacity ?? 500);
    const halfLife = duration('createCatalogue: halfLife', options.halfLife ?? '6h');
    if (halfLife === 0) throw new TidemarkError('bad_option', 'createCatalogue: halfLife must not be 0');
    const saveEvery = duration('createCatalogue: saveEvery', options.saveEvery ?? '30s');
    functionOrNothing('createCatalogue: background', background);
    this.#sample = positiveInteger('createCatalogue: sample', options.sample ?? 8);
    this.#oneOf = new OneOf(this.#sample);
    const place = cache ? catalogueStoreIn(cache, name) : store;
    this.#heat = new KeptHeat({ store: place, capacity, halfLife, saveEvery, background, clock });
  }

  watch<R extends object>(name: string, reader: R, options: WatchOptions<R> = {}): R {
    checkOptions('watch', options, ['methods']);
    listOrNothing('watch: methods', options.methods);
    nonEmptyText('watch: name', name);
    if (this.#readers.has(name))
      throw new TidemarkError('bad_option', `watch: the reader '${name}' is watched already`);
    const has = (method: string) => typeof (reader as Readonly<Record<string, unknown>>)[method] === 'function';
    const names: readonly string[] = options.methods ?? USUAL.filter(has);
    const missing = names.find((method) => !has(method));
    if (missing !== undefined || names.length === 0)
      throw new TidemarkError('bad_option', `watch: '${name}' has no method ${missing ?? 'to watch'}`);
    const methods = new Map(names.map((method) => [method, new Map<ArgumentText, string>()]));
    const standIn = watched(reader, names, (method, call) =>
      this.#watch(`${method} ${name}`, methods.get(method)!, call),
    );
    this.#readers.set(name, { standIn, methods });
    return standIn;
  }

  #watch(name: string, warmed: Map<ArgumentText, string>, call: (...given: unknown[]) => unknown) {
    return (...given: unknown[]): unknown => {
      const plan = this.#warming;
      if (plan !== undefined) {
        const answer = call(...given);
        void this.#note(plan, warmed, given, answer);
        return answer;
      }
      if (warmed.size > 0) this.#uses.read(warmed, textOfArguments(given));
      if (this.#oneOf.take()) this.#record(name, given);
      return call(...given);
    };
  }

  /** What has been read for a plan waits to be read by someone else. */
  async #note(plan: string, warmed: Map<ArgumentText, string>, given: readonly unknown[], answer: unknown) {
    const text = textOfArguments(given);
    try {
      await answer;
    } catch {
      return; // nothing was warmed
    }
    if (text !== undefined) this.#uses.warmed(plan, warmed, text);
  }

  #record(call: string, given: readonly unknown[]): void {
    const text = textOfArguments(given);
    if (text === undefined) return void this.#unrecorded++;
    this.#recorded++;
    this.#heat.add(call, text, this.#sample);
  }

  async top(most: number): Promise<readonly HotReading[]> {
    positiveInteger('top', most);
    return this.#hottest(most, () => true);
  }

  async hottest(most: number): Promise<readonly WarmCall[]> {
    positiveInteger('hottest', most);
    // By name alone: what was kept may name anything, and only what is watched here is ever called.
    const isWatched = (reader: string, method: string) => this.#readers.get(reader)?.methods.has(method) === true;
    const found = await this.#hottest(most, isWatched);
    return found.map(({ reader, method, args }) => ({ reader: this.#readers.get(reader)!.standIn, method, args }));
  }

  async #hottest(most: number, wanted: (reader: string, method: string) => boolean): Promise<HotReading[]> {
    const found: HotReading[] = [];
    for (const [call, text, heat] of await this.#heat.readings()) {
      if (found.length === most) break;
      const end = call.indexOf(' ');
      const [method, reader] = [call.slice(0, end), call.slice(end + 1)];
      const args = wanted(reader, method) ? argumentsOrNothing(text) : undefined;
      if (args) found.push({ reader, method, args, heat });
    }
    return found;
  }

  save(): Promise<void> {
    return this.#heat.save();
  }

  onBehalfOf<T>(plan: string, work: () => T): T {
    const before = this.#warming;
    this.#warming = plan;
    try {
      return work();
    } finally {
      this.#warming = before;
    }
  }

  uses(plan: string): Uses {
    return this.#uses.of(plan);
  }

  stats(): CatalogueStats {
    const { counted, saved, failures } = this.#heat;
    return { recorded: this.#recorded, unrecorded: this.#unrecorded, counted, saved, storeFailures: failures };
  }
}

/** What was kept by others may be anything. */
function argumentsOrNothing(text: string): unknown[] | undefined {
  try {
    return argumentsOf(text);
  } catch {
    return undefined;
  }
}
