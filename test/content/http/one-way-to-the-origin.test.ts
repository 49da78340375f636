/** Those who ask for the same at once share one way to the origin, never a response, and not longer than is good for them. */
import { memoryHttpStore } from 'tidemark/content/http';
import { describe, expect, test } from 'vitest';
import { deferred, failure, idle } from '../../support/deferred.ts';
import { ok, paused, stage, told } from './origin.ts';

const FRESH = { 'cache-control': 'max-age=60' };

test('a hundred who ask at once are answered by one request, each with a body of their own', async () => {
  const { answer, calls } = paused();
  const { get, asked } = stage(answer);
  const answers = Array.from({ length: 100 }, () => get('/'));
  await idle();
  calls[0].resolve(ok('body', FRESH));
  const responses = await Promise.all(answers);
  expect(await Promise.all(responses.map((each) => each.text()))).toEqual(Array.from({ length: 100 }, () => 'body'));
  expect(asked).toHaveLength(1);
  expect(responses.map(told).filter((status) => status.includes('collapsed'))).toHaveLength(99);
});

test('who asks for another variant isn’t answered with this one', async () => {
  const { answer, calls } = paused();
  const { get, asked } = stage(answer);
  const answers = ['de', 'en', 'en', 'de'].map((language) => get('/', { 'accept-language': language }));
  await idle();
  const answerWith = (call: number) =>
    calls[call].resolve(ok(asked[call].headers.get('accept-language')!, { ...FRESH, vary: 'accept-language' }));
  answerWith(0);
  await idle();
  answerWith(1);
  const bodies = await Promise.all(answers.map(async (each) => (await each).text()));
  expect(bodies).toEqual(['de', 'en', 'en', 'de']);
  expect(asked).toHaveLength(2);
});

test('what isn’t for all is asked for by everybody, each for themselves', async () => {
  const { answer, calls } = paused();
  const { get, asked } = stage(answer);
  const answers = [1, 2, 3].map(() => get('/'));
  await idle();
  calls[0].resolve(ok('1', { 'cache-control': 'private' }));
  await idle();
  // The two that waited find nothing: one of them leads, the other tries once more to join, and then goes, too.
  while (calls.length < 3) {
    calls.at(-1)!.resolve(ok(String(calls.length), { 'cache-control': 'private' }));
    await idle();
  }
  calls[2].resolve(ok('3', { 'cache-control': 'private' }));
  const bodies = await Promise.all(answers.map(async (each) => (await each).text()));
  expect(bodies.toSorted()).toEqual(['1', '2', '3']);
  expect(asked).toHaveLength(3);
});

test('requests with Authorization wait for nobody, and nobody for them', async () => {
  const { answer, calls } = paused();
  const { get } = stage(answer);
  const answers = [get('/', { authorization: 'a' }), get('/'), get('/', { authorization: 'b' })];
  await idle();
  expect(calls).toHaveLength(3);
  for (const [index, call] of calls.entries()) call.resolve(ok(String(index), FRESH));
  expect(await Promise.all(answers.map(async (each) => (await each).text()))).toEqual(['0', '1', '2']);
});

test('what has to be confirmed for each is asked for by each at once', async () => {
  const { answer, calls } = paused();
  const { get } = stage(answer);
  const first = get('/');
  await idle();
  calls[0].resolve(ok('body', { 'cache-control': 'no-cache', etag: '"1"' }));
  await (await first).text();
  await idle();
  const answers = [1, 2, 3].map(() => get('/'));
  await idle();
  expect(calls).toHaveLength(4);
  for (const call of calls.slice(1)) call.resolve(new Response(null, { status: 304 }));
  expect(await Promise.all(answers.map(async (each) => (await each).text()))).toEqual(['body', 'body', 'body']);
});

test('a failure fails for all who waited, once, and the next asks anew', async () => {
  const { answer, calls } = paused();
  const { get } = stage(answer);
  const answers = [1, 2, 3].map(() => failure(get('/')));
  await idle();
  const error = new Error('no route');
  calls[0].reject(error);
  expect(await Promise.all(answers)).toEqual([error, error, error]);
  expect(calls).toHaveLength(1);
  const next = get('/');
  await idle();
  calls[1].resolve(ok('body'));
  expect(await (await next).text()).toBe('body');
});

test('who waits too long goes alone, and the leader still gets its own', async () => {
  const { answer, calls } = paused();
  const { get, clock } = stage(answer, { joinTimeout: '2s' });
  const [leader, joiner] = [get('/'), get('/')];
  await idle();
  await clock.advanceAsync(2000);
  await idle();
  calls[1].resolve(ok('second', FRESH));
  expect(await (await joiner).text()).toBe('second');
  calls[0].resolve(ok('first', FRESH));
  expect(await (await leader).text()).toBe('first');
  await idle();
  expect(await (await get('/')).text(), 'the one that was asked for later is kept').toBe('second');
});

test('a way that never ends is waited for once, and not by everybody after', async () => {
  const { answer, calls } = paused();
  const { get, clock } = stage(answer, { joinTimeout: '2s' });
  const [, joiner] = [get('/'), get('/')];
  await idle();
  await clock.advanceAsync(2000);
  await idle();
  const next = get('/');
  await idle();
  expect(calls, 'the next joins the second').toHaveLength(2);
  calls[1].resolve(ok('second', FRESH));
  expect([await (await joiner).text(), await (await next).text()]).toEqual(['second', 'second']);
});

