/** Whatever is done to it, the cache holds what a sorted map with times would hold. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cache } from 'tidemark/embedded';
import type { ManualClock } from 'tidemark/testing';
import { anyText } from '../support/arbitraries.ts';
import { bothModes, listed, opened } from './opened.ts';

interface Real {
  readonly views: readonly Cache<number>[];
  readonly clock: ManualClock;
}

/** The model: one map for each view. */
class Model {
  now = 0;
  readonly maps: Map<string, { readonly value: number; readonly until: number }>[] = [new Map(), new Map()];

  get(view: number, key: string): number | undefined {
    const entry = this.maps[view].get(key);
    return entry && entry.until > this.now ? entry.value : undefined;
  }

  set(view: number, key: string, value: number, ttlMs = Infinity): void {
    this.maps[view].set(key, { value, until: this.now + ttlMs });
  }

  living(view: number): [string, number][] {
    const all = [...this.maps[view]].filter(([, { until }]) => until > this.now);
    return all.map(([key, { value }]): [string, number] => [key, value]).toSorted(([a], [b]) => byCodePoints(a, b));
  }

  sweep(): number {
    let swept = 0;
    for (const map of this.maps)
      for (const [key, { until }] of map) if (until <= this.now) swept += map.delete(key) ? 1 : 0;
    return swept;
  }
}

function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

type Command = fc.AsyncCommand<Model, Real>;
type Op = { readonly key: string; readonly value?: number; readonly ttlMs?: number };

function command(name: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

const view = fc.constantFrom(0, 1);
// Of lone surrogates only some orders are right, so the order is tried without them; `namespaces never cross` has them.
const shortKey = fc.oneof(
  anyText.filter((text) => !/\p{Surrogate}/u.test(text)),
  fc.constantFrom('', 'a', 'b', 'c', 'a/b', '\u{1f600}'),
);
// Of those that are too long for a row none shares its beginning with another: such have no order among each other.
const longKey = fc.constantFrom('p'.repeat(700), 'q'.repeat(10_000), 'é'.repeat(2500));
const key = fc.oneof({ weight: 6, arbitrary: shortKey }, { weight: 1, arbitrary: longKey });
const ttlMs = fc.option(fc.constantFrom(0, 1, 5, 20), { nil: Infinity });
const op: fc.Arbitrary<Op> = fc.oneof(fc.record({ key }), fc.record({ key, value: fc.nat(), ttlMs }));

const commands = fc.commands<Model, Real, false>(
  [
    fc.tuple(view, key).map(([v, k]) =>
      command(`get ${v} ${k}`, async (model, { views }) => {
        expect(await views[v].get(k)).toBe(model.get(v, k));
        expect(await views[v].has(k)).toBe(model.get(v, k) !== undefined);
      }),
    ),
    fc.tuple(view, key, fc.nat(), ttlMs).map(([v, k, value, ttl]) =>
      command(`set ${v} ${k} ${ttl}`, async (model, { views }) => {
        model.set(v, k, value, ttl);
        await views[v].set(k, value, { ttlMs: ttl });
      }),
    ),
    fc.tuple(view, key).map(([v, k]) =>
      command(`del ${v} ${k}`, async (model, { views }) => {
        model.maps[v].delete(k);
        await views[v].del(k);
      }),
    ),
    fc.tuple(view, fc.array(op, { maxLength: 6 })).map(([v, ops]) =>
      command(`batch ${v} ${JSON.stringify(ops)}`, async (model, { views }) => {
        for (const one of ops)
          if (one.value === undefined) model.maps[v].delete(one.key);
          else model.set(v, one.key, one.value, one.ttlMs);
        await views[v].batch(
          ops.map((one) =>
            one.value === undefined
              ? { type: 'del', key: one.key }
              : { type: 'put', key: one.key, value: one.value, ttlMs: one.ttlMs },
          ),
        );
      }),
    ),
    fc.tuple(view, fc.option(fc.nat({ max: 4 }), { nil: undefined })).map(([v, limit]) =>
      command(`entries ${v} ${limit}`, async (model, { views }) => {
        expect(await listed(views[v].entries({ limit }))).toEqual(model.living(v).slice(0, limit));
      }),
    ),
    fc.integer({ min: 1, max: 10 }).map((ms) =>
      command(`pass ${ms}`, async (model, { clock }) => {
        model.now += ms;
        clock.advance(ms);
      }),
    ),
    fc.constant(
      command('sweep', async (model, { views }) => {
        await views[0].sweepExpired();
        model.sweep();
        expect((await views[0].getStats()).totalEntries).toBe(model.maps[0].size + model.maps[1].size);
      }),
    ),
    view.map((v) =>
      command(`clear ${v}`, async (model, { views }) => {
        await views[v].clear();
        model.maps[v].clear();
      }),
    ),
  ],
  { size: 'large', maxCommands: 60 },
);

describe.each([
  ...bothModes.map((one) => ({ ...one, followed: false })),
  ...bothModes.map((one) => ({ mode: `${one.mode}, with an engine that follows`, compat: one.compat, followed: true })),
])('$mode', ({ compat, followed }) => {
  test('any commands', async () => {
    const { cache, clock } = await opened<number>({ ...compat, cleanupIntervalMs: 0 });
    const views = [cache, cache.withNamespace('below')];
    if (followed) await cache.getOrLoad('first', () => 0);
    await fc.assert(
      fc.asyncProperty(commands, async (given) => {
        for (const one of views) await one.clear();
        const model = new Model();
        await fc.asyncModelRun(() => ({ model, real: { views, clock } }), given);
        for (const v of [0, 1]) expect(await listed(views[v].entries())).toEqual(model.living(v));
        if (!followed) return;
        const sound = { damaged: 0, untimed: 0, orphans: 0, counted: true };
        expect(await cache.backend.verify()).toMatchObject(sound);
      }),
      { numRuns: 40 },
    );
  });
});
