/** What the pages of the catalogue show, and the one contract of all that can answer for them. */

/** How many packages a list shows on one page. */
export const PAGE_SIZE = 20;

/** A package as lists show it. */
export interface Summary {
  /** `name@version`, the package's name in every address and key. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly licence: string;
}

/** A file and its size in bytes. */
export interface FileSize {
  readonly path: string;
  readonly bytes: number;
}

/** A package as its own page shows it. */
export interface Detail extends Summary {
  readonly files: number;
  readonly bytes: number;
  /** True if it has more files than were counted. */
  readonly partial: boolean;
  readonly largest: readonly FileSize[];
}

/** Why one package names another. */
export type Kind = 'runtime' | 'optional' | 'peer';

/** One line of "depends on"; `package` is null where nothing of that name is installed. */
export interface DependencyLine {
  readonly name: string;
  readonly range: string;
  readonly kind: Kind;
  readonly package: Summary | null;
}

/** One line of "who depends on this". */
export interface DependentLine {
  readonly range: string;
  readonly kind: Kind;
  readonly package: Summary;
}

/** A package's own page: it shows the packages that it depends on as well. */
export interface PackagePage {
  readonly package: Detail;
  readonly dependencies: readonly DependencyLine[];
}

/** Who depends on a package. */
export interface DependentsPage {
  readonly package: Summary;
  readonly dependents: readonly DependentLine[];
}

/** One page of a list, and the length of the whole. */
export interface ListPage {
  readonly total: number;
  readonly page: number;
  readonly packages: readonly Summary[];
}

/** How many packages have a licence. */
export interface LicenceCount {
  readonly licence: string;
  readonly packages: number;
}

/** Which part of the list: of one licence or of all, pages from 1 up. */
export interface ListOptions {
  readonly licence: string | undefined;
  readonly page: number;
}

/** What a change of a package may say. */
export interface PackageChange {
  readonly description?: string | undefined;
  readonly licence?: string | undefined;
}

/** Whoever can answer for the pages: the database, or the repository that asks the cache first. */
export interface Reads {
  /** Null if there is no such package. */
  package(id: string): Promise<PackagePage | null>;
  /** Null if there is no such package. */
  dependents(id: string): Promise<DependentsPage | null>;
  list(options: ListOptions): Promise<ListPage>;
  /** Packages with this text in their name or description, upper and lower case alike. */
  search(text: string, page: number): Promise<ListPage>;
  licences(): Promise<readonly LicenceCount[]>;
}

/** The source of truth, here or at a distance: it answers for the pages, and takes changes. */
export interface Source extends Reads {
  /** What it has been asked so far: queries of a database, requests to one that is elsewhere. */
  readonly queries: number;
  /** Change a package, and commit. Resolves to what it said before, or to undefined if there is no such package. */
  change(id: string, change: PackageChange): Promise<Summary | undefined>;
}
