/** Sessions, none of which is answered with once it has expired, however long it is kept. */
import { systemClock } from '../../engine/clock.ts';
import { normalQuery, type Query } from '../query.ts';
import type { FindOptions, Repository } from '../repository.ts';
import { type Create, type Ready, ready, type ReadyOptions, type Shape } from './shape.ts';
import type { TableOptions } from '../sql-table.ts';

/** A session. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** When it ends, as `Date.toISOString` makes it. */
  readonly expiresAt: string;
  readonly createdAt: string;
}

/** How sessions are stored. */
export const sessionTable: TableOptions<Session> = {
  table: 'sessions',
  columns: { id: 'text', userId: 'text', expiresAt: 'time', createdAt: 'time' },
};

const shape: Shape<Session> = {
  table: sessionTable,
  fields: { userId: 'text', expiresAt: 'time' },
};

/** Reads of sessions beside those of every repository. */
export interface SessionReads {
  /** The sessions of a user that haven't expired, the newest first. */
  active(userId: string, options?: FindOptions): Promise<readonly Session[]>;
  /** Remove all sessions of a user; answers how many there were. */
  deleteByUser(userId: string): Promise<number>;
  /** Remove sessions that have expired, 1,000 at most; answers how many there were. */
  deleteExpired(): Promise<number>;
}

/** Sessions through the cache. */
export type SessionRepository = Ready<Session, SessionReads>;

/**
 * A repository of sessions. Whether one has expired, by `clock`, is looked at when it is read, and so lists are read whole,
 * whatever their limit: ask for the sessions of a user, not for those of all. What other repositories include of them, and
 * what a transaction reads from its `source`, is as it is stored: look at `expiresAt`.
 *
 * @throws `bad_option` naming the option.
 */
export function sessionRepository(options: ReadyOptions<Session>, create?: Create<Session>): SessionRepository {
  const { source, clock = systemClock } = options;
  const now = () => new Date(clock.now()).toISOString();
  const lives = (session: Session | undefined) => session !== undefined && session.expiresAt > now();
  return ready(shape, options, create, (sessions) => {
    const kept = {
      findById: sessions.findById.bind(sessions),
      findByIds: sessions.findByIds.bind(sessions),
      findMany: sessions.findMany.bind(sessions),
    };
    const reads: LivingReads = {
      async findById<With>(id: string, how?: FindOptions) {
        const session = await kept.findById<With>(id, how);
        return lives(session) ? session : undefined;
      },
      async findByIds<With>(ids: readonly string[], how?: FindOptions) {
        const found = await kept.findByIds<With>(ids, how);
        return found.map((session) => (lives(session) ? session : undefined));
      },
      async findMany<With>(asked: Query = {}, how?: FindOptions) {
        normalQuery(asked); // throws what any list throws
        const { limit, offset = 0, ...query } = asked;
        const found = (await kept.findMany<With>(query, how)).filter(lives);
        return found.slice(offset, limit === undefined ? undefined : offset + limit);
      },
      findOne: async <With>(query?: Query, how?: FindOptions) => (await reads.findMany<With>(query, how))[0],
      count: async (where = {}, how) => (await reads.findMany({ where }, how)).length,
    };
    // What is to be removed is asked of the source: what is kept may be older than what another has just written.
    const remove = async (query: Query) => {
      const found = await source.findMany(normalQuery(query));
      return sessions.deleteMany(found.map(({ id }) => id));
    };
    const more: SessionReads = {
      active: (userId, how) => reads.findMany({ where: { userId }, sort: ['-createdAt'] }, how),
      deleteByUser: (userId) => remove({ where: { userId } }),
      deleteExpired: () => remove({ where: { expiresAt: { lte: now() } }, limit: 1000 }),
    };
    return { ...reads, ...more };
  });
}

type LivingReads = Pick<Repository<Session>, 'findById' | 'findByIds' | 'findMany' | 'findOne' | 'count'>;
