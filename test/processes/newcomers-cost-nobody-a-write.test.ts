/** While some write, others open the file and close it again: none of what was promised to the writers gets lost by that. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { NewcomerOptions } from './children/newcomer.ts';
import type { Sight, SurvivorOptions } from './children/survivor.ts';
import type { WriterOptions } from './children/writer.ts';
import { freshFolder } from './folder.ts';
import { start } from './program.ts';
import { LIMIT, often } from './scale.ts';

const NEWCOMERS = 2;
const TIMES = often(100);

test('others come and go while two write: every promise is kept', { timeout: LIMIT }, async () => {
  const folder = freshFolder();
  const path = join(folder, 'cache');
  const ground = { path, folder, durability: 'process' } as const;
  const writers = ['w0', 'w1'].map((writer) =>
    start('writer', { ...ground, writer, pages: [`page of ${writer}`] } satisfies WriterOptions),
  );
  await Promise.all(writers.map((writer) => writer.ask('write')));
  const newcomers = Array.from({ length: NEWCOMERS }, (_, i) =>
    start('newcomer', { path, writer: `w${i % 2}` } satisfies NewcomerOptions),
  );

  const found = await Promise.all(newcomers.map((newcomer) => newcomer.ask<number>('come', { times: TIMES })));

  expect(found).toEqual(newcomers.map(() => TIMES));
  for (const newcomer of newcomers) await newcomer.leave();
  for (const writer of writers) expect(await writer.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  const heir = start('survivor', { ...ground, pages: [] } satisfies SurvivorOptions);
  const sight = await heir.ask<Sight>('look', { beginning: 'w' });
  expect(sight.faults).toEqual([]);
  expect(sight.marks).toBeGreaterThan(0);
  await heir.leave();
});
