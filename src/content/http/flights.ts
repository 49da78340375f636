/** Ways to the origin that are under way: others may wait for their end, and a change of the URI outdates them. */

/** How a flight ended for those who waited: what it brought, if anything, is in the store. */
export type Landing = { readonly kind: 'landed' | 'in-need' } | { readonly kind: 'failed'; readonly error: unknown };

/** One way to the origin. */
export class Flight {
  readonly uri: string;
  /** Milliseconds since the epoch; later than that of every flight before it. */
  readonly startedAt: number;
  /** What the store called the moment before it began. */
  readonly since: unknown;
  /** Settles when nothing more comes of it; never rejects. */
  readonly landing: Promise<Landing>;
  /** The URI has changed since it began: what it brings answers those who asked before, and isn't stored. */
  outdated = false;
  /** Nobody begins to wait for it any more: it was told to stop, or has taken too long. */
  abandoned = false;
  readonly #abort = new AbortController();
  #land!: (landing: Landing) => void;
  #waiting = 0;
  #arrived = false;

  constructor(uri: string, startedAt: number, since: unknown) {
    this.uri = uri;
    this.startedAt = startedAt;
    this.since = since;
    this.landing = new Promise((resolve) => {
      this.#land = resolve;
    });
  }

  /** Aborts when nobody waits for the origin's answer any more. It is for who opened the flight: others may not touch it. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  enter(): void {
    this.#waiting++;
  }

  leave(): void {
    if (--this.#waiting > 0 || this.#arrived) return;
    try {
      this.#abort.abort();
      this.abandoned = true;
    } catch {
      // In Workers a signal obeys only the request that made it: the flight goes on, for whoever comes.
    }
  }

  /** The origin has answered: its body is read to the end, whoever leaves. */
  arrive(): void {
    this.#arrived = true;
  }

  land(landing: Landing): void {
    this.#land(landing);
  }
}

/** The flights of one cache. */
export class Flights {
  readonly #open = new Map<string, Map<Flight, string | undefined>>();
  readonly #now: () => number;
  #latest = -Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** When the latest flight began, or now: whatever begins from here on is later. */
  get latest(): number {
    return Math.max(this.#now(), this.#latest);
  }

  /** The flight that those who ask for this variant can wait for. */
  find(uri: string, variant: string): Flight | undefined {
    for (const [flight, carried] of this.#open.get(uri) ?? [])
      if (carried === variant && !flight.outdated && !flight.abandoned) return flight;
    return undefined;
  }

  /** Begin one, `since` before now; without a `variant`, nobody can wait for it. */
  open(uri: string, since: unknown, variant?: string): Flight {
    // No two begin at once, whatever the clock says: who began later knows better.
    this.#latest = Math.max(this.#now(), this.#latest + 0.001);
    const flight = new Flight(uri, this.#latest, since);
    const flights = this.#open.get(uri) ?? new Map<Flight, string | undefined>();
    this.#open.set(uri, flights.set(flight, variant));
    void flight.landing.then(() => {
      flights.delete(flight);
      if (flights.size === 0 && this.#open.get(uri) === flights) this.#open.delete(uri);
    });
    return flight;
  }

  /** The URI has changed; `by` is the flight of the change itself. */
  outdate(uri: string, by: Flight): void {
    for (const flight of this.#open.get(uri)?.keys() ?? []) if (flight !== by) flight.outdated = true;
  }
}
