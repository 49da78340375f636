/** Listing whole directories finds what matching finds, for any tree. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globbed } from '../../src/build/globbed.ts';
import { plainPaths } from '../../src/build/whole-directories.ts';
import { directoryWith } from './counted-disk.ts';

const name = fc.constantFrom('a', 'b', 'src', 'node_modules', '.git', '.x', 'ä\nß', 'a*b', 'dist');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const tree = fc.array(fc.record({ path, kind: fc.constantFrom('file', 'link', 'directory') }), { maxLength: 12 });
const plain = fc.constantFrom(
  '**',
  'a',
  'a/**',
  'src/',
  'src/**',
  'a/b',
  'dist/**',
  '.x/**',
  'a/node_modules/**',
  String.raw`a\*b/**`,
  './a/**',
);
/** Says nothing more, but needs matching. */
const matching = '!nothing-{of,like}-that';

test('with and without matching, the same is found', () => {
  fc.assert(
    fc.property(
      tree,
      fc.array(plain, { minLength: 1, maxLength: 3 }),
      fc.array(plain, { maxLength: 2 }),
      (entries, globs, exclude) => {
        const root = directoryWith({});
        for (const entry of entries) {
          const place = join(root, entry.path);
          try {
            mkdirSync(entry.kind === 'directory' ? place : dirname(place), { recursive: true });
            if (entry.kind === 'file') writeFileSync(place, '');
            if (entry.kind === 'link') symlinkSync('nowhere', place);
          } catch {
            // something else has the name already
          }
        }
        expect(plainPaths(globs)).toBeDefined();
        const outcome = (all: readonly string[]): unknown => {
          try {
            return globbed({ root, globs: all, exclude });
          } catch (error) {
            return (error as Error).message;
          }
        };
        expect(outcome(globs)).toEqual(outcome([...globs, matching]));
      },
    ),
    { numRuns: 150 },
  );
});

test.each(['*.ts', 'src/*.ts', 'src/{a,b}/**', '!src', 'src/**/x', '**/x'])('%s needs matching', (glob) => {
  expect(plainPaths(['src', glob])).toBeUndefined();
});