describe('a client that goes away', () => {
  test('takes the request with it when nobody else waits', async () => {
    const { answer, calls } = paused();
    const { get, asked } = stage(answer);
    const gone = new AbortController();
    const answered = failure(get('/', {}, { signal: gone.signal }));
    await idle();
    gone.abort(new Error('gone'));
    expect(await answered).toEqual(new Error('gone'));
    expect(asked[0].signal.aborted).toBe(true);
    const next = get('/');
    await idle();
    calls[1].resolve(ok('body'));
    expect(await (await next).text(), 'the next doesn’t join what was given up').toBe('body');
  });

  test('leaves it to the others when they wait, whoever came first', async () => {
    const { answer, calls } = paused();
    const { get, asked } = stage(answer);
    const gone = [new AbortController(), new AbortController()];
    const answers = [
      failure(get('/', {}, { signal: gone[0].signal })),
      failure(get('/', {}, { signal: gone[1].signal })),
      get('/'),
    ];
    await idle();
    for (const each of gone) each.abort(new Error('gone'));
    expect(await Promise.all(answers.slice(0, 2))).toEqual([new Error('gone'), new Error('gone')]);
    expect(asked[0].signal.aborted).toBe(false);
    calls[0].resolve(ok('body', FRESH));
    expect(await ((await answers[2]) as Response).text()).toBe('body');
    expect(asked).toHaveLength(1);
  });

  test('in the middle of the body doesn’t keep it from being stored', async () => {
    const { get, asked } = stage(() => ok(chunks('first ', 'second'), FRESH));
    await (await get('/')).body!.cancel();
    await idle();
    expect(await (await get('/')).text()).toBe('first second');
    expect(asked).toHaveLength(1);
  });
});

test('a body that breaks off is not stored, and who waited asks anew', async () => {
  const { get, asked } = stage((_, count) => ok(count === 1 ? broken('half') : 'whole', FRESH));
  const [leader, joiner] = [get('/'), get('/')];
  expect(await failure((await leader).text())).toEqual(new Error('cut'));
  expect(await (await joiner).text()).toBe('whole');
  expect(asked).toHaveLength(2);
});

test('the work that outlives the response is handed to waitUntil', async () => {
  const end = deferred();
  const { get } = stage(() => ok(chunks('first', end.promise, 'last'), FRESH));
  const works: Promise<unknown>[] = [];
  const response = await get('/', {}, {}, { waitUntil: (work) => works.push(work) });
  let over = false;
  void Promise.all(works).then(() => (over = true));
  await idle();
  expect([works.length, over]).toEqual([1, false]);
  end.resolve();
  expect(await response.text()).toBe('firstlast');
  await idle();
  expect(over).toBe(true);
});

describe('a store that fails', () => {
  const broke = new Error('disk');

  test('is a miss, and is told of', async () => {
    const errors: unknown[] = [];
    const fails = () => Promise.reject(broke);
    const { get, asked } = stage(() => ok('body', FRESH), {
      store: { get: fails, put: fails, delete: fails },
      onError: (error) => errors.push(error),
    });
    for (let time = 1; time <= 2; time++) {
      expect(await (await get('/')).text()).toBe('body');
      await idle();
      expect(asked).toHaveLength(time);
    }
    expect(new Set(errors)).toEqual(new Set([broke]));
  });

  test('to delete is not believed any more about what it held', async () => {
    const store = memoryHttpStore();
    const { get, clock } = stage((_, count) => ok(`body ${count}`, FRESH), {
      store: { ...store, delete: () => Promise.reject(broke) },
    });
    await (await get('/')).text();
    await (await get('/other')).text();
    await idle();
    expect((await get('/', {}, { method: 'DELETE' })).status).toBe(200);
    clock.advance(1);
    expect(await (await get('/')).text()).toBe('body 4');
    expect(await (await get('/other')).text()).toBe('body 5');
    await idle();
    expect(await (await get('/')).text()).toBe('body 4');
  });
});

describe('a store that hangs', () => {
  const never = () => new Promise<never>(() => {});

  test('costs a read no more than its time limit', async () => {
    const { get, clock } = stage(() => ok('body', FRESH), { store: { get: never, put: never, delete: never } });
    const answered = get('/');
    await idle();
    await clock.advanceAsync(1000);
    expect(await (await answered).text()).toBe('body');
  });

  test('while it writes or deletes doesn’t hold up who reads, and nothing deleted comes back', async () => {
    const records = new Map<string, unknown>();
    const writing = deferred();
    const { get, clock } = stage((_, count) => ok(`body ${count}`, FRESH), {
      store: {
        get: (key) => records.get(key) as never,
        put: async (key, record) => {
          await writing.promise;
          records.set(key, record);
        },
        delete: (key) => void records.delete(key),
      },
    });
    await (await get('/')).text();
    await idle();
    const change = get('/', {}, { method: 'PUT' });
    await idle();
    await clock.advanceAsync(2000);
    expect(await (await change).text()).toBe('body 2');
    writing.resolve(); // the first one's record arrives only now
    await idle();
    expect(await (await get('/')).text()).toBe('body 3');
  });
});

test('the memory store keeps to its bytes: who was used longest ago leaves', async () => {
  const { get, asked } = stage(() => ok('x'.repeat(1000), FRESH), { store: memoryHttpStore({ maxBytes: 8000 }) });
  for (const path of ['/1', '/2', '/1', '/3', '/4', '/1', '/2']) {
    await (await get(path)).text();
    await idle();
  }
  expect(asked.map(({ url }) => new URL(url).pathname)).toEqual(['/1', '/2', '/3', '/4', '/2']);
});

function chunks(...parts: (string | Promise<void>)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const part = parts.shift();
      if (part === undefined) controller.close();
      else if (typeof part === 'string') controller.enqueue(new TextEncoder().encode(part));
      else {
        await part;
        await this.pull!(controller);
      }
    },
  });
}

function broken(first: string): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new Error('cut'));
      else controller.enqueue(new TextEncoder().encode(first));
      sent = true;
    },
  });
}
