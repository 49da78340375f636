/** The same command in two directories of a repository is two tasks: neither overlooks what the other made. */
import { expect, test } from 'vitest';
import { Repository, script } from './repository.ts';

const COPY = script(
  "write('out.txt', read('in.txt') + (fs.existsSync('../a/out.txt') ? ' and ' + read('../a/out.txt') : ''));",
);

test('what one made is an input of the other', async () => {
  const repository = new Repository().write({ 'a/in.txt': 'one', 'b/in.txt': 'two', 'package.json': '{}' });
  const [a, b] = ['a', 'b'].map((name) => ({ command: COPY, cwd: `${repository.root}/${name}` }));
  await repository.run(b);
  expect(repository.read('b/out.txt')).toBe('two');
  await repository.run(a);
  expect(await repository.run(b)).toMatchObject({ outcome: 'ran' });
  expect(repository.read('b/out.txt')).toBe('two and one');
});
