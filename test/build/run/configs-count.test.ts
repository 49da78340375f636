/** Configuration files that somebody names count, whether what is read is declared, seen, or all there is. */
import { expect, test } from 'vitest';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { Repository, script } from './repository.ts';

const work = {
  command: script("write('dist/a.txt', read('src/a.txt'))"),
  configs: ['patches/list.txt'],
  exclude: ['patches/**'],
};

const isWatched = whyNoTrace() === undefined;
test.for([
  { how: 'declared', options: {}, said: { inputs: ['src/**'], outputs: ['dist/**'] } },
  { how: isWatched ? 'seen' : 'seen, where commands can be watched', options: {}, said: {} },
  { how: 'all there is', options: { find: 'everything' as const }, said: {} },
])('configs that are named count: inputs are $how', async ({ options, said }) => {
  const repository = new Repository(options).write({ 'src/a.txt': 'a', 'package.json': '{}' });
  const outcome = async (): Promise<string> => (await repository.run({ ...work, ...said })).outcome;
  expect(await outcome()).toBe('ran');
  expect(await outcome()).toBe('hit');
  repository.write({ 'patches/list.txt': 'it is there now' });
  expect(await outcome()).toBe('ran');
  repository.write({ 'patches/list.txt': 'it has changed' });
  expect(await outcome()).toBe('ran');
  expect(await outcome()).toBe('hit');
});
