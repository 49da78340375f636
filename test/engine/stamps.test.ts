/** What a process knows of the log, against a naive model: what has changed is never called valid, and nothing else is called invalid. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Path, StampLimits } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { implicitDependencies, keyPathOf, softly } from '../../src/engine/dependency.ts';
import { encodePattern, literalPrefix, matches, parsePattern, type Pattern } from '../../src/engine/pattern.ts';
import { encodePath } from '../../src/engine/key.ts';
import { Stamps } from '../../src/engine/stamps.ts';

const LOG = 'log';
const tags = ['#/c/t', '#/c/u'];
const entries: readonly { readonly path: Path; readonly dependencies: readonly string[] }[] = [
  { path: ['c', 'post', '1'], dependencies: [] },
  { path: ['c', 'post', '1'], dependencies: ['#/c/t'] },
  { path: ['c', 'post', 'a', 'b'], dependencies: ['#/c/t', '#/c/u'] },
  { path: ['c', 'page', '1'], dependencies: ['^/c', '^/c/post', '^/c/post/1', '=/c/post/1'] },
];
const patterns: Pattern[] = ['c:post:*', 'c:**', 'c:post:1', 'c:page:1:**', 'c:*:a:b'].map(parsePattern);
const changesOf = [
  ...tags,
  '=/c/post/1',
  '=/c/post/a/b',
  '=/c/page/1',
  '^/c',
  '^/c/post',
  '^/c/post/a',
  '^/c/post/1',
  '^/c/page',
  ...patterns.map((pattern) => '*' + encodePattern(pattern)),
];

/** Does a change touch what an entry rests on? Soft changes only when `soft` is asked about. */
function touches(change: string, entry: (typeof entries)[number], soft: boolean): boolean {
  if (change.startsWith('?') !== soft) return false;
  const hard = soft ? change.slice(1) : change;
  const names = [...implicitDependencies(entry.path), ...entry.dependencies];
  if (!hard.startsWith('*')) return names.includes(hard);
  const pattern = patterns.find((p) => hard === '*' + encodePattern(p))!;
  return names.some((name) => {
    const path = keyPathOf(name);
    return path !== undefined && matches(pattern, path);
  });
}

const change = fc
  .array(fc.tuple(fc.constantFrom(...changesOf), fc.boolean()), { minLength: 1, maxLength: 2 })
  .map((names) => names.map(([name, soft]) => (soft ? softly(name) : name)));
const noise = fc.nat(50).map((n) => [`#/c/noise ${n}`]);
const history = fc.array(fc.oneof({ weight: 2, arbitrary: change }, { weight: 1, arbitrary: noise }), {
  maxLength: 25,
});

function begin(limits?: StampLimits, head = 0) {
  const told: { readonly path: string; readonly soft: boolean }[] = [];
  const stamps = new Stamps(manualClock(), (path, _mark, soft) => told.push({ path, soft }), limits);
  stamps.join({ incarnation: LOG, head });
  return { stamps, told };
}

