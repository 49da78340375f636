/** The outbox: a change that could not be said is distrusted, tried again ever more slowly, and trusted once it has been said. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Change, MaybePromise } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { Outbox } from '../../src/engine/outbox.ts';
import { Stamps } from '../../src/engine/stamps.ts';
import { type Deferred, deferred, idle } from '../support/deferred.ts';

const EVERYTHING = '^/c';

function begin(say?: (change: Change) => MaybePromise<number | undefined>) {
  const clock = manualClock();
  const stamps = new Stamps(clock, () => {});
  stamps.join({ incarnation: 'log', head: 0 });
  const said: Change[] = [];
  const log = { up: false, head: 0 };
  const outbox = new Outbox(
    stamps,
    clock,
    EVERYTHING,
    say ??
      ((change) => {
        said.push(change);
        if (!log.up) return undefined;
        stamps.apply(++log.head, change);
        return log.head;
      }),
  );
  const trusted = (tag: string, mark = 1000) => stamps.verdict(['c', 'a'], [tag], mark, 'log') === 'valid';
  return { clock, stamps, outbox, said, log, trusted };
}

test('what waits is distrusted, and nothing else', async () => {
  const { outbox, log, trusted } = begin();
  outbox.add(['#/c/t', '#/c/u']);
  outbox.add(['#/c/u']);
  expect([outbox.size, trusted('#/c/t'), trusted('#/c/u'), trusted('#/c/v')]).toEqual([2, false, false, true]);
  log.up = true;
  await outbox.flush();
  expect([outbox.size, trusted('#/c/t'), trusted('#/c/u'), trusted('#/c/t', 0)]).toEqual([0, true, true, false]);
});

test('it is all said as one change', async () => {
  const { outbox, said, log } = begin();
  log.up = true;
  outbox.add(['#/c/t']);
  outbox.add(['#/c/u', '#/c/t']);
  await outbox.flush();
  expect(said).toEqual([['#/c/t', '#/c/u']]);
  await outbox.flush();
  expect(said).toHaveLength(1);
});

test('it is tried again by itself: after 100 ms, then twice as late each time, at least every 5 s', async () => {
  const { clock, outbox, said, log } = begin();
  const start = clock.now();
  const times: number[] = [];
  outbox.add(['#/c/t']);
  for (let i = 0; i < 300; i++) {
    const before = said.length;
    await clock.advanceAsync(100);
    if (said.length > before) times.push(clock.now() - start);
  }
  expect(times.slice(0, 7)).toEqual([100, 300, 700, 1500, 3100, 6300, 11_300]);
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  expect(Math.max(...gaps)).toBe(5000);
  log.up = true;
  await clock.advanceAsync(5000);
  expect(outbox.size).toBe(0);
  log.up = false;
  const before = said.length;
  outbox.add(['#/c/t']);
  await clock.advanceAsync(100);
  expect(said).toHaveLength(before + 1); // fast again after a success
});

test('no timer is left when nothing waits', async () => {
  const { clock, outbox, log } = begin();
  outbox.add(['#/c/t']);
  log.up = true;
  await clock.advanceAsync(100);
  expect([outbox.size, clock.pending]).toEqual([0, 0]);
});

test('what changes again while it is being said stays distrusted until it is said again', async () => {
  const gate = deferred<number | undefined>();
  const answers = [gate.promise, Promise.resolve(2)];
  const { outbox, trusted } = begin(() => answers.shift());
  outbox.add(['#/c/t']);
  const first = outbox.flush();
  outbox.add(['#/c/t']);
  gate.resolve(1);
  await first;
  expect([outbox.size, trusted('#/c/t')]).toEqual([1, false]);
  await outbox.flush();
  expect([outbox.size, trusted('#/c/t')]).toEqual([0, true]);
});

test('more than a thousand become everything; saying that is enough', async () => {
  const { outbox, said, log, trusted } = begin();
  for (let i = 0; i < 1000; i++) outbox.add([`#/c/${i}`]);
  expect([outbox.size, trusted('#/c/other')]).toEqual([1000, true]);
  outbox.add(['#/c/1000']);
  expect([outbox.size, trusted('#/c/other')]).toEqual([1, false]);
  for (let i = 0; i < 5000; i++) outbox.add([`#/c/${i}`]);
  expect(outbox.size).toBe(1);
  log.up = true;
  await outbox.flush();
  expect(said).toEqual([[EVERYTHING]]);
  expect([outbox.size, trusted('#/c/1000'), trusted('#/c/other'), trusted('#/c/other', 0)]).toEqual([
    0,
    true,
    true,
    false,
  ]);
});

test('whatever happens, a name is distrusted exactly while it waits or is being said', async () => {
  const name = fc.nat(5).map((n) => `#/c/${n}`);
  const step = fc.oneof(
    fc.record({ add: fc.array(name, { minLength: 1, maxLength: 3 }) }),
    fc.record({ up: fc.boolean() }),
    fc.record({ wait: fc.nat(3000) }),
    fc.constant('flush' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { clock, outbox, stamps, log, trusted } = begin();
      const waiting = new Set<string>();
      for (const one of steps) {
        if (one === 'flush') await outbox.flush();
        else if ('add' in one) {
          outbox.add(one.add);
          for (const n of one.add) waiting.add(n);
        } else if ('up' in one) log.up = one.up;
        else await clock.advanceAsync(one.wait);
        if (outbox.size === 0) waiting.clear();
        expect(outbox.size).toBe(waiting.size);
        expect(stamps.unsaid).toBe(waiting.size);
        for (let n = 0; n <= 5; n++) expect(trusted(`#/c/${n}`)).toBe(!waiting.has(`#/c/${n}`));
      }
    }),
    { numRuns: 200 },
  );
});

describe('close', () => {
  test('says once more what waits, and leaves no timer', async () => {
    const { clock, outbox, said } = begin();
    outbox.add(['#/c/t']);
    await outbox.close();
    expect([said.length, clock.pending]).toEqual([1, 0]);
  });

  test('waits for what is being said', async () => {
    const gate = deferred<number | undefined>();
    const { outbox } = begin(() => gate.promise);
    outbox.add(['#/c/t']);
    void outbox.flush();
    let closed = false;
    const closing = outbox.close().then(() => (closed = true));
    await idle();
    const before = closed;
    gate.resolve(1);
    await closing;
    expect([before, closed]).toEqual([false, true]);
  });
});

describe('where what is under way may end with the request that began it', () => {
  const LONGEST = 500;

  /** An outbox whose sayings end only when a test lets them. */
  function beginInRequests() {
    const clock = manualClock();
    const stamps = new Stamps(clock, () => {});
    stamps.join({ incarnation: 'log', head: 0 });
    const sayings: (Deferred<number | undefined> & { readonly change: Change })[] = [];
    const kept: Promise<unknown>[] = [];
    const say = (change: Change) => {
      const saying = { ...deferred<number | undefined>(), change };
      sayings.push(saying);
      return saying.promise;
    };
    const timers: (() => void)[] = [];
    const ending = {
      now: () => clock.now(),
      after: (ms: number, task: () => void) => {
        const cancel = clock.after(ms, task);
        timers.push(cancel);
        return cancel;
      },
    };
    const outbox = new Outbox(stamps, ending, EVERYTHING, say, LONGEST, (work) => void kept.push(work));
    /** All requests end. */
    const end = () => timers.splice(0).forEach((cancel) => cancel());
    return { clock, stamps, outbox, sayings, kept, end };
  }

  test('what has been on its way for too long is taken back and said again', async () => {
    const { clock, stamps, outbox, sayings } = beginInRequests();
    outbox.add(['#/c/t']);
    void outbox.flush();
    await clock.advanceAsync(LONGEST - 1);
    void outbox.flush();
    expect(sayings).toHaveLength(1);
    await clock.advanceAsync(1);
    void outbox.flush();
    expect(sayings.map(({ change }) => change)).toEqual([['#/c/t'], ['#/c/t']]);
    sayings[0].resolve(undefined); // the first comes to its end after all: that is nobody's any more
    await idle();
    expect([outbox.size, stamps.unsaid]).toEqual([0, 1]);
    sayings[1].resolve(2);
    await idle();
    expect([outbox.size, stamps.unsaid]).toEqual([0, 0]);
  });

  test('nor is it waited for any longer where the clock has been set back', async () => {
    let ahead = 1_000_000;
    const clock = manualClock();
    const stamps = new Stamps(clock, () => {});
    let said = 0;
    const say = () => new Promise<undefined>(() => said++);
    const shown = { now: () => clock.now() + ahead, after: clock.after.bind(clock) };
    const outbox = new Outbox(stamps, shown, EVERYTHING, say, LONGEST);
    outbox.add(['#/c/t']);
    void outbox.flush();
    ahead = 0;
    await clock.advanceAsync(LONGEST);
    void outbox.flush();
    expect(said).toBe(2);
  });

  test('a timer that has ended keeps no other from being set', async () => {
    const { clock, outbox, sayings, end } = beginInRequests();
    outbox.add(['#/c/t']);
    end();
    await clock.advanceAsync(LONGEST + 100);
    outbox.add(['#/c/u']);
    await clock.advanceAsync(100);
    expect(sayings.map(({ change }) => change)).toEqual([['#/c/t', '#/c/u']]);
  });

  test('the request is asked to stay until what waits has been said', async () => {
    const { clock, outbox, sayings, kept } = beginInRequests();
    outbox.add(['#/c/t']);
    let over = false;
    void Promise.all(kept).then(() => (over = true));
    await clock.advanceAsync(99);
    expect([kept.length, over]).toEqual([1, false]);
    await clock.advanceAsync(1);
    expect([kept.length, over, sayings.length]).toEqual([2, true, 1]); // it is the saying now that it stays for
    let said = false;
    void kept[1].then(() => (said = true));
    await idle();
    expect(said).toBe(false);
    sayings[0].resolve(1);
    await idle();
    expect(said).toBe(true);
  });

  test('closing waits no longer than that for what is being said', async () => {
    const { clock, outbox } = beginInRequests();
    outbox.add(['#/c/t']);
    void outbox.flush();
    let closed = false;
    void outbox.close().then(() => (closed = true));
    await clock.advanceAsync(2 * LONGEST);
    expect(closed).toBe(true);
  });
});
