/** The way that loads take to the database: it counts them, and can hold one in its middle to show what a slow load does. */
import type {
  DependentsPage,
  LicenceCount,
  ListOptions,
  ListPage,
  PackageChange,
  PackagePage,
  Source,
  Summary,
} from './model.ts';

/** A source with a gate on the way of every load of a package's page; open unless the demo closes it for one. */
export class Gate implements Source {
  /** Loads that have come this way so far. */
  loads = 0;
  readonly #source: Source;
  readonly #patience: number;
  #id: string | undefined;
  #arrived: (() => void) | undefined;
  #release: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * `patience`: milliseconds after which the gate opens by itself, so that a read which waits for the load that is held
   * here is found out and doesn't wait for ever. Default 10 seconds.
   */
  constructor(source: Source, { patience = 10_000 }: { readonly patience?: number } = {}) {
    this.#source = source;
    this.#patience = patience;
  }

  get queries(): number {
    return this.#source.queries;
  }

  /** Hold the next load of a package's page, that one only. Resolves when it has read its rows and stands at the gate. */
  hold(id: string): Promise<void> {
    this.open();
    this.#id = id;
    return new Promise((resolve) => (this.#arrived = resolve));
  }

  /** Let go of the load that stands here, and hold none. */
  open(): void {
    clearTimeout(this.#timer);
    this.#id = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  async package(id: string): Promise<PackagePage | null> {
    this.loads++;
    const page = await this.#source.package(id);
    if (id === this.#id) await this.#stand();
    return page;
  }

  dependents(id: string): Promise<DependentsPage | null> {
    this.loads++;
    return this.#source.dependents(id);
  }

  list(options: ListOptions): Promise<ListPage> {
    this.loads++;
    return this.#source.list(options);
  }

  search(text: string, page: number): Promise<ListPage> {
    this.loads++;
    return this.#source.search(text, page);
  }

  licences(): Promise<readonly LicenceCount[]> {
    this.loads++;
    return this.#source.licences();
  }

  change(id: string, change: PackageChange): Promise<Summary | undefined> {
    return this.#source.change(id, change);
  }

  async #stand(): Promise<void> {
    this.#id = undefined;
    this.#arrived?.();
    this.#timer = setTimeout(() => this.open(), this.#patience);
    await new Promise<void>((resolve) => (this.#release = resolve));
  }
}
