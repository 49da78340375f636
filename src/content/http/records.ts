/** The records of a shared cache: found for a request, and written one after the other for each URI. */
import type { Clock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { within } from '../../engine/wait.ts';
import type { HttpRecord, HttpStore, StoredResponse } from './http-store.ts';
import type { Flight } from './flights.ts';
import { sameSelection, type Selection, selects } from './vary.ts';

/** What {@link Records} needs to know. */
interface Setting {
  readonly store: HttpStore;
  readonly storeTimeout: number;
  readonly maxVariants: number;
  readonly clock: Clock;
  /** When the latest flight began, or now. */
  readonly latest: () => number;
  readonly onError: (error: unknown) => void;
}

/** What was found for a request. */
export interface Found {
  /** The latest response that answers it. */
  readonly stored?: StoredResponse | undefined;
  /** The names in the latest Vary of its URI; `undefined` if there is nothing of that URI. */
  readonly names?: readonly string[] | undefined;
  /** What the store called the moment before the look. */
  readonly since?: unknown;
}

/** Reads that fail find nothing; writes that fail are told of, and change what is believed. */
export class Records {
  readonly #setting: Setting;
  readonly #turns = new Map<string, Promise<void>>();
  /** What was asked for up to then may have outlived its deletion, which failed: nothing of it is believed. */
  #distrustedUntil = -Infinity;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  async find(uri: string, headers: Headers): Promise<Found> {
    const writing = this.#turns.get(uri);
    try {
      // What is being written or deleted now was decided before.
      if (writing) await this.#bounded(writing);
    } catch (error) {
      this.#setting.onError(error);
      return {};
    }
    const since = await this.begin();
    const variants = await this.#variants(uri);
    return {
      since,
      stored: variants.find(({ selection }) => selects(selection, headers)),
      names: variants[0]?.selection.map(([name]) => name),
    };
  }

  /** The present, as the store calls it. */
  async begin(): Promise<unknown> {
    try {
      const since = this.#setting.store.begin?.();
      return since instanceof Promise ? await this.#bounded(since as Promise<unknown>) : since;
    } catch (error) {
      this.#setting.onError(error);
      return undefined;
    }
  }

  /** Stores a response unless it is outdated or a newer one is there. */
  keep(flight: Flight, stored: StoredResponse): Promise<void> {
    return this.#change(flight, stored.selection, (rival) =>
      rival && rival.requestTime > stored.requestTime ? rival : stored,
    );
  }

  /** Removes the response that answers these requests, unless it is newer than the flight. */
  drop(flight: Flight, selection: Selection): Promise<void> {
    return this.#change(flight, selection, (rival) =>
      rival && rival.requestTime > flight.startedAt ? rival : undefined,
    );
  }

  /** Removes everything of a URI. */
  forget(uri: string): Promise<void> {
    return this.#inTurn(uri, () => this.#delete(uri));
  }

  #change(
    flight: Flight,
    selection: Selection,
    choose: (rival: StoredResponse | undefined) => StoredResponse | undefined,
  ): Promise<void> {
    const { uri } = flight;
    return this.#inTurn(uri, async () => {
      if (flight.outdated) return;
      const variants = await this.#variants(uri);
      const rival = variants.find((variant) => sameSelection(variant.selection, selection));
      const chosen = choose(rival);
      if (chosen === rival) return;
      const others = variants.filter((variant) => variant !== rival);
      const left = [...(chosen ? [chosen] : []), ...others].slice(0, this.#setting.maxVariants);
      if (left.length === 0) return this.#delete(uri);
      const { store } = this.#setting;
      // One that took too long may have been overtaken by a deletion.
      const put = async (): Promise<void> => {
        await store.put(uri, { variants: left }, flight.since);
        if (flight.outdated) await this.#delete(uri);
      };
      await this.#bounded(put());
    });
  }

  async #variants(uri: string): Promise<HttpRecord['variants']> {
    try {
      const answer = this.#setting.store.get(uri);
      const record = answer instanceof Promise ? await this.#bounded(answer) : answer;
      return record?.variants.filter(({ requestTime }) => requestTime > this.#distrustedUntil) ?? [];
    } catch (error) {
      this.#setting.onError(error);
      return [];
    }
  }

  async #delete(uri: string): Promise<void> {
    try {
      await this.#bounded(Promise.resolve(this.#setting.store.delete(uri)));
    } catch (error) {
      this.#distrustedUntil = this.#setting.latest();
      throw error;
    }
  }

  /** Begins after what was begun before has ended, or has taken too long; never rejects. */
  #inTurn(uri: string, work: () => Promise<void>): Promise<void> {
    const { onError } = this.#setting;
    const before = this.#turns.get(uri);
    const mine = (before ? this.#bounded(before).catch(onError) : Promise.resolve()).then(work).catch(onError);
    this.#turns.set(uri, mine);
    return mine.finally(() => {
      if (this.#turns.get(uri) === mine) this.#turns.delete(uri);
    });
  }

  #bounded<T>(work: Promise<T>): Promise<T> {
    const { storeTimeout, clock } = this.#setting;
    return within(work, storeTimeout, clock, () => {
      throw new TidemarkError('store_timeout', `the store of the HTTP cache took longer than ${storeTimeout} ms`);
    });
  }
}
