/** Writers are killed in the middle of their work: what they were promised is kept, and whoever lives beside them goes on. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Durability } from 'tidemark/backends/lmdb';
import type { Audit, AuditorOptions } from './children/auditor.ts';
import type { Sight, SurvivorOptions } from './children/survivor.ts';
import { passing } from './children/meeting.ts';
import type { WriterOptions } from './children/writer.ts';
import { freshFolder } from './folder.ts';
import { type Program, start } from './program.ts';
import { LIMIT, often } from './scale.ts';

const WRITERS = 3;
const pagesOf = (place: number) => [0, 1, 2].map((page) => `page${place}${'-'.repeat(page)}`);

interface Ground {
  readonly path: string;
  readonly folder: string;
  readonly durability: Durability;
}

/** Start writers, let them write for a while, and kill them all wherever they are. */
async function killWriters(ground: Ground, round: number, count: number): Promise<void> {
  const writers = Array.from({ length: count }, (_, place) =>
    start('writer', { ...ground, writer: `r${round}w${place}`, pages: pagesOf(place) } satisfies WriterOptions),
  );
  await Promise.all(writers.map((writer) => writer.ask('write')));
  await passing(20 + Math.random() * 150);
  const ends = await Promise.all(writers.map((writer) => writer.kill()));
  expect(ends).toEqual(writers.map(() => ({ code: null, signal: 'SIGKILL' }))); // none had ended by itself
}

const survivorOn = (ground: Ground): Program =>
  start('survivor', { ...ground, pages: [0, 1, 2].flatMap(pagesOf) } satisfies SurvivorOptions);

async function expectSound({ path }: Ground): Promise<void> {
  const auditor = start('auditor', { path } satisfies AuditorOptions);
  const audit = await auditor.ask<Audit>('audit', { written: [] });
  expect(audit.replaced).toBeUndefined();
  expect(audit.verification).toMatchObject({ damaged: 0, untimed: 0, orphans: 0, counted: true });
  await auditor.leave();
}

test.each([
  { durability: 'process', rounds: often(20) },
  { durability: 'machine', rounds: often(5) },
] as const)(
  '$rounds times three writers are killed beside one that lives, durability $durability: nothing is lost, nothing is old',
  { timeout: LIMIT },
  async ({ durability, rounds }) => {
    const folder = freshFolder();
    const ground = { path: join(folder, 'cache'), folder, durability };
    const survivor = survivorOn(ground);
    await survivor.ask('live');
    for (let round = 0; round < rounds; round++) {
      await killWriters(ground, round, WRITERS);
      const sight = await survivor.ask<Sight>('look', { beginning: `r${round}w` });
      console.log('SIGHT', sight.rows, sight.marks, sight.written, sight.pagesRead);
      expect(sight.faults).toEqual([]);
      expect(sight.marks).toBeGreaterThanOrEqual(WRITERS);
    }
    await survivor.leave();

    const heir = survivorOn(ground);
    const sight = await heir.ask<Sight>('look', { beginning: 'r' });
    expect(sight.faults).toEqual([]);
    await heir.leave();
    await expectSound(ground);
  },
);

test(
  'a writer that was alone on the file is killed: whoever comes next finds all of it',
  { timeout: LIMIT },
  async () => {
    const folder = freshFolder();
    const ground = { path: join(folder, 'cache'), folder, durability: 'process' } as const;
    for (let round = 0; round < often(6); round++) await killWriters(ground, round, 1);

    const heir = survivorOn(ground);
    const sight = await heir.ask<Sight>('look', { beginning: 'r' });
    expect(sight.faults).toEqual([]);
    await heir.leave();
    await expectSound(ground);
  },
);
