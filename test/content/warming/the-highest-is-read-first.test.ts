/** The queue of a warmer: order, bounds, and nobody who waits for ever. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manualClock } from 'tidemark/testing';
import { ReadQueue, type Ticket } from '../../../src/content/warming/read-queue.ts';
import { turn } from '../../../src/engine/turn.ts';

const never = new AbortController().signal;

test('turns come by priority, equal ones in the order they came, few at a time, and few wait', async () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ what: fc.constant('add'), key: fc.nat(12), priority: fc.nat(4) }) },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('done'), key: fc.nat(12), priority: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('withdraw'), key: fc.nat(12), priority: fc.constant(0) }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 6 }),
      async (steps, concurrency, capacity) => {
        const queue = new ReadQueue({ concurrency, capacity, clock: manualClock() });
        let model: { key: number; priority: number; seq: number; ticket: Ticket }[] = [];
        const reading: Ticket[] = [];
        const order: number[] = [];
        const expected: number[] = [];
        const promote = () => {
          while (model.length > 0 && reading.length < concurrency) {
            model.sort((a, b) => b.priority - a.priority || a.seq - b.seq);
            const next = model.shift()!;
            reading.push(next.ticket);
            expected.push(next.seq);
          }
        };
        for (const [seq, { what, key, priority }] of steps.entries()) {
          if (what === 'add') {
            const joined = queue.joined(key, priority);
            const waiting = model.find((one) => one.key === key);
            expect(joined).toBe(waiting?.ticket);
            if (waiting) waiting.priority = Math.max(waiting.priority, priority);
            else if (model.length < capacity) {
              const ticket = queue.add(key, priority);
              void ticket.turn.then((mine) => mine && order.push(seq));
              model.push({ key, priority, seq, ticket });
            }
          } else if (what === 'done' && reading.length > 0) {
            queue.done(reading.splice(key % reading.length, 1)[0], 'read');
          } else if (what === 'withdraw' && model.length > 0) {
            const { ticket } = model[key % model.length];
            model = model.filter((one) => one.ticket !== ticket);
            const ended = ticket.ended();
            expect(queue.withdraw(ticket)).toBe(true);
            expect(queue.withdraw(ticket)).toBe(false);
            expect(await ticket.turn).toBe(false);
            expect(await ended).toBe('withdrawn');
          }
          promote();
          expect(queue.underWay).toBe(reading.length);
          expect(queue.waiting).toBe(model.length);
          expect(queue.underWay).toBeLessThanOrEqual(concurrency);
          expect(queue.waiting).toBeLessThanOrEqual(capacity);
        }
        await turn();
        expect(order).toEqual(expected);
      },
    ),
  );
});

test('who waits for room gets it by priority, and one that gives up passes it on', async () => {
  const queue = new ReadQueue({ concurrency: 1, capacity: 1, clock: manualClock() });
  const underWay = queue.add('a', 0);
  queue.add('b', 0); // waits: now there is no room
  const got: string[] = [];
  const gaveUp = new AbortController();
  const wait = async (name: string, priority: number, signal = never) => {
    while (queue.isFull && !signal.aborted) await queue.room(priority, signal);
    if (signal.aborted) return;
    got.push(name);
    queue.add(name, priority);
  };
  void wait('low', 1);
  void wait('high', 9);
  void wait('highest', 10, gaveUp.signal);
  await turn();
  expect(got).toEqual([]);
  queue.done(underWay, 'read'); // b has its turn, and its place is free: the highest is told
  gaveUp.abort(); // and gives up in the same moment
  await turn();
  expect(got).toEqual(['high']);
  expect(queue.waiting).toBe(1);
});

test('a read that never ends does not keep its place for ever', async () => {
  const clock = manualClock();
  const queue = new ReadQueue({ concurrency: 1, capacity: 10, clock });
  const lost = queue.add('lost', 0);
  expect(await lost.turn).toBe(true);
  clock.advance(61_000);
  const next = queue.add('next', 0);
  expect(await next.turn).toBe(true);
  expect(queue.underWay).toBe(1);
  queue.done(lost, 'read'); // late: that changes nothing
  expect(queue.underWay).toBe(1);
});

test('those whose owner is gone are dropped: who joined them is told, and none of them gets a turn', async () => {
  const queue = new ReadQueue({ concurrency: 1, capacity: 10, clock: manualClock() });
  const [lost, alsoLost, mine] = [queue.add('a', 2), queue.add('b', 2), queue.add('c', 1)];
  const ended = Promise.all([lost.ended(), alsoLost.ended()]);
  let turns = 0;
  void alsoLost.turn.then(() => turns++);
  queue.forget([lost, alsoLost]);
  expect(await ended).toEqual(['withdrawn', 'withdrawn']);
  expect(await mine.turn).toBe(true);
  expect([queue.waiting, queue.underWay, turns]).toEqual([0, 1, 0]);
});
