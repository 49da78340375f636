/**
 * The same play on real LMDB files: processes are openings of one file, each with its own snapshots of it, and what they
 * say to it is held and lost as everywhere in the model.
 */
import { mkdirSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { EnterOptions, Premises } from '../../src/backends/lmdb/premises.ts';
import { type Setup, simulateMany, type Site } from 'tidemark/testing';
import { LmdbPlace } from './lmdb-place.ts';

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

test.each(['file', 'strong', 'shared'] as Setup[])('no read is wrong: %s', { timeout: 7_200_000 }, async (setup) => {
  const place = (site: Site) => new LmdbPlace(site, { sync: setup === 'file' });
  const { reads } = await simulateMany({ setup, place, schedules: SCHEDULES });
  expect(reads).toBeGreaterThan(SCHEDULES * 20);
});
