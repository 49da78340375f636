/** Globs name the same paths whether these are on a disk or only in a list. */
import { describe, expect, test } from 'vitest';
import { matchedPaths } from '../../src/build/matched-paths.ts';

describe('of a list of paths', () => {
  const paths = ['src', 'src/a', 'src/d/b.ts', 'src/node_modules/x/y', 'lib/c', 'top'];
  test.each([
    [['src/**'], ['src', 'src/a', 'src/d/b.ts']],
    [['src'], ['src', 'src/a', 'src/d/b.ts']],
    [
      ['src/a', 'top'],
      ['src/a', 'top'],
    ],
    [['src/d/'], ['src/d/b.ts']],
    [['**'], ['src', 'src/a', 'src/d/b.ts', 'lib/c', 'top']],
    [['**/*.ts'], ['src/d/b.ts']],
    [['*'], ['src', 'top']],
    [
      ['src/**', '!src/d/**'],
      ['src', 'src/a'],
    ],
    [['src/node_modules/**'], ['src/node_modules/x/y']],
    [['none/**'], []],
  ])('%j name %j', (globs, named) => {
    expect([...matchedPaths(paths, globs)].toSorted()).toEqual(named.toSorted());
  });
});
