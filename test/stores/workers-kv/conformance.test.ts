/** The store on KV keeps the contract of a store: in the KV that Miniflare runs, and in one that does what it is told. */
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { msgpackCodec } from 'tidemark/codecs/msgpack';
import type { KvNamespace, WorkersKvOptions } from 'tidemark/stores/workers-kv';
import { manualClock, storeSuite } from 'tidemark/testing';
import { MapKv } from './map-kv.ts';
import { open, type Opened } from './settled.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // each operation goes through another process

const CALL = { signal: new AbortController().signal };
const clock = manualClock({ now: Date.UTC(2030, 0) });
let miniflare: Miniflare;
let namespace: KvNamespace;
let made = 0;

beforeAll(async () => {
  const script = 'export default { fetch: () => new Response() }';
  miniflare = new Miniflare({ modules: true, script, kvNamespaces: ['KV'] });
  namespace = (await miniflare.getKVNamespace('KV')) as unknown as KvNamespace; // its own types are those of a missing package
});
afterAll(() => miniflare.dispose());

function suite(name: string, kv: () => KvNamespace, options: Omit<WorkersKvOptions, 'namespace' | 'clock'> = {}): void {
  let opened: Opened;
  const make = () => (opened = open(kv(), { ...options, prefix: `t${++made}`, clock })).store;
  const reopen = () => (opened = open(kv(), { ...options, prefix: `t${made}`, clock })).store;
  storeSuite({ describe, it }, { name, make, reopen, settle: () => opened.settle(), clock });
}

const plain = new MapKv();
suite('a store in a plain namespace', () => plain);
suite('a store in a plain namespace with a codec of bytes', () => plain, { codec: msgpackCodec });
suite("a store in Miniflare's namespace", () => namespace, { clearAtOnce: 1000 });

describe("in Miniflare's namespace", () => {
  const entry = (value: unknown) => ({
    value,
    mark: 1,
    incarnation: 'log',
    dependencies: [],
    freshUntil: Infinity,
    keptUntil: Infinity,
  });

  test('values that are too large for one answer together are read all the same', async () => {
    const { store } = open(namespace, { prefix: 'large', clock });
    const keys = ['/s/a~v1', '/s/b~v1', '/s/c~v1'];
    const value = 'x'.repeat(13_200_000);
    const records = keys.map((key, i) => ({ key, entry: entry(i < 2 ? value : 'small') }));
    expect(await store.setMany(records, CALL)).toEqual([true, true, true]);
    const found = await store.getMany(keys, CALL);
    expect(found.map((one) => String(one?.value).length)).toEqual([value.length, value.length, 5]);
    expect(store.usage.operations.reads).toBeGreaterThan(1);
  });

  test('a list of keys shows each as the cache knows it', async () => {
    const { store } = open(namespace, { prefix: 'shown', clock });
    const keys = ['/s/short~v1', `/s/${'x'.repeat(600)}~v1`, `/s/${'"\\é🌊\0'.repeat(400)}~v1`];
    await store.setMany(
      keys.map((key) => ({ key, entry: entry(key) })),
      CALL,
    );
    const { keys: listed } = await namespace.list!({ prefix: 'shown/', limit: 10 });
    const shown = (listed as readonly { metadata?: { key: string; cut?: true } }[]).map(({ metadata }) => metadata!);
    expect(shown.filter(({ cut }) => !cut).map(({ key }) => key)).toEqual(expect.arrayContaining(keys.slice(0, 2)));
    const cut = shown.find((one) => one.cut)!;
    expect(cut.key.length).toBeGreaterThan(200);
    expect(keys[2].startsWith(cut.key)).toBe(true);
  });
});
