/** A process that reads, changes and sets for as long as it lives, and watches what it reads. */
import { type ChangeResult, createCache, memory, systemClock } from 'tidemark';
import { inWords } from '../../processes/children/line.ts';
import { given, passing, serve } from '../../processes/children/meeting.ts';
import { type Address, openPlace } from './place.ts';

/** What a roamer is given. */
export interface RoamerOptions {
  readonly address: Address;
  readonly number: number;
  /** How many of them there are. */
  readonly roamers: number;
  readonly maxSilence: number;
  /** No read takes so many milliseconds unless it hangs. */
  readonly hang: number;
}

/** A version that was read, and when the last read of it began. */
export interface Sighting {
  readonly key: string;
  readonly version: number;
  readonly began: number;
}

/** What a roamer tells since it told last. Times are the machine's, in milliseconds. */
export interface Report {
  readonly sightings: readonly Sighting[];
  readonly faults: readonly string[];
  readonly reads: number;
  /** Answered by a tier. */
  readonly hits: number;
  readonly changes: Readonly<Record<ChangeResult['reach'], number>>;
  /** Milliseconds of the longest read. */
  readonly longest: number;
}

/** A change that was said, as the test is told of it: no read that begins later than the bound allows may miss it. */
export interface Said {
  readonly key: string;
  readonly version: number;
  readonly at: number;
}

const KEYS = 4; // of each roamer, and as many of all
const READERS = 3;

const { address, number, roamers, maxSilence, hang } = given() as RoamerOptions;
const place = await openPlace(address, systemClock);
const cache = createCache({ name: 'shop', tiers: [memory(), { store: place.backend, timeout: 500 }], maxSilence });

const chance = (below: number) => Math.floor(Math.random() * below);
const keyOf = (roamer: number | 'all', i: number) => `${roamer}-${i}`;
const tagOf = (key: string) => `tag of ${key}`;

const values = cache.define<number, readonly [string, string]>('value', {
  load: ([, key], context) => {
    context.ttl(chance(4) === 0 ? '300ms' : '1h');
    return test.ask<number>('load', key);
  },
  ttl: '1h',
  staleFor: '1m',
  graceFor: '1m',
  tags: (_, [, key]) => [tagOf(key)],
});

const sightings = new Map<string, Map<number, number>>();
const mine = new Map<string, number>(); // the newest version of each key that this process has said
const unsaid = new Set<Omit<Said, 'at'>>(); // waits in the outbox
let faults: string[] = [];
let reads = 0;
let changes = { everywhere: 0, local: 0 };
let longest = 0;
const leaving = new AbortController();

async function readOne(): Promise<void> {
  const owner = chance(roamers + 1);
  const key = keyOf(owner === roamers ? 'all' : owner, chance(KEYS));
  const least = mine.get(key) ?? 0;
  const began = Date.now();
  const version = (await values.get(['shelf', key])) ?? 0;
  const took = Date.now() - began;
  reads++;
  longest = Math.max(longest, took);
  if (version < least) faults.push(`${key}: ${version} was read where ${least} had been said`);
  if (took > hang) faults.push(`${key}: the read took ${took} ms`);
  const seen = sightings.get(key) ?? sightings.set(key, new Map()).get(key)!;
  seen.set(version, Math.max(seen.get(version) ?? 0, began));
}

/** Commit, then say it. Only the owner of a key sets it: whose `set`s race has not said which one is the last. */
async function changeOne(): Promise<void> {
  const own = chance(2) === 0;
  const key = keyOf(own ? number : 'all', chance(KEYS));
  const version = await test.ask<number>('commit', key);
  const { reach } = await say(key, version, chance(own ? 5 : 4));
  mine.set(key, Math.max(version, mine.get(key) ?? 0));
  changes[reach]++;
  if (reach === 'everywhere') await test.ask('said', { key, version, at: Date.now() } satisfies Said);
  else unsaid.add({ key, version });
}

function say(key: string, version: number, how: number): Promise<ChangeResult> {
  if (how === 0) return values.invalidate(['shelf', key]);
  if (how === 1) return values.delete(['shelf', key]);
  if (how === 2) return cache.invalidate({ tags: [tagOf(key)] });
  if (how === 3) return cache.invalidate({ pattern: ['value', '*', key] });
  return values.set(['shelf', key], version, { tags: [tagOf(key)] });
}

/** What waited has been said when nothing waits any more. */
async function tellOfLanded(): Promise<void> {
  const waited = [...unsaid];
  if (cache.stats().log.unsaid > 0) return;
  for (const one of waited) {
    unsaid.delete(one);
    await test.ask('said', { ...one, at: Date.now() } satisfies Said);
  }
}

async function keepOn(work: () => Promise<void>, pause: number): Promise<void> {
  while (!leaving.signal.aborted) {
    await work().catch((error: unknown) => leaving.signal.aborted || faults.push(inWords(error)));
    await passing(2 + chance(pause));
  }
}

const test = serve({
  roam: () => {
    for (let i = 0; i < READERS; i++) void keepOn(readOne, 5);
    void keepOn(changeOne, 60);
    void keepOn(tellOfLanded, 20);
  },
  report: (): Report => {
    const report = {
      sightings: [...sightings].flatMap(([key, seen]) =>
        [...seen].map(([version, began]) => ({ key, version, began })),
      ),
      faults,
      reads,
      hits: cache.stats().hits,
      changes,
      longest,
    };
    sightings.clear();
    [faults, reads, changes, longest] = [[], 0, { everywhere: 0, local: 0 }, 0];
    return report;
  },
  /** Resolves when nothing waits to be said any more. */
  settle: async () => {
    while (cache.stats().log.unsaid > 0) await passing(20);
    await tellOfLanded();
  },
  read: (key: string) => values.get(['shelf', key]),
  leave: async () => {
    leaving.abort();
    await cache.close();
    await place.close();
  },
});
