/** Asking the source of truth for one key, alone or in a batch, and making an entry of the answer. */
import { Batch } from './batch.ts';
import type { Random } from './clock.ts';
import { type BatchContext, type LoadContext, NOT_MODIFIED, type NotModified, Said } from './context.ts';
import type { Core } from './core.ts';
import { onBehalfOf } from './cycle.ts';
import type { Entry } from './entry.ts';
import { TidemarkError } from './errors.ts';
import type { Flight } from './flight.ts';
import type { Key } from './key.ts';
import { list } from './options.ts';
import { checked } from './schema.ts';
import type { Terms } from './terms.ts';
import { isolate } from './values.ts';
import { within } from './wait.ts';

/** Loads one value. May be asynchronous; what it throws reaches all who wait for the key. */
export type Load<K, V> = (key: K, ctx: LoadContext<V>) => V | NotModified | Promise<V | NotModified>;

/** Loads several values at once: results by position. An `Error` at a position fails that key alone. */
export type LoadMany<K, V> = (
  keys: readonly K[],
  ctx: BatchContext<V>,
) => readonly (V | NotModified | Error)[] | Promise<readonly (V | NotModified | Error)[]>;

interface Job {
  readonly key: Key;
  readonly flight: Flight;
  readonly said: Said;
}

/** A collection's way to its source. */
export class Loader {
  readonly #core: Core;
  readonly #terms: Terms;
  readonly #batch: Batch<Job, unknown> | undefined;

  constructor(core: Core, terms: Terms) {
    this.#core = core;
    this.#terms = terms;
    const { loadMany } = terms;
    this.#batch = loadMany && new Batch(terms.maxBatch, (jobs) => this.#loadMany(loadMany, jobs));
  }

  /** Load a key on behalf of a flight. The entry's mark is the flight's, taken before this began. */
  async load(key: Key, flight: Flight, terms: Terms = this.#terms): Promise<Entry> {
    const { clock } = this.#core;
    const said = new Said(flight, this.#core.names);
    flight.said = said.dependencies;
    const began = clock.now();
    const loading = this.#ask(terms, { key, flight, said });
    const { hardTimeout } = terms;
    const answer = await within(loading, hardTimeout, clock, () => {
      const late = new TidemarkError('load_timeout', `${flight.shown}: the load took longer than ${hardTimeout} ms`);
      flight.abort(late);
      throw late;
    });
    const now = clock.now();
    return this.#entry(answer, { key, flight, said }, now, now - began, terms);
  }

  async #ask(terms: Terms, job: Job): Promise<unknown> {
    if (this.#batch && terms === this.#terms) return this.#batch.ask(job);
    const { load } = terms;
    if (!load) throw new TidemarkError('bad_option', `${job.flight.shown}: nothing is known to load it with`);
    return onBehalfOf([job.flight], () => load(job.key, job.said));
  }

  async #loadMany(loadMany: LoadMany<Key, unknown>, jobs: readonly Job[]): Promise<readonly unknown[]> {
    const { load } = this.#terms;
    if (load && jobs.length === 1) return [await onBehalfOf([jobs[0].flight], () => load(jobs[0].key, jobs[0].said))];
    const all = new AbortController();
    const flights = jobs.map((job) => job.flight);
    const abortForAll = () => flights.every((f) => f.aborted) && all.abort(flights[0].aborted?.reason);
    for (const flight of flights) flight.onAbort(abortForAll);
    abortForAll();
    const answers = await onBehalfOf(flights, () =>
      loadMany(
        jobs.map((job) => job.key),
        { signal: all.signal, at: (index) => jobs[index].said },
      ),
    );
    if (!Array.isArray(answers) || answers.length !== jobs.length)
      throw new TidemarkError(
        'batch_size',
        `${this.#terms.name}: loadMany was asked for ${jobs.length} keys and must answer with as many values, by position`,
      );
    return answers.map((answer: unknown) => (answer instanceof Error ? new Failure(answer) : answer));
  }

  async #entry(answer: unknown, { key, flight, said }: Job, now: number, cost: number, terms: Terms): Promise<Entry> {
    if (answer instanceof Failure) throw answer.error;
    const { previous } = flight;
    const same = answer === NOT_MODIFIED && previous;
    const given = same ? previous.value : answer;
    const valid = terms.schema ? await checked(terms.schema, given, flight.shown) : given;
    const loaded = same ? given : valid; // what was kept is the schema's output already
    said.tag(...tagsOf(terms, loaded, key));
    const { value, copied } = isolate(loaded, terms.values); // after all that may fail: it may freeze what was loaded
    if (same) for (const dependency of previous.dependencies) said.dependencies.add(dependency);
    const ttl = said.saidTtl ?? ttlOf(terms, value);
    const { freshUntil, keptUntil } = timesOf(terms, ttl, now, this.#core.random);
    return {
      value,
      copied,
      mark: flight.mark,
      incarnation: flight.incarnation,
      dependencies: [...said.dependencies],
      freshUntil,
      keptUntil,
      etag: said.saidEtag ?? (same ? previous.etag : undefined),
      cost: terms.earlyRefresh && freshUntil < Infinity ? cost : undefined,
    };
  }
}

/** The TTL that a collection gives a value. */
export function ttlOf(terms: Terms, value: unknown): number {
  return value === undefined || value === null ? terms.negativeTtl : terms.ttl;
}

/** When a value with this TTL ends to be fresh, and to be wanted at all. */
export function timesOf(
  terms: Terms,
  ttl: number,
  now: number,
  random: Random,
): { readonly freshUntil: number; readonly keptUntil: number } {
  const freshUntil = now + (terms.jitter > 0 ? ttl * (1 - terms.jitter * random()) : ttl);
  return { freshUntil, keptUntil: ttl > 0 ? freshUntil + terms.keepFor : now };
}

/** The tags that a collection gives a value: none for one that isn't there. */
export function tagsOf(terms: Terms, value: unknown, key: Key): readonly string[] {
  if (value === undefined || value === null) return [];
  const tags = terms.tags(value, key);
  list(`${terms.name}: tags`, tags);
  return tags;
}

/** One key's failure in a batch that went well for others. */
class Failure {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}
