/**
 * The same play on real LMDB files: processes are openings of one file, each with its own snapshots of it, and what they
 * say to it is held and lost as everywhere in the model.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import type { EnterOptions, Premises } from '../../src/backends/lmdb/premises.ts';
import { engineFrom } from './engine.ts';
import { onLmdb } from './lmdb-space.ts';
import { story } from './replay.ts';
import { play } from './schedule.ts';
import type { Setup } from './world.ts';

const SCHEDULES = process.env['SOAK'] === '1' ? 20_000 : 120;

/** Openings of one process needn't be on their guard against each other: each may write at once. */
vi.mock('../../src/backends/lmdb/premises.ts', () => ({
  enter: ({ path, durability }: EnterOptions): Premises => {
    mkdirSync(path, { recursive: true });
    return {
      path,
      durability,
      replaced: undefined,
      alone: () => true,
      intact: () => true,
      suspect: () => {},
      condemn: (error) => {
        throw error;
      },
      exclusively: (work) => work(),
      whileNobodyWrites: (work) => work(),
      beginWriting: () => true,
      endWriting: () => {},
      replacedData: () => {},
      labelCopy: () => {},
      leave: () => {},
    };
  },
}));

const { engine, ended } = onLmdb(await engineFrom(fileURLToPath(new URL('../../src', import.meta.url))));

test.each(['file', 'strong', 'shared'] as Setup[])('no read is wrong: %s', { timeout: 7_200_000 }, async (setup) => {
  let reads = 0;
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const ending = await play(engine, setup, seed);
    if (ending.violation !== undefined) throw new Error(await story(engine, { setup, seed }));
    await ended();
    reads += ending.reads;
  }
  expect(reads).toBeGreaterThan(SCHEDULES * 20);
});
