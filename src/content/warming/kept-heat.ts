/** The heat of all readings: what is counted here, and what all processes have kept in one place so far. */
import type { Clock } from '../../engine/clock.ts';
import { type CatalogueStore, heatOf, keptOf, type KeptReading } from './catalogue-store.ts';
import { cooled, HeatCounters, type HeatByCall, hottestOf, sumOf } from './heat.ts';

/** What it is made with; times in milliseconds. */
export interface KeptHeatOptions {
  readonly store: CatalogueStore | undefined;
  /** Readings of each call. */
  readonly capacity: number;
  readonly halfLife: number;
  readonly saveEvery: number;
  readonly background: (work: Promise<unknown>) => void;
  readonly clock: Clock;
}

interface Saving {
  readonly since: number;
  readonly fresh: HeatCounters;
  readonly done: Promise<void>;
}

const LOST = 60_000; // after this time the request that was saving is taken for ended

/**
 * Each process adds what it has counted since it did so last to what is kept, so that the sum is that of all. Two that do so
 * at once lose what one of them had counted: that is heat for half a minute, and no more.
 */
export class KeptHeat {
  readonly #o: KeptHeatOptions;
  #fresh: HeatCounters; // counted since it was kept last
  #kept: { readonly at: number; readonly heat: HeatByCall };
  #savedAt: number | undefined; // or since when there is something to be kept
  #saving: Saving | undefined;
  saved = 0;
  failures = 0;

  constructor(options: KeptHeatOptions) {
    this.#o = options;
    this.#fresh = this.#newCounters();
    this.#kept = { at: 0, heat: new Map() };
  }

  /** Readings that have a counter. */
  get counted(): number {
    return this.#fresh.size;
  }

  /** Something was read so often. */
  add(call: string, text: string, reads: number): void {
    const now = this.#o.clock.now();
    this.#fresh.add(call, text, reads, now);
    this.#savedAt ??= now; // not before: outside of requests a Worker's clock doesn't go
    if (this.#o.store && now - this.#savedAt >= this.#o.saveEvery) this.#o.background(this.save());
  }

  /** All that is known, the hottest first. */
  async readings(): Promise<readonly KeptReading[]> {
    try {
      this.#kept = heatOf(await this.#o.store?.read()) ?? this.#kept; // what others have kept meanwhile
    } catch {
      this.failures++;
    }
    const now = this.#o.clock.now();
    const counted = [this.#fresh, this.#saving?.fresh].filter((one) => one !== undefined);
    return keptOf(sumOf([this.#cooled(this.#kept, now), ...counted.map((one) => one.at(now))]), now).readings;
  }

  /** Keep it, now. */
  save(): Promise<void> {
    const now = this.#o.clock.now();
    if (this.#saving && now - this.#saving.since < LOST) return this.#saving.done;
    this.#savedAt = now;
    if (!this.#o.store || this.#fresh.size === 0) return Promise.resolve();
    const fresh = this.#fresh;
    this.#fresh = this.#newCounters();
    const done = this.#save(this.#o.store, fresh);
    this.#saving = { since: now, fresh, done };
    return done;
  }

  async #save(store: CatalogueStore, fresh: HeatCounters): Promise<void> {
    try {
      const kept = heatOf(await store.read()) ?? this.#kept;
      const now = this.#o.clock.now();
      const heat = hottestOf(sumOf([this.#cooled(kept, now), fresh.at(now)]), this.#o.capacity);
      await store.write(keptOf(heat, now));
      this.#kept = { at: now, heat };
      this.saved++;
    } catch {
      this.failures++;
      this.#putBack(fresh);
    }
    if (this.#saving?.fresh === fresh) this.#saving = undefined;
  }

  #putBack(fresh: HeatCounters): void {
    const now = this.#o.clock.now();
    for (const [call, texts] of fresh.at(now))
      for (const [text, heat] of texts) if (heat > 0) this.#fresh.add(call, text, heat, now);
  }

  #cooled({ at, heat }: { readonly at: number; readonly heat: HeatByCall }, now: number): HeatByCall {
    return cooled(heat, (now - at) / this.#o.halfLife);
  }

  #newCounters(): HeatCounters {
    return new HeatCounters(this.#o.capacity, this.#o.halfLife, this.#o.clock.now());
  }
}
