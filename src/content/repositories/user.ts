/** Users, as others may see them: what they prove themselves by is no part of the item, and never in a cache. */
import type { FindOptions } from '../repository.ts';
import { type Create, type Ready, ready, type ReadyOptions, type Shape } from './shape.ts';
import type { TableOptions } from '../sql-table.ts';

/** A user. */
export interface User {
  readonly id: string;
  /** Compared as it is stored: store it in lower case. */
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly active: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** How users are stored. A table may have more columns, which the repository neither reads nor writes. */
export const userTable: TableOptions<User> = {
  table: 'users',
  columns: {
    id: 'text',
    email: 'text',
    name: 'text',
    role: 'text',
    active: 'boolean',
    createdAt: 'time',
    updatedAt: 'time',
  },
};

const shape: Shape<User> = {
  table: userTable,
  fields: { email: 'text', role: 'text', active: 'boolean' },
};

/** Reads of users. */
export interface UserReads {
  findByEmail(email: string, options?: FindOptions): Promise<User | undefined>;
}

/** Users through the cache. */
export type UserRepository = Ready<User, UserReads>;

/** A repository of users. Throws `bad_option` naming the option. */
export function userRepository(options: ReadyOptions<User>, create?: Create<User>): UserRepository {
  return ready(shape, options, create, (users): UserReads => ({
    findByEmail: (email, how) => users.findOne({ where: { email } }, how),
  }));
}
