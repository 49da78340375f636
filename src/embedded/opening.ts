/** What all views of an opened cache share: reading one entry, writing some, and the engine behind `getOrLoad`. */
import { FileBackend } from '../backends/lmdb/backend.ts';
import type { LmdbFile } from '../backends/lmdb/file.ts';
import { rowOf } from '../backends/lmdb/keys.ts';
import { implicitDependencies, Names, softly } from '../engine/dependency.ts';
import type { Entry, Mark } from '../engine/entry.ts';
import type { Change } from '../engine/log.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { Loads } from './loads.ts';
import type { Manner } from './manner.ts';
import { dependencyOf, type Family, type Space, textOf } from './space.ts';

/** A tier that has been lent: whoever closes a cache over it leaves the file open. */
class LentBackend extends FileBackend {
  override async close(): Promise<void> {}
}

/** What a `set` stores: a value under a key, until a moment in milliseconds since the epoch; or what a `del` removes. */
export type Step =
  | { readonly key: string; readonly value: unknown; readonly until: number }
  | { readonly key: string; readonly until?: undefined };

/** An opened file and what is counted about it. */
export class Opening {
  readonly file: LmdbFile;
  readonly manner: Manner;
  readonly loads: Loads;
  /** The names that the engine's cache gives to tags and keys. */
  readonly names: Names;
  readonly #backend: FileBackend;
  readonly #counts = { hits: 0, misses: 0 };
  #closing: Promise<void> | undefined;

  constructor(file: LmdbFile, manner: Manner, { name }: Family) {
    this.file = file;
    this.manner = manner;
    this.names = new Names(name);
    this.#backend = new LentBackend('embedded', file);
    this.loads = new Loads({ name, clock: file.settings.clock, kept: manner.kept, lend: () => this.lend() });
  }

  /** The file as a tier. From now on every change is told to its log. */
  lend(): FileBackend {
    this.file.environment.assertOpen();
    this.file.follow();
    return this.#backend;
  }

  /** Reads so far, those of loads included, by whether they found a value. */
  get counts(): { readonly hits: number; readonly misses: number } {
    const { reads, hits } = this.loads.counts;
    return { hits: this.#counts.hits + hits, misses: this.#counts.misses + reads - hits };
  }

  /** The value under a key, or `undefined`. A read for the statistics. */
  read(space: Space, key: string): MaybePromise<unknown> {
    const text = textOf(space, key);
    const value = this.look(space, key, text);
    if (value !== undefined) {
      this.#counts.hits++;
      return value;
    }
    this.#counts.misses++;
    return this.manner.removes === 'when read' ? this.#prune(rowOf(text)) : undefined;
  }

  /** The same, uncounted, of a key whose text is known. */
  look(space: Space, key: string, text: string): unknown {
    const { file } = this;
    const { environment } = file;
    return environment.read(() => {
      environment.catchUp();
      const entry = file.read(text);
      if (entry === undefined || !this.#isYoung(entry)) return undefined;
      if (file.followedSoFar && !this.#isCurrent(space, key, entry)) return undefined;
      file.room.note(rowOf(text));
      return entry.value;
    });
  }

  /** The file has looked at when an entry ends; one that an engine has stored may be old before. */
  #isYoung({ freshUntil, keptUntil }: Entry): boolean {
    return freshUntil === keptUntil || freshUntil > this.file.settings.clock.now();
  }

  /** An engine may have said of what an entry rests on that it changed, or aged. */
  #isCurrent(space: Space, key: string, entry: Entry): boolean {
    return this.#backend.vouchesFor(entry, () => {
      const names = [...implicitDependencies([space.family.name, ...space.path(key)]), ...entry.dependencies];
      return [...names, ...names.map(softly)];
    });
  }

  /** Remove an entry if it has expired by the time that it is removed: what was stored meanwhile stays. */
  async #prune(row: string): Promise<undefined> {
    const { environment, entries, settings, counts } = this.file;
    if (!environment.read(() => entries.has(row))) return;
    const now = settings.clock.now();
    const removed = await environment.write(() => entries.remove(row, (keptUntil) => keptUntil > now));
    if (removed) counts.expired++;
  }

  /** Store and remove, all of it in one step or nothing. Throws `bad_value` before anything is changed. */
  async write(space: Space, steps: readonly Step[]): Promise<void> {
    const { file } = this;
    const { environment, entries, log } = file;
    let bytes = 0;
    const ready = steps.map((step) => {
      const text = textOf(space, step.key);
      if (step.until === undefined) return () => void entries.remove(rowOf(text));
      const { value, until } = step;
      const entry: Entry = { value, mark: 0, incarnation: '', dependencies: [], freshUntil: until, keptUntil: until };
      const unmarked = file.prepareLater(text, entry);
      bytes += unmarked.size;
      return (mark: Mark) => file.put(unmarked.at(mark));
    });
    const work = () => {
      const mark = file.followed ? log.add(changeOf(space, steps)).head : 0;
      for (const one of ready) one(mark);
    };
    await environment.write(work, { bytes });
  }

  /** Say to the log, if anyone follows it, that something changed. */
  async tell(change: Change): Promise<void> {
    const { file } = this;
    await file.environment.write(() => void (file.followed && file.log.add(change)));
  }

  /** Let go of the file once what was accepted is done. */
  close(): Promise<void> {
    this.#closing ??= this.loads.close().then(() => this.file.close());
    return this.#closing;
  }
}

function changeOf(space: Space, steps: readonly Step[]): Change {
  return [...new Set(steps.map(({ key }) => dependencyOf(space, key)))];
}
