/** What a ready-made repository knows of its items, and how one is made of it. */
import type { Cache } from '../../engine/cache.ts';
import type { Item } from '../matching.ts';
import type { Query, Where } from '../query.ts';
import type { PrincipalInput } from '../principal.ts';
import { createRepository, type Repository, type RepositoryOptions } from '../repository.ts';
import type { TableOptions } from '../sql-table.ts';

/** Items of a known shape. */
export interface Shape<T extends Item> {
  /** Their table, which `sqlSource` and `d1Source` take; its name is that of the repository as well. */
  readonly table: TableOptions<T>;
  /** The fields by which lists are told apart. */
  readonly fields: NonNullable<RepositoryOptions<T>['fields']>;
  readonly together?: NonNullable<RepositoryOptions<T>['together']>;
}

/** Options of a ready-made repository: those of any, of which the name may be left out. */
export type ReadyOptions<T extends Item> = Omit<RepositoryOptions<T>, 'name' | 'id' | 'cache'> & {
  readonly name?: string;
  /** Needed unless `create` is handed in. */
  readonly cache?: Cache;
};

/** Makes the repository behind a ready-made one, as `createRepository` does. */
export type Create<T extends Item> = (options: Omit<RepositoryOptions<T>, 'cache'>) => Repository<T>;

/** A repository with reads of its own, on whose behalf ever it reads. */
export function ready<T extends Item, More extends object>(
  { table, ...shape }: Shape<T>,
  options: ReadyOptions<T>,
  create: Create<T> | undefined,
  more: (repository: Repository<T>) => More,
): Ready<T, More> {
  const extended = (repository: Repository<T>): Ready<T, More> => {
    const own = repository.as.bind(repository);
    return Object.assign(repository, more(repository), {
      as: (principal: PrincipalInput) => extended(own(principal)),
    });
  };
  const complete = { name: table.table, ...shape, ...options };
  return extended(create ? create(complete) : createRepository<T>(complete as RepositoryOptions<T>));
}

/** A repository and more. */
export type Ready<T extends Item, More extends object> = Omit<Repository<T>, 'as' | keyof More> &
  More & {
    /** The same repository on behalf of somebody. */
    as(principal: PrincipalInput): Ready<T, More>;
  };

/** A list of those that a query asks for and that have these fields, too. */
export function narrowed(query: Query, where: Where): Query {
  return { ...query, where: query.where ? { and: [query.where, where] } : where };
}
