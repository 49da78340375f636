/** Restored files are as new as the restore, or as old as the run that made them, as the cache is told. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Repository, script } from './repository.ts';

const work = { command: script("write('dist/a.txt', 'a')"), inputs: ['src/**'], outputs: ['dist/**'] };

test.each(['now', 'recorded'] as const)('mtimes %s', async (mtimes) => {
  const then = Date.UTC(2020, 0, 1);
  const repository = new Repository({ mtimes, clock: { now: () => then, after: () => () => {} } });
  repository.write({ 'src/a.txt': 'a' });
  expect(await repository.run(work)).toMatchObject({ stored: 'new' });
  const clone = repository.clone();
  expect(await clone.run(work)).toMatchObject({ outcome: 'hit', restored: { written: 1 } });
  const { mtimeMs } = statSync(join(clone.root, 'dist/a.txt'));
  expect(Math.abs(mtimeMs - then) < 1).toBe(mtimes === 'recorded');
});