describe('verdict', () => {
  test('is exactly what the history says, as long as nothing is forgotten', () => {
    fc.assert(
      fc.property(history, (changes) => {
        const { stamps } = begin();
        changes.forEach((one, i) => {
          stamps.apply(i + 1, one);
          stamps.advance(i + 1);
        });
        for (const entry of entries)
          for (let mark = 0; mark <= changes.length; mark++) {
            const since = changes.slice(mark).flat();
            const truth = since.some((c) => touches(c, entry, false))
              ? 'invalid'
              : since.some((c) => touches(c, entry, true))
                ? 'soft'
                : 'valid';
            expect(stamps.verdict(entry.path, entry.dependencies, mark, LOG)).toBe(truth);
          }
      }),
      { numRuns: 300 },
    );
  });

  test('never calls valid what has changed, however little is remembered', () => {
    const limits = fc.record({ stamps: fc.integer({ min: 1, max: 6 }), rules: fc.integer({ min: 1, max: 2 }) });
    fc.assert(
      fc.property(history, limits, fc.nat(10), (changes, limit, joinedAt) => {
        const { stamps } = begin(limit, Math.min(joinedAt, changes.length));
        changes.forEach((one, i) => {
          if (i + 1 <= joinedAt) return;
          stamps.apply(i + 1, one);
          stamps.advance(i + 1);
        });
        for (const entry of entries)
          for (let mark = 0; mark <= changes.length; mark++) {
            const since = changes.slice(mark).flat();
            const verdict = stamps.verdict(entry.path, entry.dependencies, mark, LOG);
            if (since.some((c) => touches(c, entry, false))) expect(['invalid', 'unknown']).toContain(verdict);
            else if (since.some((c) => touches(c, entry, true))) expect(verdict).not.toBe('valid');
          }
      }),
      { numRuns: 300 },
    );
  });

  test('what it does not know any more is unknown until the log has been asked', () => {
    const { stamps } = begin(undefined, 10);
    const [{ path }] = entries;
    expect(stamps.verdict(path, tags, 4, LOG)).toBe('unknown');
    for (const name of stamps.toAsk(path, tags)) stamps.learn(name, 4);
    expect(stamps.verdict(path, tags, 4, LOG)).toBe('valid');
    expect(stamps.verdict(path, tags, 3, LOG)).toBe('invalid');
    expect(stamps.verdict(path, tags, 10, LOG)).toBe('valid');
  });

  test('what live entries hold does not make it invalid for an older entry: it is still asked about', () => {
    const { stamps } = begin(undefined, 10);
    const [{ path }] = entries;
    stamps.hold(['^/c', '^/c/post']);
    expect(stamps.verdict(path, [], 4, LOG)).toBe('unknown');
    for (const name of stamps.toAsk(path, [])) stamps.learn(name, 4);
    expect(stamps.verdict(path, [], 4, LOG)).toBe('valid');
  });

  test('of another log, or before any log is known, everything is invalid', () => {
    const { stamps } = begin();
    expect(stamps.verdict(['c', 'a'], [], 5, 'another')).toBe('invalid');
    const unjoined = new Stamps(manualClock(), () => {});
    expect(unjoined.verdict(['c', 'a'], [], 5, '')).toBe('invalid');
    expect(unjoined.check(5, [], undefined, () => ['c', 'a'])).toBe('invalid');
    expect(unjoined.joined).toBe(false);
  });
});

