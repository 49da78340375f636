/** Wherever a read is given up or its source fails: it ends at once, nothing is left behind, and the next read is right. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { randomHistory, seededRandom, textList } from 'tidemark/testing';
import { failure, idle } from '../support/deferred.ts';
import { driveOf, right, seen, setUp } from './support/set-up.ts';

/** Rejections that nobody took. */
function unhandled(): unknown[] {
  const all: unknown[] = [];
  const listener = (reason: unknown) => all.push(reason);
  process.on('unhandledRejection', listener);
  onTestFinished(() => void process.off('unhandledRejection', listener));
  return all;
}

const READS = { head: undefined, 'an earlier revision': 130, 'one that is not there yet': 999 } as const;

describe.each(Object.entries(READS))('a read of %s', (_, target) => {
  test('may be given up at any of its questions', async () => {
    const left = unhandled();
    const history = driveOf(240);
    for (let at = 1; ; at++) {
      const { read, source, store, cache } = await setUp([history]);
      const abort = new AbortController();
      const why = new Error(`given up at ${at}`);
      let asked = 0;
      const hook = async () => {
        if (++asked === at) abort.abort(why);
        await Promise.resolve();
      };
      source.hook = hook;
      store.hook = hook;
      const ended = await failure(read(history, target, { signal: abort.signal }));
      if (asked < at) {
        expect(at).toBeGreaterThan(5);
        expect(ended).toBe('no error');
        break;
      }
      expect(ended).toBe(why);
      source.hook = store.hook = undefined;
      expect(cache.stats()).toMatchObject({ aborted: 1, reads: 1 });
      expect(seen(await read(history, target))).toEqual(right(history, target));
      expect(seen(await read(history))).toEqual(right(history));
    }
    await idle();
    expect(left).toEqual([]);
  });

  test.each(['rejects', 'throws', 'hangs until it is given up'])(
    'fails when the source %s at any question',
    async (how) => {
      const left = unhandled();
      const history = driveOf(240);
      for (let at = 1; ; at++) {
        const { read, source, cache } = await setUp([history]);
        source.reset();
        const abort = new AbortController();
        const why = new Error(`failed at ${at}`);
        const getSince = source.getSince.bind(source);
        const getHeads = source.getHeads.bind(source);
        let asked = 0;
        const fails = <T>(answer: () => Promise<T>): Promise<T> => {
          if (++asked !== at) return answer();
          if (how === 'throws') throw why;
          if (how === 'rejects') return Promise.reject(why);
          setImmediate(() => abort.abort(why));
          return new Promise(() => {});
        };
        source.getSince = (...given) => fails(() => getSince(...given));
        source.getHeads = (...given) => fails(() => getHeads(...given));
        const ended = await failure(read(history, target, { signal: abort.signal }));
        if (asked < at) {
          expect(ended).toBe('no error');
          break;
        }
        expect(ended).toBe(why);
        Object.assign(source, { getSince, getHeads });
        expect(cache.stats().reads).toBe(1);
        expect(seen(await read(history, target))).toEqual(right(history, target));
      }
      await idle();
      expect(left).toEqual([]);
    },
  );
});

test('at any turn of a long replay', async () => {
  const history = driveOf(60);
  const made = await setUp([history], { store: 'none' });
  const { clock, read, cache } = made;
  const now = clock.now.bind(clock);
  let reading = false;
  clock.now = () => {
    if (reading) clock.advance(21); // each operation takes longer than a slice
    return now();
  };
  for (const turns of [1, 5, 30]) {
    cache.clear();
    const abort = new AbortController();
    const why = new Error('enough');
    reading = true;
    const ended = failure(read(history, undefined, { signal: abort.signal }));
    for (let i = 0; i < turns; i++) await idle();
    abort.abort(why);
    expect(await ended).toBe(why);
    reading = false;
    expect(cache.stats().memory.states).toBe(0);
    expect(seen(await read(history))).toEqual(right(history));
  }
});

test(
  'with several readers, a source that is late and fails by chance, and aborts at any moment, every answer is right',
  { timeout: 60_000 },
  async () => {
    const left = unhandled();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1_000_000 }), async (seed) => {
        const random = seededRandom(seed);
        const history = randomHistory(seededRandom(seed), { model: textList, length: 40, protocol: 2 });
        const { read, source, store, cache } = await setUp([history], { keyframeInterval: 2 });
        const hook = async () => {
          for (let turns = Math.floor(random() * 3); turns > 0; turns--) await idle();
          if (random() < 0.15) throw new Error('by chance');
        };
        source.hook = hook;
        store.hook = hook;
        const head = (history.operations['global']?.length ?? 0) - 1;
        await Promise.all(
          Array.from({ length: 12 }, async () => {
            for (let turns = Math.floor(random() * 6); turns > 0; turns--) await idle();
            const target = random() < 0.5 ? undefined : Math.floor(random() * (head + 2)) - 1;
            const abort = new AbortController();
            const reading = read(history, target, { signal: abort.signal }).then(seen, (error: Error) => error.message);
            for (let turns = Math.floor(random() * 8); turns > 0; turns--) await idle();
            if (random() < 0.4) abort.abort(new Error('given up'));
            const answer = await reading;
            if (typeof answer === 'string') expect(['by chance', 'given up']).toContain(answer);
            else expect(answer).toEqual(right(history, target));
          }),
        );
        source.hook = store.hook = undefined;
        expect(seen(await read(history))).toEqual(right(history));
        expect(await cache.verify(history.documentId)).toMatchObject({ wrong: [] });
        const { reads, hits, warm, resumed, cold, joined, failed, aborted } = cache.stats();
        expect(reads).toBe(13);
        expect(hits + warm + resumed + cold + joined + failed + aborted).toBe(13);
      }),
      { numRuns: 40 },
    );
    await idle();
    expect(left).toEqual([]);
  },
);
