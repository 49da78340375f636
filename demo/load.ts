/** A bounded load: one repeatable sequence of requests, sent both to the database and through the cache, in turns. */
import type { Cache } from 'tidemark';
import { type Site, withQuery } from './addresses.ts';
import type { Client } from './client.ts';
import type { Database } from './database.ts';
import { Latencies } from './latencies.ts';
import { someAtOnce } from './some-at-once.ts';
import { Trouble } from './trouble.ts';
import { type Random, seeded, zipf } from './zipf.ts';

/** How often each kind of page is asked for, of 100. */
const MIX: readonly (readonly [kind: keyof Site, share: number])[] = [
  ['packages', 50],
  ['dependents', 15],
  ['lists', 10],
  ['licences', 10],
  ['searches', 15],
];
const SKEW = 0.9;
const JSON_SHARE = 0.25;
const SLICE = 200;
const WARM_UP = 100;

/** A sequence of addresses: the same one for the same site, count and seed. Earlier pages of a kind are asked for more often. */
export function planRequests({ site, count, seed }: { site: Site; count: number; seed: number }): string[] {
  const random = seeded(seed);
  const ranks = new Map(MIX.map(([kind]) => [kind, zipf({ count: site[kind].length, skew: SKEW, random })]));
  return Array.from({ length: count }, () => {
    const kind = drawKind(random);
    const path = site[kind][ranks.get(kind)!()];
    return random() < JSON_SHARE ? withQuery(path, 'format=json') : path;
  });
}

function drawKind(random: Random): keyof Site {
  let left = random() * 100;
  for (const [kind, share] of MIX) if ((left -= share) < 0) return kind;
  return 'packages';
}

/** What one way of reading has cost so far. */
interface Side {
  requests: number;
  /** Database queries asked on its behalf. */
  queries: number;
  /** Whole requests, as the client sees them. */
  readonly http: Latencies;
  /** The reads in them alone, as the service measures them. */
  readonly read: Latencies;
}

/** Both ways beside each other, over the same requests. */
export interface Comparison {
  readonly without: Side;
  readonly with: Side;
  /** Reads through the cache that were answered without waiting for a load, as a share of all. */
  readonly hitRatio: number;
  /** Database queries that the cache has made needless, over the slices that both ways have been through. */
  saved: number;
}

/** What a load needs. */
export interface LoadOptions {
  readonly client: Client;
  readonly cache: Cache;
  readonly database: Database;
  readonly paths: readonly string[];
  /** Requests under way at once. */
  readonly clients: number;
  readonly signal: AbortSignal;
  readonly onProgress: (so: Comparison) => void;
}

/**
 * Send every request twice: a slice of them past the cache, then the same slice through it, so that both ways meet the
 * same machine at the same time. Some requests past the cache go before and aren't counted: they warm the code, not the
 * cache, which begins empty.
 */
export async function runLoad(options: LoadOptions): Promise<Comparison> {
  const { cache, database, paths } = options;
  const before = cache.stats();
  const comparison: Comparison = {
    without: newSide(),
    with: newSide(),
    saved: 0,
    get hitRatio() {
      const { reads, hits } = cache.stats();
      return reads === before.reads ? 0 : (hits - before.hits) / (reads - before.reads);
    },
  };
  const send = async (slice: readonly string[], side: Side) => {
    const asked = database.queries;
    await drive(options, slice, ({ ms, readMs }) => {
      side.requests++;
      side.http.add(ms);
      side.read.add(readMs);
      options.onProgress(comparison);
    });
    side.queries += database.queries - asked;
  };
  const direct = (slice: readonly string[]) => slice.map((path) => withQuery(path, 'cache=off'));
  await drive(options, direct(paths.slice(0, WARM_UP)), () => {});
  for (let from = 0; from < paths.length; from += SLICE) {
    const slice = paths.slice(from, from + SLICE);
    await send(direct(slice), comparison.without);
    await send(slice, comparison.with);
    comparison.saved = comparison.without.queries - comparison.with.queries;
  }
  return comparison;
}

async function drive(
  { client, clients, signal }: LoadOptions,
  paths: readonly string[],
  onAnswer: (answer: Awaited<ReturnType<Client['ask']>>) => void,
): Promise<void> {
  await someAtOnce(paths, clients, async (path) => {
    signal.throwIfAborted();
    const answer = await client.ask(path);
    if (answer.status !== 200) throw new Trouble(`The load asked for ${path} and got the status ${answer.status}.`);
    onAnswer(answer);
  });
}

function newSide(): Side {
  return { requests: 0, queries: 0, http: new Latencies(), read: new Latencies() };
}
