/** A backend may answer reads at once and still take its time to write: nothing is acknowledged early, and nothing given up comes through. */
import { describe, expect, test } from 'vitest';
import { type ChangeLog, createCache, memory, type Position } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { hostileBackend, manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { Gates } from '../../src/testing/simulation/gates.ts';
import { idle } from '../support/deferred.ts';
import { MapStore } from '../support/map-store.ts';
import { timedCache } from '../support/timed-cache.ts';

const never = () => new Promise<never>(() => {});

/** A cache on a backend whose reads answer at once, messages of some kinds held; and another that is never held up. */
function stage() {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const gates = new Gates();
  const held = new Set<string>();
  const gate = async (message: string) => {
    if (held.has(message)) await gates.hold('', message);
  };
  const truth = new Map([['k', 1]]);
  const loads: string[] = [];
  const cache = (slow: boolean) => {
    const store = sharedBackend({ space, sync: true, ...(slow ? { gate } : {}) });
    const made = createCache({ clock, tiers: [memory(), { store, timeout: 200 }] });
    const load = (key: string) => (loads.push(key), truth.get(key));
    return { cache: made, posts: made.define<number | undefined>('post', { load }) };
  };
  return { clock, space, gates, held, truth, loads, slow: cache(true), quick: cache(false) };
}

/** Whether a promise has settled once all that can has. */
async function settled(work: Promise<unknown>): Promise<boolean> {
  let done = false;
  void work.then(() => (done = true));
  await idle();
  return done;
}

describe('a set', () => {
  test('is acknowledged only when it is in the log', async () => {
    const { space, gates, held, slow } = stage();
    held.add('commit');
    const done = slow.posts.set('k', 2);
    expect([await settled(done), space.position.head]).toEqual([false, 0]);
    gates.releaseAll();
    expect(await done).toEqual({ mark: 1, reach: 'everywhere' });
    expect([space.keys.length, await slow.posts.get('k')]).toEqual([1, 2]);
  });

  test('goes to the backend with its change, in one step', async () => {
    const { space, held, slow, quick } = stage();
    held.add('setMany').add('append');
    await slow.posts.set('k', 2);
    expect(space.keys).toHaveLength(1);
    expect(await quick.posts.get('k', { load: false })).toBe(2);
  });

  test('that was given up does not come through later, over a newer change', async () => {
    const { clock, space, gates, held, truth, slow, quick } = stage();
    let commits = 0;
    const commit = space.commit.bind(space);
    space.commit = (change, records) => (commits++, commit(change, records));
    held.add('commit').add('append');
    truth.set('k', 2);
    const lost = slow.posts.set('k', 2);
    await clock.advanceAsync(250);
    expect((await lost).reach).toBe('local');
    truth.set('k', 3);
    await quick.posts.invalidate('k');
    expect(await quick.posts.get('k')).toBe(3);
    held.clear();
    gates.releaseAll();
    await clock.advanceAsync(10_000); // the change is said anew
    expect([commits, space.position.head]).toEqual([0, 2]);
    expect([await quick.posts.get('k'), await slow.posts.get('k')]).toEqual([3, 3]);
    expect(slow.cache.stats().log.unsaid).toBe(0);
  });

  test('that a hostile backend brings late is not brought once it was given up', async () => {
    const clock = manualClock();
    const space = new SharedSpace({ clock });
    const backend = hostileBackend({ backend: sharedBackend({ space, sync: true }), clock, delay: 500 });
    const cache = createCache({ clock, tiers: [memory(), { store: backend, timeout: 200 }] });
    const posts = cache.define<number>('post');
    backend.commitFault = 'late';
    const lost = posts.set('k', 1);
    await clock.advanceAsync(250);
    expect((await lost).reach).toBe('local');
    backend.log.fault = 'reject';
    await clock.advanceAsync(10_000);
    expect([space.position.head, space.keys]).toEqual([0, []]);
  });
});

describe('while an append is under way', () => {
  test('reads go on, from memory and from the backend', async () => {
    const { gates, held, slow, quick } = stage();
    await quick.posts.set('other', 7);
    await slow.posts.get('k');
    held.add('append');
    const saying = slow.cache.invalidate({ tags: ['t'] });
    expect([await slow.posts.get('k'), await slow.posts.get('other')]).toEqual([1, 7]);
    expect(await settled(saying)).toBe(false);
    gates.releaseAll();
    expect(await saying).toEqual({ mark: 2, reach: 'everywhere' });
  });

  test('a page that has it already is applied, and the answer afterwards undoes nothing', async () => {
    const { clock, gates, held, truth, loads, slow } = stage();
    await slow.posts.get('k');
    held.add('append answer').add('wake');
    truth.set('k', 2);
    const saying = slow.posts.invalidate('k');
    await clock.advanceAsync(1000); // it asks by itself: the change is in the log
    expect(await slow.posts.get('k')).toBe(2);
    held.clear();
    gates.releaseAll();
    expect((await saying).reach).toBe('local'); // its answer took too long
    expect(await settled(slow.posts.get('k'))).toBe(true);
    expect(await slow.posts.get('k')).toBe(2);
    expect(loads.filter((key) => key === 'k').length).toBeGreaterThan(1);
  });

  test('a change that was heard of before its answer is one change', async () => {
    const { gates, held, truth, loads, slow } = stage();
    await slow.posts.get('k');
    held.add('append answer');
    truth.set('k', 2);
    const saying = slow.posts.invalidate('k');
    await idle(); // the wake-up has come
    expect(slow.cache.stats().log).toMatchObject({ known: 1, applied: 1 });
    expect(await slow.posts.get('k')).toBe(2);
    gates.releaseAll();
    expect(await saying).toEqual({ mark: 1, reach: 'everywhere' });
    expect(await slow.posts.get('k')).toBe(2);
    expect(loads).toEqual(['k', 'k']); // what was loaded since stays
  });
});

describe('a synchronous store that takes its time to write', () => {
  test('has a time limit for it: the operation is aborted', async () => {
    const store = new MapStore({ sync: true });
    const signals: AbortSignal[] = [];
    store.before = (operation, { signal }) => {
      if (operation !== 'setMany') return undefined;
      signals.push(signal);
      return never();
    };
    const { cache, clock } = timedCache({ behind: [{ store, timeout: 300 }] });
    const posts = cache.define<string>('post');
    const done = posts.set('1', 'set');
    await clock.advanceAsync(299);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await clock.advanceAsync(1);
    expect(signals[0].reason).toMatchObject({ code: 'store_timeout' });
    expect(await done).toMatchObject({ reach: 'everywhere' });
  });

  test('is written to in batches while a write is under way, and writes do not pile up', async () => {
    const store = new MapStore({ sync: true });
    const { cache } = timedCache({ behind: [{ store, maxBatch: 5000 }] });
    const posts = cache.define<string>('post', { load: (key) => key });
    store.before = (operation) => (operation === 'setMany' ? never() : undefined);
    for (let round = 0; round < 5; round++) await posts.getMany(Array.from({ length: 500 }, (_, i) => `${round} ${i}`));
    await idle();
    const written = store.made('setMany').map((keys) => keys.length);
    expect(written).toEqual([1, 499, 500, 24]);
    expect(cache.stats().tiers[1].skipped).toBe(2500 - 1024);
  });

  test('is read at once meanwhile', async () => {
    const store = new MapStore({ sync: true });
    const { cache } = timedCache({ behind: [store], memory: { maxEntries: 1 } });
    const posts = cache.define<string>('post');
    await posts.set('1', 'set');
    store.before = (operation) => (operation === 'setMany' ? never() : undefined);
    void posts.set('2', 'set');
    await idle();
    expect(await posts.get('1')).toBe('set');
  });
});

test('an append that answers with a thenable of another kind is waited for', async () => {
  const log = localLog();
  const thenable = (answer: Position) => {
    const done = idle().then(() => answer);
    // oxlint-disable-next-line unicorn/no-thenable -- what some clients answer with
    return { then: done.then.bind(done) } as Promise<Position>;
  };
  const cache = createCache({
    log: { ...bound(log), append: (change, call) => thenable(log.append(change, call) as Position) },
  });
  expect(await cache.invalidate({ tags: ['t'] })).toEqual({ mark: 1, reach: 'everywhere' });
});

/** The same log with methods that can be taken apart. */
function bound(log: ChangeLog): ChangeLog {
  return {
    sync: log.sync,
    append: (change, call) => log.append(change, call),
    position: (call) => log.position(call),
    read: (after, call) => log.read(after, call),
    stamps: (names, call) => log.stamps(names, call),
  };
}
