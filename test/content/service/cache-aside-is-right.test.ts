/**
 * A program gets, loads what is missing, and sets it; another writes and drops. However the steps of several of them lie in
 * each other, in however many isolates, and however late KV is: what a drop has made wrong is never served.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from 'tidemark/testing';
import { world } from './isolates.ts';

const KEYS = ['content:post:1:v1', 'content:list:all:v1'] as const;

const FILL_WITHIN = 60_000; // as the service has it by default

const anyIsolate = fc.nat(1);
const anyKey = fc.nat(KEYS.length - 1);
const anyCommand = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('get' as const), isolate: anyIsolate, key: anyKey }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), which: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('load' as const), isolate: anyIsolate, key: anyKey }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      isolate: anyIsolate,
      key: anyKey,
      how: fc.constantFrom('delete' as const, 'pattern' as const, 'clear' as const, 'delete and set' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(10, 2000, 30_000) }) },
);

test('whatever gets, sets and drops lie in each other', { timeout: 60_000 }, async () => {
  let [kept, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1 }),
      fc.array(anyCommand, { minLength: 5, maxLength: 40 }),
      async (seed, commands) => {
        const { isolate, clock } = world({
          random: seededRandom(seed),
          maxLag: 60_000,
          homeLag: 0.2,
          cached: 60_000,
          operations: 1e6,
        });
        const services = [isolate(), isolate()].map((one) => one.services.get('content'));
        const database = KEYS.map(() => 0);
        const dropped = KEYS.map(() => 0);
        const loading: {
          readonly isolate: number;
          readonly key: number;
          readonly loaded: number;
          readonly at: number;
        }[] = [];
        const right = (value: number | null, since: number, how: string) => {
          if (value !== null) expect(value, how).toBeGreaterThanOrEqual(since);
        };
        for (const command of commands) {
          if (command.kind === 'wait') await clock.advanceAsync(command.ms);
          else if (command.kind === 'set') {
            const [job] = loading.splice(command.which % Math.max(1, loading.length), 1);
            if (!job || clock.now() - job.at >= FILL_WITHIN) continue; // a load that takes longer isn't protected
            await services[job.isolate].set(KEYS[job.key], job.loaded);
            if ((await services[job.isolate].get(KEYS[job.key])) === null) {
              refused++;
              loading.push({ ...job, loaded: database[job.key], at: clock.now() });
            } else kept++;
          } else {
            const { isolate: i, key } = command;
            const since = dropped[key];
            if (command.kind === 'get') {
              const value = await services[i].get<number>(KEYS[key]);
              right(value, since, 'get');
              if (value === null) loading.push({ isolate: i, key, loaded: database[key], at: clock.now() });
            } else if (command.kind === 'load') {
              const value = await services[i].getOrSet(KEYS[key], async () => database[key]);
              right(value, since, 'getOrSet');
            } else {
              const written = ++database[key];
              if (command.how === 'pattern') await services[i].invalidate(KEYS[key].replace(/[^:]+:v1$/, '*'));
              else if (command.how === 'clear') await services[i].clear();
              else await services[i].delete(KEYS[key]);
              dropped[key] = written;
              if (command.how === 'delete and set') await services[i].set(KEYS[key], written);
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(kept).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(20);
});
