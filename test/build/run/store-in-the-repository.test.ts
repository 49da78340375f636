/** A cache directory within the repository is neither an input nor an output of what runs there. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Repository, script } from './repository.ts';

test.for([{ find: 'everything' as const }, {}])('a store in the repository changes no key ($find)', async (options) => {
  const repository = new Repository().write({ 'src/a.txt': 'a', 'package.json': '{}' });
  const cache = { ...options, directory: join(repository.root, '.cache/build'), state: join(repository.root, 'state') };
  const list = {
    command: script("write('dist/a.txt', read('src/a.txt') + fs.readdirSync('.').includes('package.json'))"),
  };
  expect(await repository.run(list, { cache })).toMatchObject({ outcome: 'ran', stored: 'new', outputs: 1 });
  expect(await repository.run(list, { cache })).toMatchObject({ outcome: 'hit' });
  const other = { command: script("write('made.txt', read('src/a.txt'))") };
  expect(await repository.run(other, { cache })).toMatchObject({ stored: 'new', outputs: 1 });
  repository.remove('made.txt');
  expect(await repository.run(list, { cache })).toMatchObject({ outcome: 'hit' });
});
