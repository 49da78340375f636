/** Tasks run after what they rest on, as many at once as may, and each once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycleIn, type Outcome, runInOrder } from '../../src/build/schedule.ts';

type Graph = ReadonlyMap<string, { readonly dependsOn: readonly string[] }>;

const graph = (edges: Readonly<Record<string, readonly string[]>>): Graph =>
  new Map(Object.entries(edges).map(([id, dependsOn]) => [id, { dependsOn }]));

/** Runs that end when the test says so. */
class Runs {
  readonly started: string[] = [];
  readonly #ends = new Map<string, (end: 'ok' | 'failed' | Error) => void>();

  readonly run = (id: string, signal: AbortSignal): Promise<'ok' | 'failed'> => {
    this.started.push(id);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => this.end(id, signal.reason as Error));
      this.#ends.set(id, (end) => (typeof end === 'string' ? resolve(end) : reject(end)));
    });
  };

  get running(): readonly string[] {
    return [...this.#ends.keys()];
  }

  end(id: string, end: 'ok' | 'failed' | Error = 'ok'): void {
    this.#ends.get(id)?.(end);
    this.#ends.delete(id);
  }
}

/** All that waits for nothing but what has happened is done. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const dags = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 14 })
  .chain((all) =>
    fc.tuple(
      fc.constant(all),
      fc.shuffledSubarray(
        all.map((_, i) => i),
        { minLength: all.length },
      ),
    ),
  )
  .map(([all, order]) => {
    const dependsOn = (i: number): readonly string[] => (i === 0 ? [] : all[i].map((n) => `t${n % i}`));
    return new Map(order.map((i) => [`t${i}`, { dependsOn: dependsOn(i) }]));
  });

test('in any graph: after what it rests on ended well, no more at once than may, each once', async () => {
  await fc.assert(
    fc.asyncProperty(
      dags,
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })), { minLength: 20, maxLength: 20 }),
      async (tasks, concurrency, keepGoing, ends) => {
        const runs = new Runs();
        const ended = new Map<string, 'ok' | 'failed'>();
        const run = (id: string, signal: AbortSignal): Promise<'ok' | 'failed'> => {
          expect(runs.started).not.toContain(id);
          for (const other of tasks.get(id)!.dependsOn) expect(ended.get(other)).toBe('ok');
          const result = runs.run(id, signal);
          expect(runs.running.length).toBeLessThanOrEqual(concurrency);
          return result;
        };
        let outcomes: ReadonlyMap<string, Outcome> | undefined;
        const all = runInOrder(tasks, { concurrency, run, keepGoing }).then((found) => (outcomes = found));
        for (const [which, how] of ends) {
          await settled();
          if (runs.running.length === 0) break;
          // No room is left empty while something could run.
          const idle = [...tasks].filter(
            ([id, { dependsOn }]) =>
              !runs.started.includes(id) && dependsOn.every((other) => ended.get(other) === 'ok'),
          );
          expect(Math.min(concurrency - runs.running.length, idle.length)).toBe(0);
          const id = runs.running[which % runs.running.length];
          ended.set(id, how === 0 ? 'failed' : 'ok');
          runs.end(id, ended.get(id));
        }
        await all;
        expect(runs.running).toEqual([]);
        expect([...outcomes!.keys()]).toEqual([...tasks.keys()]);
        for (const [id, outcome] of outcomes!) {
          expect(outcome).toBe(ended.get(id) ?? 'skipped');
          const isDoomed = tasks.get(id)!.dependsOn.some((other) => outcomes!.get(other) !== 'ok');
          if (keepGoing) expect(outcome === 'skipped').toBe(isDoomed);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('a circle in any graph is found, and is one', () => {
  const graphs = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(graphs, (all) => {
      const tasks = new Map(all.map((edges, i) => [`t${i}`, { dependsOn: edges.map((n) => `t${n % all.length}`) }]));
      const cycle = cycleIn(tasks);
      const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
        tasks
          .get(from)!
          .dependsOn.some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
      expect(cycle !== undefined).toBe([...tasks.keys()].some((id) => reaches(id, id)));
      if (cycle === undefined) return;
      expect(cycle[0]).toBe(cycle.at(-1));
      expect(new Set(cycle).size).toBe(cycle.length - 1);
      for (const [i, next] of cycle.slice(1).entries()) expect(tasks.get(cycle[i])!.dependsOn).toContain(next);
    }),
  );
});

test('what could run at the same time begins in the order of the map', async () => {
  const runs = new Runs();
  const all = runInOrder(graph({ c: [], a: [], d: ['c'], b: [] }), { concurrency: 2, run: runs.run });
  for (const id of ['a', 'c', 'd', 'b']) {
    await settled();
    runs.end(id);
  }
  await all;
  expect(runs.started).toEqual(['c', 'a', 'b', 'd']);
});

describe('after a failure', () => {
  const tasks = graph({ a: [], b: [], c: ['a'], d: ['b'], e: [] });

  test('what runs is stopped and nothing begins', async () => {
    const runs = new Runs();
    const all = runInOrder(tasks, { concurrency: 2, run: runs.run });
    await settled();
    runs.end('a', 'failed');
    expect(Object.fromEntries(await all)).toEqual({
      a: 'failed',
      b: 'skipped',
      c: 'skipped',
      d: 'skipped',
      e: 'skipped',
    });
    expect(runs.started).toEqual(['a', 'b']);
  });

  test('one that ends well although it was told to stop has ended well', async () => {
    const ended = runInOrder(graph({ a: [], b: [] }), {
      concurrency: 2,
      run: (id, signal) =>
        id === 'a'
          ? Promise.resolve('failed')
          : new Promise((resolve) => signal.addEventListener('abort', () => resolve('ok'))),
    });
    expect(Object.fromEntries(await ended)).toEqual({ a: 'failed', b: 'ok' });
  });

  test('all else goes on, if that is asked for', async () => {
    const runs = new Runs();
    const all = runInOrder(tasks, { concurrency: Infinity, run: runs.run, keepGoing: true });
    await settled();
    runs.end('a', 'failed');
    for (const id of ['b', 'e', 'd']) {
      await settled();
      runs.end(id);
    }
    expect(Object.fromEntries(await all)).toEqual({ a: 'failed', b: 'ok', c: 'skipped', d: 'ok', e: 'ok' });
  });
});

describe('it rejects, once nothing runs any more,', () => {
  test('with the reason of an abort', async () => {
    const runs = new Runs();
    const abort = new AbortController();
    const all = runInOrder(graph({ a: [], b: [], c: ['a'] }), { concurrency: 2, run: runs.run, signal: abort.signal });
    await settled();
    abort.abort(new Error('enough'));
    await expect(all).rejects.toThrow('enough');
    expect(runs.started).toEqual(['a', 'b']);
    expect(runs.running).toEqual([]);
  });

  test('at once with the reason of an abort that came before', async () => {
    const runs = new Runs();
    const signal = AbortSignal.abort(new Error('never'));
    await expect(runInOrder(graph({ a: [] }), { concurrency: 1, run: runs.run, signal })).rejects.toThrow('never');
    expect(runs.started).toEqual([]);
  });

  test.each([false, true])(
    'with what a run threw, which is no failure of a task (keepGoing: %s)',
    async (keepGoing) => {
      const runs = new Runs();
      const run = (id: string, signal: AbortSignal): Promise<'ok' | 'failed'> => {
        if (id === 'b') throw new Error('disk full');
        return runs.run(id, signal);
      };
      await expect(runInOrder(graph({ a: [], b: [], c: [] }), { concurrency: 2, run, keepGoing })).rejects.toThrow(
        'disk full',
      );
      expect(runs.started).toEqual(['a']);
      expect(runs.running).toEqual([]);
    },
  );

  test.each<[what: string, tasks: Graph, message: string]>([
    ['a circle', graph({ a: ['b'], b: ['c'], c: ['b'] }), 'tasks rest on each other: b -> c -> b'],
    ['a task on itself', graph({ a: ['a'] }), 'tasks rest on each other: a -> a'],
    ['a dependency that is not there', graph({ a: ['z'] }), "tasks: a rests on z, which isn't among them"],
  ])('with bad_option for %s, before anything begins', async (_, tasks, message) => {
    const runs = new Runs();
    await expect(runInOrder(tasks, { concurrency: 1, run: runs.run })).rejects.toThrow(
      expect.objectContaining({ code: 'bad_option', message }),
    );
    expect(runs.started).toEqual([]);
  });
});

test('a chain of ten thousand tasks is no trouble', async () => {
  const chain = new Map(
    Array.from({ length: 10_000 }, (_, i) => [`t${i}`, { dependsOn: i === 0 ? [] : [`t${i - 1}`] }]),
  );
  expect(cycleIn(chain)).toBeUndefined();
  expect(cycleIn(new Map([...chain, ['t0', { dependsOn: ['t9999'] }]]))).toHaveLength(10_001);
});