describe('check', () => {
  /** A live entry: what its shelf holds, what it holds itself, and whether a change of its own key has removed it. */
  test('says of live entries what the history says; a change of their own path is told to their shelf instead', () => {
    fc.assert(
      fc.property(history, fc.nat(25), (changes, putAt) => {
        const { stamps, told } = begin({ stamps: 4, rules: 2 });
        const held: { base: readonly number[]; own: readonly number[]; from: number }[] = [];
        changes.forEach((one, i) => {
          if (i === Math.min(putAt, changes.length - 1))
            for (const { path, dependencies } of entries)
              held.push({
                base: stamps.hold(implicitDependencies(path.slice(0, 2)).slice(0, -1)),
                own: stamps.hold([...implicitDependencies(path).slice(2, -2), ...dependencies]),
                from: told.length,
              });
          stamps.apply(i + 1, one);
          stamps.advance(i + 1);
        });
        held.forEach(({ base, own, from }, which) => {
          const entry = entries[which];
          const mark = Math.min(putAt, changes.length - 1);
          const since = changes.slice(mark).flat();
          const [hard, soft] = [false, true].map((s) => since.some((c) => touches(c, entry, s)));
          const removed = told.slice(from).some((t) => t.path === encodePath(entry.path) && !t.soft);
          const aged = told.slice(from).some((t) => t.path === encodePath(entry.path) && t.soft);
          const verdict = stamps.check(mark, base, own, () => entry.path);
          // Folded rules may say more than was said, never less.
          if (hard) expect(removed || verdict === 'invalid').toBe(true);
          else if (soft) expect(removed || aged || verdict !== 'valid').toBe(true);
          const rules = changes.flat().filter((c) => c.replace('?', '').startsWith('*')).length;
          if (!hard && rules <= 2) expect(verdict).not.toBe('invalid');
          if (!hard && !soft && rules <= 2) expect([verdict, removed, aged]).toEqual(['valid', false, false]);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('names give back what was held; what is released is forgotten with its stamp', () => {
    const { stamps } = begin({ stamps: 100, rules: 10 });
    const first = stamps.hold(tags);
    const second = stamps.hold(['#/c/t']);
    expect([stamps.names(first), stamps.names(second), stamps.size.held]).toEqual([tags, ['#/c/t'], 2]);
    stamps.apply(1, ['#/c/t']);
    stamps.release(first);
    expect(stamps.size.held).toBe(1);
    stamps.release(second);
    expect(stamps.size.held).toBe(0);
    expect(stamps.verdict(['c', 'a'], ['#/c/t'], 0, LOG)).toBe('invalid');
    expect(stamps.verdict(['c', 'a'], ['#/c/u'], 0, LOG)).toBe('valid');
    const again = stamps.hold(['#/c/new', '#/c/t']);
    expect(stamps.names(again)).toEqual(['#/c/new', '#/c/t']);
    expect(stamps.check(0, [], again, () => ['c', 'a'])).toBe('invalid');
  });
});

describe('what could not be said', () => {
  test.each([...changesOf, ...changesOf.map(softly)])('%s is distrusted until it has been said', (name) => {
    const { stamps, told } = begin();
    stamps.distrust([name]);
    stamps.distrust([name]);
    const soft = name.startsWith('?');
    const rule = patterns.find((p) => name.endsWith('*' + encodePattern(p)));
    const below = rule && '^' + encodePath(literalPrefix(rule));
    const verdicts = () => entries.map((entry) => stamps.verdict(entry.path, entry.dependencies, 1000, LOG));
    const expected = entries.map((entry) =>
      touches(name, entry, soft) ||
      (below !== undefined && [...implicitDependencies(entry.path), ...entry.dependencies].includes(below))
        ? soft
          ? 'soft'
          : 'invalid'
        : 'valid',
    );
    expect(verdicts()).toEqual(expected);
    expect([stamps.horizon, stamps.unsaid]).toEqual([Infinity, 1]);
    for (const entry of entries.filter((e) => touches(name, e, soft) && e.dependencies.length === 0))
      if (/^\??[=^*]/.test(name) && literal(name) >= entry.path.length)
        expect(told.map(({ path }) => path)).toContain(encodePath(entry.path));
    stamps.said([name]);
    expect(verdicts()).toEqual(expected); // said once, distrusted twice
    stamps.said([name]);
    expect(verdicts()).toEqual(entries.map(() => 'valid'));
    expect([stamps.horizon, stamps.unsaid]).toEqual([0, 0]);
  });

  /** How many segments of a change's name are literal from the beginning. */
  function literal(name: string): number {
    const rule = patterns.find((p) => name.endsWith('*' + encodePattern(p)));
    return rule ? literalPrefix(rule).length : name.split('/').length - 1;
  }
});

describe('seq and horizon', () => {
  test('every event that may change a verdict moves seq; the horizon is the newest mark known', () => {
    const { stamps } = begin(undefined, 3);
    const steps = [
      () => stamps.apply(5, ['#/c/t']),
      () => stamps.advance(5),
      () => stamps.learn('#/c/u', 2),
      () => stamps.distrust(['#/c/t']),
      () => stamps.said(['#/c/t']),
      () => stamps.join({ incarnation: 'next', head: 1 }),
    ];
    const horizons = steps.map((step) => {
      const before = stamps.seq;
      step();
      expect(stamps.seq).toBeGreaterThan(before);
      return stamps.horizon;
    });
    expect(horizons).toEqual([5, 5, 5, Infinity, 5, 1]);
    expect([stamps.applied, stamps.known, stamps.incarnation]).toEqual([1, 1, 'next']);
  });

  test('a change told twice, or late, changes nothing more', () => {
    const { stamps } = begin();
    stamps.apply(2, ['#/c/t']);
    stamps.apply(1, ['#/c/t']);
    stamps.apply(2, ['#/c/t']);
    expect(stamps.verdict(['c', 'a'], ['#/c/t'], 2, LOG)).toBe('valid');
    expect(stamps.verdict(['c', 'a'], ['#/c/t'], 1, LOG)).toBe('invalid');
  });
});

describe('markFor', () => {
  test('is the mark that a source lagging this much is sure to have seen', () => {
    const clock = manualClock();
    const stamps = new Stamps(clock, () => {});
    stamps.rememberFor(1000);
    stamps.join({ incarnation: LOG, head: 0 });
    clock.advance(5000);
    const appliedAt: number[] = [];
    for (let mark = 1; mark <= 60; mark++) {
      stamps.apply(mark, ['#/c/t']);
      stamps.advance(mark);
      appliedAt.push(clock.now());
      clock.advance((mark * 37) % 200);
      const seen = appliedAt.filter((at) => at <= clock.now() - 1000).length;
      const sure = stamps.markFor(1000);
      expect(sure).toBeLessThanOrEqual(seen);
      // Changes are remembered in steps of a sixteenth of the lag: no more than that is given away.
      expect(sure).toBeGreaterThanOrEqual(appliedAt.filter((at) => at <= clock.now() - 1000 - 2 * 63).length);
      expect(stamps.markFor(0)).toBe(mark);
    }
    clock.advance(1000);
    expect(stamps.markFor(1000)).toBe(60);
  });
});
