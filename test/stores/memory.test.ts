/** The memory tier by itself: a store like any other, and live shelves that share one limit. */
import { describe, expect, it, test } from 'vitest';
import { type LiveShelf, memory } from 'tidemark';
import { manualClock, storeSuite } from 'tidemark/testing';
import { CoarseClock } from '../../src/engine/clock.ts';
import { decodePath } from '../../src/engine/key.ts';
import { MISS } from '../../src/engine/store.ts';
import { Stamps } from '../../src/engine/stamps.ts';
import { idle } from '../support/deferred.ts';

const clock = manualClock();
storeSuite({ describe, it }, { name: 'memory', make: () => memory({ clock }), keeps: 'objects', clock });

const LOG = 'log';

function begin(options: Parameters<typeof memory>[0] = {}) {
  const time = manualClock();
  const shelves: [string, LiveShelf][] = [];
  const stamps = new Stamps(time, (path, mark, soft) => {
    const [, name, id] = decodePath(path);
    const shelf = shelves.find(([n]) => n === name)?.[1];
    if (id !== undefined) shelf?.changed(id, mark, soft);
  });
  stamps.join({ incarnation: LOG, head: 0 });
  const tier = memory({ ...options, clock: time });
  const coarse = new CoarseClock(time);
  const open = (name: string) => {
    const shelf = tier.shelf(['c', name], stamps, coarse);
    shelves.push([name, shelf]);
    return shelf;
  };
  const entry = (value: unknown, more: object = {}) => ({
    value,
    mark: stamps.known,
    incarnation: LOG,
    dependencies: [],
    freshUntil: Infinity,
    keptUntil: Infinity,
    ...more,
  });
  const change = (...names: string[]) => {
    const mark = stamps.known + 1;
    stamps.apply(mark, names);
    stamps.advance(mark);
  };
  return { time, stamps, tier, open, entry, change };
}

