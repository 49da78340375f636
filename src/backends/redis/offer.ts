/** What the Redis backend offers beyond the contract of a backend, and what it asks of the client that it is handed. */
import type { Backend, Leases } from '../../engine/backend.ts';

/**
 * A client of `redis` (node-redis: `createClient`, `createCluster`, `createSentinel`) or of `ioredis` (`Redis`, with or
 * without sentinels, and `Cluster`). No command is ever sent on it: it is asked for duplicates of itself.
 */
export type RedisClient =
  | {
      readonly duplicate: (...overrides: never[]) => unknown;
      readonly connect: (...args: never[]) => unknown;
      readonly sendCommand: (...args: never[]) => unknown;
      readonly destroy: () => unknown;
    }
  | {
      readonly duplicate: (...overrides: never[]) => unknown;
      readonly connect: (...args: never[]) => unknown;
      readonly callBuffer: (...args: never[]) => unknown;
      readonly disconnect: (...args: never[]) => unknown;
    };

/** What has been met since the backend was made. */
export interface RedisStats {
  /** Commands without an answer at this moment. */
  readonly unanswered: number;
  /** How often a connection was given up and made anew. */
  readonly renewals: number;
  /** Entries whose bytes couldn't be read; each was a miss. */
  readonly damaged: number;
}

/** A backend on a Redis server or cluster. */
export interface RedisBackend extends Backend {
  readonly leases: Leases;
  /** Figures of this connection to the server. */
  stats(): RedisStats;
  /** Let go of the backend's own connections, at once; the client that was handed in stays as it is. */
  close(): void;
}
