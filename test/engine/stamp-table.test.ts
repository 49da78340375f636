/** The stamp table against a plain map that forgets nothing: never below the truth, never above the newest mark, bounded. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StampTable } from 'tidemark';
import { encodePattern, matches, parsePattern } from '../../src/engine/pattern.ts';

const names = ['=/c/a', '=/c/b', '=/c/a/x', '^/c', '^/c/a', '#/c/t', '#/c/u', '?=/c/a', '?#/c/t', '?^/c/a'];
const patterns = ['c:*', 'c:a:**', '**:x', 'c:b', '**'].map(parsePattern);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names) },
  { weight: 2, arbitrary: fc.nat(200).map((n) => `#/c/other ${n}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...patterns.map((p) => '*' + encodePattern(p)), '?*' + encodePattern(patterns[0])),
  },
);

/** Everything that was ever recorded. */
class Everything {
  readonly stamps = new Map<string, number>();
  readonly rules: { readonly dependency: string; readonly mark: number }[] = [];

  record(dependency: string, mark: number): void {
    if (dependency.startsWith('*') || dependency.startsWith('?*')) this.rules.push({ dependency, mark });
    else this.stamps.set(dependency, Math.max(mark, this.stamps.get(dependency) ?? 0));
  }

  /** The last change of a key's dependency, rules included. */
  stampOf(dependency: string): number {
    const soft = dependency.startsWith('?');
    const hard = soft ? dependency.slice(1) : dependency;
    const path = hard.startsWith('=') ? hard.slice(2).split('/') : undefined;
    const ruled = this.rules.filter(
      (rule) =>
        path !== undefined &&
        rule.dependency.startsWith('?') === soft &&
        patterns.some((p) => rule.dependency === (soft ? '?*' : '*') + encodePattern(p) && matches(p, path)),
    );
    return Math.max(this.stamps.get(dependency) ?? 0, 0, ...ruled.map((rule) => rule.mark));
  }
}

const limitsOf = fc.record({ stamps: fc.integer({ min: 1, max: 20 }), rules: fc.integer({ min: 1, max: 4 }) });

test('a stamp is never smaller than the truth, never larger than the newest mark, and exact where it is found', () => {
  fc.assert(
    fc.property(
      limitsOf,
      fc.array(step, { maxLength: 150 }),
      fc.integer({ min: 0, max: 5 }),
      (limits, steps, floor) => {
        const table = new StampTable(floor, limits);
        const truth = new Everything();
        let mark = floor;
        for (const dependency of steps) {
          table.record(dependency, ++mark);
          truth.record(dependency, mark);
          expect(table.floor).toBeLessThanOrEqual(mark);
          for (const name of names) {
            const known = table.find(name);
            const exact = truth.stamps.get(name) ?? 0;
            // A forgotten rule may have become a stamp of a prefix: such a stamp may be above what was said of the prefix itself.
            if (known === undefined) expect(exact).toBeLessThanOrEqual(table.floor);
            else if (!name.includes('^')) expect(known).toBe(exact);
            else expect(known).toBeGreaterThanOrEqual(exact);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('what a forgotten rule touched is still known to have changed: by a prefix above it', () => {
  fc.assert(
    fc.property(limitsOf, fc.array(step, { maxLength: 150 }), (limits, steps) => {
      const table = new StampTable(0, limits);
      const truth = new Everything();
      steps.forEach((dependency, i) => {
        table.record(dependency, i + 1);
        truth.record(dependency, i + 1);
      });
      for (const [key, prefixes] of [
        ['=/c/a', ['^', '^/c', '^/c/a']],
        ['=/c/b', ['^', '^/c', '^/c/b']],
        ['=/c/a/x', ['^', '^/c', '^/c/a', '^/c/a/x']],
      ] as const)
        expect(Math.max(...[key, ...prefixes].map((name) => table.stampOf(name)))).toBeGreaterThanOrEqual(
          truth.stampOf(key),
        );
    }),
    { numRuns: 300 },
  );
});

test('it stays within its limits, and the floor only rises', () => {
  fc.assert(
    fc.property(limitsOf, fc.array(step, { maxLength: 300 }), (limits, steps) => {
      const table = new StampTable(0, limits);
      let floor = 0;
      steps.forEach((dependency, i) => {
        table.record(dependency, i + 1);
        expect(table.size).toBeLessThanOrEqual(2 * limits.stamps + limits.rules);
        expect(table.floor).toBeGreaterThanOrEqual(floor);
        floor = table.floor;
      });
    }),
    { numRuns: 100 },
  );
});

test('a mark that comes late lowers nothing', () => {
  const table = new StampTable();
  table.record('#/c/t', 9);
  table.record('#/c/t', 3);
  expect(table.find('#/c/t')).toBe(9);
});

test('rules that come out of order are looked at in order', () => {
  const table = new StampTable();
  for (const [pattern, mark] of [
    ['c:a', 5],
    ['c:*', 3],
    ['c:a', 4],
  ] as const)
    table.record('*' + encodePattern(parsePattern(pattern)), mark);
  expect(table.newestRule).toBe(5);
  expect([0, 3, 4, 5].map((mark) => table.ruledAfter(mark, ['c', 'a'], false))).toEqual([5, 5, 5, 0]);
  expect([0, 3].map((mark) => table.ruledAfter(mark, ['c', 'b'], false))).toEqual([3, 0]);
  expect(table.ruledAfter(0, ['c', 'a'], true)).toBe(0);
});

test('without a word about it, nothing has changed since the floor', () => {
  const table = new StampTable(7);
  expect([table.floor, table.find('#/c/t'), table.stampOf('#/c/t'), table.size]).toEqual([7, undefined, 7, 0]);
});