describe('a shelf', () => {
  test('a hit is the very value, until it is no longer fresh or something that it rests on changes', () => {
    const { open, entry, change, time } = begin();
    const shelf = open('post');
    const value = { n: 1 };
    shelf.set('a', entry(value, { dependencies: ['#/c/t'] }));
    shelf.set('b', entry(value, { freshUntil: time.now() + 10, keptUntil: time.now() + 10 }));
    expect([shelf.hit('a'), shelf.hit('b'), shelf.hit('c')]).toEqual([value, value, MISS]);
    expect(shelf.hit('a')).toBe(value);
    change('#/c/u');
    expect(shelf.hit('a')).toBe(value);
    change('#/c/t');
    expect([shelf.hit('a'), shelf.get('a')]).toEqual([MISS, undefined]);
    time.advance(10);
    expect(shelf.hit('b')).toBe(MISS);
  });

  test('an entry verified up to the present is as good as a new one', () => {
    const { open, entry, change, stamps } = begin();
    const shelf = open('post');
    shelf.set('a', entry(1, { dependencies: ['#/c/t'] }));
    for (let i = 0; i < 10; i++) change('#/c/u');
    expect(shelf.look('a')?.mark).toBe(0);
    expect(shelf.hit('a')).toBe(1);
    expect(shelf.look('a')?.mark).toBe(stamps.applied);
  });

  test('what needs a copy for each reader is no hit, but it is there', () => {
    const { open, entry } = begin();
    const shelf = open('post');
    shelf.set('a', entry(1, { copied: true }));
    expect([shelf.hit('a'), shelf.get('a')?.value]).toEqual([MISS, 1]);
  });

  test('everything that an entry says comes back', () => {
    const { open, entry, time } = begin();
    const shelf = open('post');
    const given = entry('value', {
      dependencies: ['#/c/t', '=/c/user/7'],
      freshUntil: time.now() + 1000,
      keptUntil: time.now() + 5000,
      etag: 'v1',
      cost: 20,
      copied: false,
    });
    shelf.set('a', given);
    expect(shelf.get('a')).toEqual(given);
    expect(shelf.look('a')).toEqual(given);
  });

  test('a soft change of its key makes an entry old, not gone; a change that it has seen leaves it alone', () => {
    const { open, entry, time } = begin();
    const shelf = open('post');
    shelf.set('a', entry(1, { freshUntil: time.now() + 1000, keptUntil: time.now() + 9000 }));
    shelf.changed('a', 0, true);
    shelf.changed('a', 0, false);
    expect(shelf.hit('a')).toBe(1);
    shelf.changed('a', 1, true);
    expect([shelf.hit('a'), shelf.get('a')?.value]).toEqual([MISS, 1]);
    expect(shelf.look('a')?.freshUntil).toBeLessThanOrEqual(time.now());
    expect(shelf.look('a')?.keptUntil).toBe(time.now() + 9000);
    shelf.changed('unknown', 1, false);
    shelf.changed('a', 2, false);
    expect(shelf.look('a')).toBeUndefined();
  });

  test('shelves share the limit and nothing else', () => {
    const { open, entry, tier } = begin({ maxEntries: 3 });
    const [a, b] = [open('a'), open('b')];
    a.set('1', entry('a1'));
    b.set('1', entry('b1'));
    a.set('2', entry('a2'));
    b.set('2', entry('b2'));
    expect([a.size, b.size, tier.usage.entries]).toEqual([1, 2, 3]);
    expect([a.hit('1'), a.hit('2'), b.hit('1'), b.hit('2')]).toEqual([MISS, 'a2', 'b1', 'b2']);
    b.clear();
    expect([a.size, b.size, tier.usage.entries]).toEqual([1, 0, 1]);
  });

  test('whatever leaves gives back what it held', () => {
    const { open, entry, stamps, time, change } = begin({ maxEntries: 2 });
    const shelf = open('post');
    const base = stamps.size.held;
    shelf.set('a', entry(1, { dependencies: ['#/c/1', '#/c/2'] }));
    shelf.set('a', entry(2, { dependencies: ['#/c/2', '#/c/3'] })); // replaced
    expect(stamps.size.held - base).toBe(2);
    shelf.set('b', entry(1, { dependencies: ['#/c/2'] }));
    shelf.set('c', entry(1, { dependencies: ['#/c/4'] })); // evicts a
    expect(stamps.size.held - base).toBe(2);
    shelf.delete('b');
    change('#/c/4');
    shelf.get('c');
    shelf.set('d', entry(1, { dependencies: ['#/c/5'], freshUntil: time.now() + 1, keptUntil: time.now() + 1 }));
    time.advance(5);
    shelf.get('d');
    shelf.set('e', entry(1, { dependencies: ['#/c/6'] }));
    shelf.clear();
    expect([stamps.size.held, shelf.size]).toEqual([base, 0]);
  });
});

test('a shelf of paths: what lies between the collection and the key counts', () => {
  const { open, entry, change } = begin();
  const shelf = open('post');
  const id = '\0/a/b/c';
  for (const name of ['^/c', '^/c/post', '^/c/post/a', '^/c/post/a/b']) {
    shelf.set(id, entry(1));
    change('^/c/post/x', '^/c/post/a/x', '^/c/post/b');
    expect(shelf.get(id)?.value).toBe(1);
    change(name);
    expect(shelf.get(id), name).toBeUndefined();
  }
});

test('it is empty after clear, and needs no closing', async () => {
  const tier = memory();
  const call = { signal: new AbortController().signal };
  const entry = { value: 1, mark: 0, incarnation: '', dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
  await tier.setMany([{ key: 'a', entry }], call);
  expect(await tier.getMany(['a', 'b'], call)).toEqual([entry, undefined]);
  await tier.clear(call);
  expect(await tier.getMany(['a'], call)).toEqual([undefined]);
  await idle();
  expect(tier.usage.entries).toBe(0);
});
