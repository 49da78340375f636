/** In the runtime of Workers: made at module scope, one store serves many requests, and what waits outlives the one that wrote. */
import { join } from 'node:path';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { KvNamespace } from 'tidemark/stores/workers-kv';
import { root } from '../../support/repository.ts';
import { bundled } from '../../support/worker.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // a runtime is started

const MAIN = `
  import { env, waitUntil } from 'cloudflare:workers';
  import { workersKv } from './store.js';

  let shift = 0;
  const clock = { now: () => Date.now() + shift, 
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
  const stores = {
    kept: workersKv({ namespace: env.KV, prefix: 'kept', clock, defer: waitUntil }),
    left: workersKv({ namespace: env.KV, prefix: 'left', clock }),
  };
  const entry = (value) =>
    ({ value, mark: 1, incarnation: 'log', dependencies: [], freshUntil: Infinity, keptUntil: Infinity });

  export default {
    async fetch(request) {
      const CALL = { signal: new AbortController().signal };
      const [, which, key, value, later] = new URL(request.url).pathname.split('/');
      shift += Number(later ?? 0);
      const store = stores[which];
      const name = '/s/' + key + '~v1';
      const kept = value ? await store.setMany([{ key: name, entry: entry(value) }], CALL) : [];
      const [found] = await store.getMany([name], CALL);
      return Response.json({ kept, value: found?.value, usage: store.usage });
    },
  };
`;

interface Answer {
  readonly kept: readonly boolean[];
  readonly value: string | undefined;
  readonly usage: { readonly coalesced: number; readonly operations: { readonly writes: number } };
}

let miniflare: Miniflare;
let namespace: KvNamespace;

beforeAll(async () => {
  const code = await bundled('src/stores/workers-kv.ts');
  miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: join(root, 'main.js'), contents: MAIN },
      { type: 'ESModule', path: join(root, 'store.js'), contents: code },
    ],
    modulesRoot: root,
    compatibilityDate: '2026-01-01',
    kvNamespaces: ['KV'],
  });
  namespace = (await miniflare.getKVNamespace('KV')) as unknown as KvNamespace;
});
afterAll(() => miniflare.dispose());

async function ask(path: string): Promise<Answer> {
  const response = await miniflare.dispatchFetch(`http://localhost/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

/** The value in the namespace itself, past the store. */
async function valueAt(name: string): Promise<string | undefined> {
  return (await namespace.get([name], { type: 'text' })).get(name)?.split('\n')[1];
}

test('the newest of many requests is written, also after the last of them was answered', async () => {
  for (const value of ['1', '2', '3']) expect(await ask(`kept/a/${value}`)).toMatchObject({ kept: [true], value });
  await vi.waitFor(async () => expect(await valueAt('kept/s/a~v1')).toBe('"3"'), 20_000);
  const { usage } = await ask('kept/a');
  expect(usage.operations.writes + usage.coalesced).toBe(3);
});

test('a write that ended with its request holds nothing up for long', async () => {
  for (const value of ['1', '2']) expect(await ask(`left/a/${value}`)).toMatchObject({ kept: [true], value });
  expect(await ask('left/a/3/20000')).toMatchObject({ kept: [true], value: '3' });
  await vi.waitFor(async () => expect(await valueAt('left/s/a~v1')).toBe('"3"'), 20_000);
});

test('a long key is hashed as everywhere', async () => {
  const key = 'x'.repeat(600);
  expect(await ask(`kept/${key}/1`)).toMatchObject({ kept: [true], value: '1' });
  const { keys } = await namespace.list!({ prefix: 'kept/~h', limit: 10 });
  expect(keys).toEqual([expect.objectContaining({ metadata: { key: `/s/${key}~v1` } })]);
});
