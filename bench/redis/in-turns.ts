/** How fast each cache is over Redis, as ratios to its own client, in rounds that all take in turns. */
import { median } from '../rounds.ts';
import { Actor } from './actor.ts';
import { names, titleOf } from './peer.ts';
import { startServer } from './server.ts';
import type { Times } from './speeds.ts';

const ROUNDS = 11;
const WARM = 2;

/** The middle of what all rounds gave, and between what they lay. */
export interface Spread {
  readonly middle: number;
  readonly least: number;
  readonly most: number;
}

/** One cache's figures. */
export interface Speed {
  readonly name: string;
  /** Nanoseconds for a hit in Redis and for a miss with its load and store, many at a time. */
  readonly hit: number;
  readonly miss: number;
  /** The same as parts of the speed of the bare client: GET and decode; GET and SET. */
  readonly hitsOfBare: Spread;
  readonly missesOfBare: Spread;
  /** A hit in memory, and as a multiple of the time of an async function around a Map; where there is a memory. */
  readonly memory: number | undefined;
  readonly memoryOfMap: Spread | undefined;
}

/** Measure all. Each has a server and a process of its own; one round of one at a time. */
export async function speeds(only: readonly string[] = names): Promise<readonly Speed[]> {
  const places = await Promise.all(only.map(async (name) => ({ name, server: await startServer() })));
  const actors = new Map(only.map((name) => [name, new Actor()]));
  try {
    for (const { name, server } of places) await actors.get(name)!.ask('prepare', { name, port: server.port });
    const seen = new Map(only.map((name) => [name, [] as Times[]]));
    for (let round = 0; round < ROUNDS + WARM; round++)
      for (let i = 0; i < only.length; i++) {
        const name = only[(i + round) % only.length];
        const times = await actors.get(name)!.ask<Times>('round');
        if (round >= WARM) seen.get(name)!.push(times);
      }
    return await Promise.all(only.map((name) => speedOf(name, seen.get(name)!)));
  } finally {
    await Promise.all([
      ...[...actors.values()].map((actor) => actor.end()),
      ...places.map(({ server }) => server.close()),
    ]);
  }
}

async function speedOf(name: string, times: readonly Times[]): Promise<Speed> {
  const inMemory = times.filter(({ memory }) => memory !== undefined);
  return {
    name: await titleOf(name),
    hit: median(times.map(({ hits }) => hits)),
    miss: median(times.map(({ misses }) => misses)),
    hitsOfBare: spread(times.map(({ hits, bareHits }) => bareHits / hits)),
    missesOfBare: spread(times.map(({ misses, bareMisses }) => bareMisses / misses)),
    memory: inMemory.length === 0 ? undefined : median(inMemory.map(({ memory }) => memory!)),
    memoryOfMap: inMemory.length === 0 ? undefined : spread(inMemory.map(({ memory, asyncMap }) => memory! / asyncMap)),
  };
}

function spread(values: readonly number[]): Spread {
  return { middle: median(values), least: Math.min(...values), most: Math.max(...values) };
}
