/** The clock of hot paths: at most about a millisecond old, and the real clock is read seldom. */
import { describe, expect, test } from 'vitest';
import type { Clock } from 'tidemark';
import { manualClock } from 'tidemark/testing';
import { CoarseClock } from '../../src/engine/clock.ts';

/** A clock that counts how often it is read and how many timers are set. */
function counting() {
  const inner = manualClock({ now: 1000 });
  const counts = { reads: 0, timers: 0 };
  const clock: Clock = {
    now: () => {
      counts.reads++;
      return inner.now();
    },
    after: (ms, task) => {
      counts.timers++;
      return inner.after(ms, task);
    },
  };
  return { clock, counts, inner };
}

test('ten thousand looks within a millisecond read the clock a dozen times at most, and set one timer', () => {
  const { clock, counts } = counting();
  const coarse = new CoarseClock(clock);
  for (let i = 0; i < 10_000; i++) expect(coarse.now()).toBe(1000);
  expect(counts.reads).toBeLessThanOrEqual(12);
  expect(counts.timers).toBe(1);
});

test('after a millisecond the next look reads anew', () => {
  const { clock, inner, counts } = counting();
  const coarse = new CoarseClock(clock);
  for (let ms = 0; ms < 50; ms++) {
    expect(coarse.now()).toBe(1000 + ms);
    expect(coarse.now()).toBe(1000 + ms);
    inner.advance(1);
  }
  expect(counts.reads).toBe(50);
});

test('whoever does not look sets no timer: an idle clock is at rest', () => {
  const { clock, counts, inner } = counting();
  const coarse = new CoarseClock(clock);
  coarse.now();
  inner.advance(10_000);
  expect([counts.reads, counts.timers, inner.pending]).toEqual([1, 1, 0]);
  expect(coarse.now()).toBe(11_000);
});

test('without a timer firing, time still goes on for those who look often', () => {
  let now = 0;
  let reads = 0;
  const coarse = new CoarseClock({
    now: () => {
      reads++;
      return now;
    },
    after: () => () => {},
  });
  coarse.now();
  now = 500;
  let looks = 0;
  while (coarse.now() < 500 && looks < 20_000) looks++;
  expect(looks).toBeLessThanOrEqual(2000);
  expect(reads).toBe(2);
});

describe('where timers are forbidden', () => {
  test('every look reads the clock, and none fails', () => {
    let now = 7;
    const coarse = new CoarseClock({
      now: () => now,
      after: () => {
        throw new Error('no timers here');
      },
    });
    expect(coarse.now()).toBe(7);
    now = 8;
    expect(coarse.now()).toBe(8);
  });
});

test('a clock that goes backwards is followed', () => {
  const { inner } = counting();
  let offset = 0;
  const coarse = new CoarseClock({ now: () => inner.now() + offset, after: inner.after.bind(inner) });
  expect(coarse.now()).toBe(1000);
  offset = -500;
  inner.advance(1);
  expect(coarse.now()).toBe(501);
});

describe('who is told when the clock is read', () => {
  /** A coarse clock that counts how often it tells. */
  function telling() {
    const inner = manualClock({ now: 1000 });
    let told = 0;
    const coarse: CoarseClock = new CoarseClock(inner, () => {
      told++;
      coarse.now(); // may look at the time: it is known by then
    });
    return { coarse, inner, told: () => told };
  }

  test('hears of it once in a millisecond, and once more after a thousand looks', () => {
    const { coarse, inner, told } = telling();
    for (let i = 0; i < 900; i++) coarse.now();
    expect(told()).toBe(1);
    for (let i = 0; i < 200; i++) coarse.tick();
    expect(told()).toBe(2);
    inner.advance(1);
    expect(coarse.time).toBe(Infinity);
    coarse.now();
    expect(told()).toBe(3);
  });

  test('hears nothing of a quiet look, which tells the same time and leaves the next one to read it', () => {
    const { coarse, inner, told } = telling();
    expect([coarse.quietly(), coarse.time, told(), inner.pending]).toEqual([1000, Infinity, 0, 0]);
    coarse.now();
    inner.advance(1);
    expect([coarse.quietly(), told()]).toEqual([1001, 1]);
    expect([coarse.now(), coarse.quietly(), told()]).toEqual([1001, 1001, 2]);
  });
});
