/** What a caller does to the object that it loaded, set or was given never changes what others get. */
import { describe, expect, test } from 'vitest';
import { createCache, memory } from 'tidemark';
import { timedCache } from '../support/timed-cache.ts';
import { idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';

interface Doc {
  title: string;
  list: number[];
  at?: Date;
  map?: Map<string, { n: number }>;
  bytes?: Uint8Array;
}

const plain = (): Doc => ({ title: 'right', list: [1, 2] });
const rich = (): Doc => ({
  ...plain(),
  at: new Date(1000),
  map: new Map([['a', { n: 1 }]]),
  bytes: Uint8Array.of(1, 2, 3),
});

/** Tries to change everything; what is frozen throws, which is as good. */
function spoil(doc: Doc): void {
  const tries = [
    () => (doc.title = 'wrong'),
    () => doc.list.push(3),
    () => doc.at?.setTime(5),
    () => doc.map?.set('b', { n: 2 }),
    () => doc.map && (doc.map.get('a')!.n = 7),
    () => doc.bytes?.fill(9),
  ];
  for (const attempt of tries) {
    try {
      attempt();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

describe.each([
  ['plain', plain],
  ['rich', rich],
])('%s data', (_, make) => {
  describe.each(['frozen', 'copied'] as const)('values: %s', (values) => {
    test('the loaded object', async () => {
      const loaded = make();
      const docs = createCache().define<Doc>('doc', { load: () => loaded, values });
      await docs.get('1');
      spoil(loaded);
      expect(await docs.get('1')).toEqual(make());
      expect(docs.peek('1') ?? make()).toEqual(make());
    });

    test('the object that was set', async () => {
      const given = make();
      const docs = createCache().define<Doc>('doc', { values });
      await docs.set('1', given);
      spoil(given);
      expect(await docs.get('1')).toEqual(make());
    });

    test('the object that a read returned', async () => {
      const docs = createCache().define<Doc>('doc', { load: make, values });
      spoil(await docs.get('1'));
      spoil(await docs.get('1'));
      const [one] = await docs.getMany(['1']);
      spoil(one);
      expect(await docs.get('1')).toEqual(make());
    });

    test('readers of one load are kept apart', async () => {
      const docs = createCache().define<Doc>('doc', { load: async () => (await idle(), make()), values });
      const [a, b] = await Promise.all([docs.get('1'), docs.get('1')]);
      spoil(a);
      expect(b).toEqual(make());
    });

    test('an object from a slower tier', async () => {
      const store = new MapStore();
      const cache = createCache({ tiers: [memory({ maxEntries: 1 }), store] });
      const docs = cache.define<Doc>('doc', { load: make, values });
      await docs.getMany(['1', '2']); // the second drives the first out of memory
      await idle();
      spoil(await docs.get('1'));
      expect(await docs.get('1')).toEqual(make());
    });

    test('what a conditional reload is shown', async () => {
      const { cache, clock } = timedCache();
      let fails = false;
      const docs = cache.define<Doc>('doc', {
        values,
        ttl: 1000,
        graceFor: '1h',
        load: (_key, ctx) => {
          if (!fails) return make();
          if (ctx.previous) spoil(ctx.previous.value);
          throw new Error('down');
        },
      });
      await docs.get('1');
      fails = true;
      await clock.advanceAsync(1001);
      await docs.get('1');
      expect(await docs.get('1')).toEqual(make());
    });

    test('an old value served by grace from a slower tier', async () => {
      const store = new MapStore({ sync: true });
      const { cache, clock } = timedCache({ behind: [store], memory: { maxEntries: 1 } });
      let fails = false;
      const docs = cache.define<Doc>('doc', {
        values,
        ttl: 1000,
        graceFor: '1h',
        load: async () => {
          await idle();
          if (fails) throw new Error('down');
          return make();
        },
      });
      await docs.getMany(['1', '2']);
      fails = true;
      await clock.advanceAsync(1001);
      const reads = [docs.get('1'), docs.get('1')];
      spoil(await reads[0]);
      expect(await reads[1]).toEqual(make());
    });
  });
});

test('frozen: every reader gets the same frozen object, and nothing is copied', async () => {
  const loaded = plain();
  const docs = createCache().define<Doc>('doc', { load: () => loaded });
  expect(await docs.get('1')).toBe(loaded);
  expect(docs.peek('1')).toBe(loaded);
  expect([Object.isFrozen(loaded), Object.isFrozen(loaded.list)]).toEqual([true, true]);
});

test('frozen: what cannot be frozen is left alone, and copied for every reader', async () => {
  const loaded = rich();
  const docs = createCache().define<Doc>('doc', { load: () => loaded });
  const got = await docs.get('1');
  expect(got).not.toBe(loaded);
  expect(got).not.toBe(await docs.get('1'));
  expect(Object.isFrozen(loaded)).toBe(false);
});

test('copied: every reader may do with a copy of its own what it likes', async () => {
  const docs = createCache().define<Doc>('doc', { load: plain, values: 'copied' });
  const mine = await docs.get('1');
  mine.list.push(3);
  mine.title = 'mine';
  expect(mine).toEqual({ title: 'mine', list: [1, 2, 3] });
  expect(await docs.get('1')).toEqual(plain());
});

test('shared: everybody has the very object, as asked', async () => {
  class Row {
    n = 1;
  }
  const loaded = new Row();
  const docs = createCache().define<Row>('doc', { load: () => loaded, values: 'shared' });
  expect(await docs.get('1')).toBe(loaded);
  (await docs.get('1')).n = 2;
  expect(docs.peek('1')?.n).toBe(2);
});

test('copied: a long chain hung into an array is copied, however it is linked', async () => {
  interface Node {
    readonly id: number;
    next?: Node;
  }
  const nodes: Node[] = Array.from({ length: 50_000 }, (_, id) => ({ id }));
  nodes.forEach((node, i) => {
    if (nodes[i + 1]) node.next = nodes[i + 1];
  });
  const docs = createCache().define<Node[]>('doc', { load: () => nodes, values: 'copied' });
  const got = await docs.get('1');
  expect([got.length, got[1] === got[0].next, got[1] === nodes[1]]).toEqual([50_000, true, false]);
});
