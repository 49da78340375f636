/** A state that several ask for at the same time is made once. Each may stop waiting; when none waits any more the work is given up. */
import { describe, expect, test } from 'vitest';
import { driveActions } from 'tidemark/testing';
import { deferred, failure, idle } from '../support/deferred.ts';
import { driveOf, right, seen, setUp } from './support/set-up.ts';

describe('sixteen readers of a cold document', () => {
  test.each([undefined, 120])('do the work of one, revision %s', async (target) => {
    const history = driveOf(250);
    const alone = await setUp([history]);
    await alone.read(history, target);
    const { read, source, cache } = await setUp([history]);
    const documents = await Promise.all(Array.from({ length: 16 }, () => read(history, target)));
    expect(source.calls).toEqual(alone.source.calls);
    expect(source.rows).toBe(alone.source.rows);
    expect(cache.stats()).toMatchObject({ cold: 1, joined: 15, reads: 16, replayed: alone.cache.stats().replayed });
    for (const document of documents) {
      expect(document.state).toBe(documents[0].state);
      expect(seen(document)).toEqual(right(history, target));
    }
    expect(new Set(documents.map(({ header }) => header)).size).toBe(16);
  });

  test('do the work of one when they ask one after the other, and of two for two revisions', async () => {
    const history = driveOf(40);
    const { read, source, cache } = await setUp([history]);
    const gate = deferred();
    source.hook = (question) => (question === 'getSince' ? gate.promise : undefined);
    const reads: Promise<unknown>[] = [];
    for (let i = 0; i < 8; i++) {
      reads.push(read(history), read(history, 20));
      await idle();
    }
    gate.resolve();
    await Promise.all(reads);
    expect(cache.stats()).toMatchObject({ cold: 2, joined: 14 });
  });

  test('all learn of a failure, and the next one begins anew', async () => {
    const history = driveOf(4);
    const { read, source, cache } = await setUp([history]);
    source.hook = (question) => {
      if (question === 'getSince') throw new Error('the source is down');
    };
    const errors = await Promise.all(Array.from({ length: 16 }, () => failure(read(history))));
    expect(new Set(errors).size).toBe(1);
    expect(errors[0]).toMatchObject({ message: 'the source is down' });
    expect(source.calls.getSince).toBe(1);
    source.hook = undefined;
    expect(seen(await read(history))).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ failed: 16, cold: 1 });
  });
});

test('who asks after an append never gets what was begun before it', async () => {
  const history = driveOf(4);
  const { read, source, append } = await setUp([history]);
  const gate = deferred();
  source.hook = (question) => (question === 'getSince' ? gate.promise : undefined);
  const early = read(history);
  await idle();
  const old = right(history);
  history.add(driveActions.addFolder('appended'));
  await append(history);
  const late = read(history);
  await idle();
  gate.resolve();
  expect(seen(await early)).toEqual(old);
  expect(seen(await late)).toEqual(right(history));
  expect(seen(await read(history))).toEqual(right(history));
});

describe('who waits with others', () => {
  async function waiting() {
    const history = driveOf(4);
    const made = await setUp([history]);
    const gate = deferred();
    let signal: AbortSignal | undefined;
    made.source.hook = (question, _, given) => {
      if (question !== 'getSince') return undefined;
      signal = given;
      return gate.promise;
    };
    const aborts = [new AbortController(), new AbortController(), new AbortController()];
    const reads = aborts.map((abort) => made.read(history, undefined, { signal: abort.signal }));
    await idle();
    return { ...made, history, aborts, reads, gate, source: made.source, signal: () => signal };
  }

  test('may stop waiting alone', async () => {
    const { aborts, reads, gate, history, cache, signal } = await waiting();
    const why = new Error('enough');
    aborts[1].abort(why);
    expect(await failure(reads[1])).toBe(why);
    aborts[0].abort(why); // who began it, too
    expect(await failure(reads[0])).toBe(why);
    expect(signal()?.aborted).toBe(false);
    gate.resolve();
    expect(seen(await reads[2])).toEqual(right(history));
    expect(cache.stats()).toMatchObject({ aborted: 2, joined: 1, reads: 3 });
  });

  test('has the work given up when all have stopped, and the next one begins anew', async () => {
    const { aborts, reads, gate, history, cache, signal, source, read } = await waiting();
    for (const abort of aborts) abort.abort(new Error('enough'));
    for (const one of reads) expect(await failure(one)).toMatchObject({ message: 'enough' });
    expect(signal()?.aborted).toBe(true);
    source.hook = undefined;
    const again = read(history);
    gate.resolve();
    expect(seen(await again)).toEqual(right(history));
    await idle();
    expect(cache.stats()).toMatchObject({ aborted: 3, cold: 1, failed: 0 });
  });

  test('asks for nothing at all with a signal that has been aborted before', async () => {
    const history = driveOf(2);
    const { read, source, cache } = await setUp([history]);
    source.reset();
    const why = new Error('before');
    expect(await failure(read(history, undefined, { signal: AbortSignal.abort(why) }))).toBe(why);
    expect(source.count).toBe(0);
    expect(cache.stats()).toMatchObject({ aborted: 1, reads: 1 });
  });

  test('joins no work that all others have left', async () => {
    const { aborts, reads, gate, history, read, source } = await waiting();
    for (const abort of aborts) abort.abort(new Error('enough'));
    const late = read(history);
    for (const one of reads) await failure(one);
    await idle();
    source.hook = undefined;
    gate.resolve();
    expect(seen(await late)).toEqual(right(history));
  });
});
