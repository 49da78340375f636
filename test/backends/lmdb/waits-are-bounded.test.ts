/** A write waits for others who open or write, in order and not without end; what is given up fails for its caller alone. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manualClock } from 'tidemark/testing';
import { failure } from '../../support/deferred.ts';
import { type StubbedPlace, stubbedPlace } from './stubbed-place.ts';

const inUse = expect.objectContaining({ code: 'in_use' });
const timeout = expect.objectContaining({ code: 'store_timeout' });
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeEach(() => void process.on('unhandledRejection', note));
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** How a promise stands after everything that can happen now has happened. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const pending = new Promise((resolve) => setImmediate(resolve, 'pending'));
  const told = promise.then(
    () => 'done',
    () => 'failed',
  );
  return (await Promise.race([told, pending])) as string;
}

describe('while somebody opens the file', () => {
  test('writes wait, and are done in their order', async () => {
    const place = stubbedPlace();
    place.opener = 'there';
    const [one, two] = [place.write('one'), place.write('two')];
    expect(await stateOf(Promise.race([one, two]))).toBe('pending');
    place.opener = 'gone';
    await Promise.all([one, two]);
    expect(place.written).toEqual(['one', 'two']);
    expect(place.marks).toBe(0);
  });

  test('an opener that never ends makes all who wait fail at the same time, and none later', async () => {
    const place = stubbedPlace({ impatient: true });
    place.opener = 'there';
    const writes = [place.write('one'), place.write('two'), place.write('three')];
    await Promise.all(writes.map((write) => expect(write).rejects.toEqual(inUse)));
    expect(place.moments).toBe(10_000);
    place.opener = 'gone';
    await place.write('four');
    expect(place.written).toEqual(['four']);
    expect(place.transactions.idle).toBe(true);
  });
});

describe('beside a writer that stands still', () => {
  /** What a write is given up by: ten seconds without anything moving, and the rest of the second in which it came. */
  const LONG = 11_000;

  async function stuck(): Promise<{ place: StubbedPlace; clock: ReturnType<typeof manualClock> }> {
    const clock = manualClock();
    const place = stubbedPlace({ clock });
    place.alone = false;
    place.lock = 'taken';
    return { place, clock };
  }

  test('a write fails after ten seconds and not before, and is never done', async () => {
    const { place, clock } = await stuck();
    const write = place.write('one');
    await clock.advanceAsync(9_999);
    expect(await stateOf(write)).toBe('pending');
    const failed = failure(write);
    await clock.advanceAsync(LONG - 9_999);
    expect(await failed).toEqual(timeout);
    place.lock = 'free';
    await place.thread();
    expect(place.written).toEqual([]);
    expect(place.marks).toBe(0);
  });

  test('others are refused at once from then on, so that they do not pile up, until something moves', async () => {
    const { place, clock } = await stuck();
    const write = failure(place.write('one'));
    await clock.advanceAsync(LONG);
    expect(await write).toEqual(timeout);
    for (let i = 0; i < 100; i++) await expect(place.write('more')).rejects.toEqual(timeout);
    expect(place.queued).toBe(1);
    place.lock = 'free';
    await place.thread();
    const after = place.write('after');
    await place.thread();
    await after;
    expect(place.written).toEqual(['after']);
  });

  test('a process that stood still itself blames nobody', async () => {
    let now = 0;
    let timers: (() => void)[] = [];
    const clock = { now: () => now, after: (_: number, task: () => void) => (timers.push(task), () => {}) };
    const place = stubbedPlace({ clock });
    place.alone = false;
    place.lock = 'taken';
    const write = place.write('one');
    now += 3_600_000;
    const overdue = timers;
    timers = [];
    for (const fire of overdue) fire(); // what a process does first when it goes on
    place.lock = 'free';
    await place.thread();
    await write;
    expect(place.written).toEqual(['one']);
  });

  test('a write that has begun is not given up, however long its commit takes', async () => {
    const { place, clock } = await stuck();
    place.lock = 'free';
    place.disk = 'stalled';
    const write = place.write('one');
    const begun = place.thread();
    await clock.advanceAsync(5 * LONG);
    expect(await stateOf(write)).toBe('pending');
    place.disk = 'well';
    await begun;
    await write;
    expect(place.written).toEqual(['one']);
  });

  test('while others move, nobody is given up', async () => {
    const { place, clock } = await stuck();
    const writes = [1, 2, 3, 4].map((i) => place.write(String(i)));
    for (const write of writes) {
      await clock.advanceAsync(9_000);
      place.lock = 'free';
      await place.thread(1);
      place.lock = 'taken';
      await write;
    }
    expect(place.written).toEqual(['1', '2', '3', '4']);
  });

  test('settling waits for what was accepted, and not for what lmdb still has of what was given up', async () => {
    const { place, clock } = await stuck();
    const write = failure(place.write('one'));
    const settled = place.transactions.settle();
    expect(await stateOf(settled)).toBe('pending');
    await clock.advanceAsync(LONG);
    expect(await write).toEqual(timeout);
    await settled;
    expect(place.transactions.idle).toBe(false);
    let free = 0;
    place.transactions.onceFree(() => free++);
    expect(free).toBe(0);
    place.lock = 'free';
    await place.thread();
    expect([free, place.transactions.idle]).toEqual([1, true]);
  });

  test('what needs the file for itself is refused', async () => {
    const { place, clock } = await stuck();
    const write = failure(place.write('one'));
    const held = failure(place.transactions.hold(async () => 'never'));
    await clock.advanceAsync(LONG);
    expect(await Promise.all([write, held])).toEqual([timeout, timeout]);
    expect(place.transactions.held).toBeUndefined();
  });

  test('a work that fails fails for its caller alone', async () => {
    const { place } = await stuck();
    place.lock = 'free';
    const no = new Error('no');
    const failing = place.transactions.write(() => {
      throw no;
    });
    const other = place.write('other');
    const failed = failure(failing);
    await Promise.all([place.thread(), other]);
    expect(await failed).toBe(no);
    expect(place.written).toEqual(['other']);
  });
});
