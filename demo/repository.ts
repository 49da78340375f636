/** The catalogue read through memory, then the file, then the database; and its one write: commit first, then invalidate. */
import { type Cache, type ChangeResult, type Collection, createCache, memory } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import type {
  DependentsPage,
  LicenceCount,
  ListOptions,
  ListPage,
  PackageChange,
  PackagePage,
  Reads,
  Source,
  Summary,
} from './model.ts';

/** What a repository stands on. */
export interface RepositoryOptions {
  readonly cache: Cache;
  /** Where its loads go, and its changes. */
  readonly source: Source;
}

/**
 * The cache of a process that serves the catalogue: memory of its own, and the LMDB file in the directory `path`, which it
 * may share with other processes.
 */
export function openCache(path: string): Cache {
  return createCache({
    name: 'catalogue',
    tiers: [memory({ maxBytes: '16mb' }), lmdbBackend({ path, maxBytes: '64mb' })],
  });
}

/** On every page that shows a package's row. */
const shows = ({ id }: Summary): string => `package:${id}`;

/** On every page whose rows depend on who has a licence: on each page of that list, since a newcomer shifts them all. */
const withLicence = (licence: string): string => `licence:${licence}`;

/** On every page whose rows depend on what descriptions say: a new one may begin to match any search. */
const DESCRIPTIONS = 'descriptions';

/**
 * The cached catalogue. No time to live: only repositories write, in this process and in those that share its file, so
 * each page is right until a change touches it. Every loader asks the database itself, which sees all that was committed.
 */
export class Repository implements Reads {
  readonly #cache: Cache;
  readonly #source: Source;
  readonly #packages: Collection<PackagePage | null, string>;
  readonly #dependents: Collection<DependentsPage | null, string>;
  readonly #lists: Collection<ListPage, readonly [licence: string, page: number]>;
  readonly #searches: Collection<ListPage, readonly [text: string, page: number]>;
  readonly #licences: Collection<readonly LicenceCount[], string>;

  constructor({ cache, source }: RepositoryOptions) {
    this.#cache = cache;
    this.#source = source;
    this.#packages = cache.define('package', {
      load: (id) => source.package(id),
      tags: (page) => [shows(page.package), ...page.dependencies.flatMap((line) => line.package ?? []).map(shows)],
    });
    this.#dependents = cache.define('dependents', {
      load: (id) => source.dependents(id),
      tags: (page) => [shows(page.package), ...page.dependents.map((line) => shows(line.package))],
    });
    this.#lists = cache.define('list', {
      load: ([licence, page]) => source.list({ licence: licence === '' ? undefined : licence, page }),
      tags: ({ packages }, [licence]) => [...packages.map(shows), ...(licence === '' ? [] : [withLicence(licence)])],
    });
    this.#searches = cache.define('search', {
      load: ([text, page]) => source.search(text, page),
      tags: ({ packages }) => [...packages.map(shows), DESCRIPTIONS],
    });
    this.#licences = cache.define('licences', {
      load: () => source.licences(),
      tags: (counts) => counts.map(({ licence }) => withLicence(licence)),
    });
  }

  package(id: string): Promise<PackagePage | null> {
    return this.#packages.get(id);
  }

  dependents(id: string): Promise<DependentsPage | null> {
    return this.#dependents.get(id);
  }

  list({ licence = '', page }: ListOptions): Promise<ListPage> {
    return this.#lists.get([licence, page]);
  }

  search(text: string, page: number): Promise<ListPage> {
    return this.#searches.get([text.toLowerCase(), page]);
  }

  licences(): Promise<readonly LicenceCount[]> {
    return this.#licences.get('all');
  }

  /** Change a package. When it resolves, no page shows what it said before. Undefined if there is no such package. */
  async change(id: string, change: PackageChange): Promise<ChangeResult | undefined> {
    const before = await this.#source.change(id, change);
    if (!before) return undefined;
    const { description, licence } = change;
    const moved = licence !== undefined && licence !== before.licence;
    return this.#cache.invalidate({
      // The keys name pages that rest on this package for certain: a load of them that is under way isn't waited for.
      keys: [
        ['package', id],
        ['dependents', id],
      ],
      tags: [
        shows(before),
        ...(description === undefined ? [] : [DESCRIPTIONS]),
        ...(moved ? [withLicence(before.licence), withLicence(licence)] : []),
      ],
    });
  }

  /** Let go of a package's own page, so that its next reader has to load it. */
  async forget(id: string): Promise<void> {
    await this.#packages.delete(id);
  }
}
