/** The addresses of the demo's pages, and the list of all of them. */
import type { Catalogue } from './catalogue.ts';
import { PAGE_SIZE } from './model.ts';

/** A package's own page. */
export const packagePath = (id: string): string => `/packages/${encodeURIComponent(id)}`;

/** Who depends on a package. */
export const dependentsPath = (id: string): string => `${packagePath(id)}/dependents`;

/** A page of the list of all packages, or of those with a licence. */
export function listPath({ licence, page }: { readonly licence?: string | undefined; readonly page: number }): string {
  const query = new URLSearchParams({ ...(licence === undefined ? {} : { licence }), page: String(page) });
  return `/packages?${query.toString()}`;
}

/** A page of what a search finds. */
export const searchPath = (text: string, page: number): string =>
  `/search?${new URLSearchParams({ q: text, page: String(page) }).toString()}`;

/** The same page with something more in its query, such as `format=json` or `cache=off`. */
export const withQuery = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`;

/** How many pages a list of this many packages has; an empty one has a page as well. */
export const pagesOf = (total: number): number => Math.max(1, Math.ceil(total / PAGE_SIZE));

/** Every page of one catalogue, by what it is. */
export interface Site {
  /** In the order of the catalogue. */
  readonly packages: readonly string[];
  readonly dependents: readonly string[];
  readonly lists: readonly string[];
  readonly licences: readonly string[];
  readonly searches: readonly string[];
}

/** The pages of a catalogue; searches are for every word in a package's name. */
export function siteOf({ packages }: Pick<Catalogue, 'packages'>): Site {
  const paged = (total: number, licence?: string) =>
    Array.from({ length: pagesOf(total) }, (_, i) => listPath({ licence, page: i + 1 }));
  const licences = new Map<string, number>();
  for (const { licence } of packages) licences.set(licence, (licences.get(licence) ?? 0) + 1);
  const words = new Set(packages.flatMap(({ name }) => name.toLowerCase().match(/[a-z0-9]{3,}/g) ?? []));
  return {
    packages: packages.map(({ id }) => packagePath(id)),
    dependents: packages.map(({ id }) => dependentsPath(id)),
    lists: ['/', ...paged(packages.length)],
    licences: [...licences].flatMap(([licence, total]) => paged(total, licence)),
    searches: [...words].toSorted().map((word) => searchPath(word, 1)),
  };
}
