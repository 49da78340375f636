/** Globs of which the last match decides, as globs of which an excluding one always does. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inAnyOrder } from '../../../src/build/config/glob-order.ts';

const names = fc.constantFrom('a', 'b');
const plain = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const globs = fc.tuple(
  fc.constantFrom('', '!'),
  fc.oneof(
    plain,
    plain.map((path) => `${path}/**`),
    fc.constant('**'),
  ),
);
const PATHS = ['a', 'b'].flatMap((x) => [x, ...['a', 'b'].flatMap((y) => [`${x}/${y}`, `${x}/${y}/a`, `${x}/${y}/b`])]);

/** A plain name stands for what is in it, too. */
function matches(glob: string, path: string): boolean {
  const place = glob.replace(/^!/, '').replace(/\/?\*\*$/, '');
  return place === '' || path === place || path.startsWith(`${place}/`);
}

const byLast = (all: readonly string[], path: string): boolean =>
  all.findLast((glob) => matches(glob, path))?.startsWith('!') === false;

const byExcluding = (all: readonly string[], path: string): boolean => {
  const found = all.filter((glob) => matches(glob, path));
  return found.length > 0 && !found.some((glob) => glob.startsWith('!'));
};

test('nothing that was meant is lost, and where nothing had to be left out, nothing is won', () => {
  fc.assert(
    fc.property(fc.array(globs, { maxLength: 5 }), (pairs) => {
      const written = pairs.map(([sign, glob]) => sign + glob);
      const unordered = inAnyOrder(written);
      for (const path of PATHS) {
        const [meant, found] = [byLast(written, path), byExcluding(unordered.globs, path)];
        if (meant) expect([path, found]).toEqual([path, true]);
        if (unordered.given === undefined) expect([path, found]).toEqual([path, meant]);
      }
    }),
    { numRuns: 500 },
  );
});
