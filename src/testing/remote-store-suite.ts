/** The conformance suite of a remote: the contract in `build/remote/remote-store.ts`, promise by promise. */
import type { RemoteBody, RemoteKind, RemoteStore } from '../build/remote/remote-store.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import { ensure, errorOf } from './expectations.ts';
import { register, type Skips, type Test, type TestRunner } from './runner.ts';

/** Options of {@link remoteStoreSuite}. */
export interface RemoteStoreSuiteOptions {
  /** What the tests are listed under. */
  readonly name: string;
  /** Makes an empty remote that may be written, with room for 20 MB. Each test asks for its own. */
  readonly make: () => MaybePromise<RemoteStore>;
  readonly skip?: Skips;
}

/**
 * Registers the tests of the contract of remotes, for a place where nothing fails: there it must lose nothing.
 *
 * @example
 * remoteStoreSuite({ describe, it }, { name: 'my remote', make: () => myRemote() });
 */
export function remoteStoreSuite(runner: TestRunner, { name, make, skip }: RemoteStoreSuiteOptions): void {
  const test = (title: string, run: (trial: Trial) => Promise<void>): Test => ({
    name: title,
    run: async () => run(new Trial(await make())),
  });
  const groups = [
    { title: 'names', tests: nameTests(test) },
    { title: 'bytes', tests: byteTests(test) },
    { title: 'failures', tests: failureTests(test) },
  ];
  register(runner, `${name} is a remote store`, groups, skip);
}

type MakeTest = (title: string, run: (trial: Trial) => Promise<void>) => Test;

const KINDS: readonly RemoteKind[] = ['blobs', 'records', 'specs'];
const NAMES: readonly string[] = [
  '0'.repeat(64),
  'f'.repeat(64),
  `${'0'.repeat(63)}1`,
  `1${'0'.repeat(63)}`,
  '0123456789abcdef'.repeat(4),
];
const [NAME, OTHER] = NAMES;

function nameTests(test: MakeTest): readonly Test[] {
  return [
    test('it has a name', async ({ remote }) => {
      ensure(typeof remote.name === 'string' && remote.name !== '', 'name must be text that is not empty');
    }),
    test('what is missing is undefined, and not there', async (t) => {
      for (const kind of KINDS) for (const name of NAMES) await t.ensureAbsent(kind, name);
    }),
    test('what was put is there, and reading takes nothing away', async (t) => {
      await t.put('blobs', NAME, bytesOf(1, 100));
      await t.ensureThere('blobs', NAME, bytesOf(1, 100));
      await t.ensureThere('blobs', NAME, bytesOf(1, 100));
    }),
    test('kinds and names are kept apart', async (t) => {
      const all = KINDS.flatMap((kind) => NAMES.map((name) => ({ kind, name })));
      for (const [i, { kind, name }] of all.entries()) {
        await t.ensureAbsent(kind, name);
        await t.put(kind, name, bytesOf(i, 10 + i));
      }
      for (const [i, { kind, name }] of all.entries()) await t.ensureThere(kind, name, bytesOf(i, 10 + i));
    }),
    test('bytes that are put take the place of those before, whatever their lengths', async (t) => {
      for (const kind of KINDS)
        for (const [i, length] of [400, 40, 4000, 0, 1].entries()) {
          await t.put(kind, NAME, bytesOf(i, length));
          await t.ensureThere(kind, NAME, bytesOf(i, length));
        }
    }),
  ];
}

/** Around the sizes of pieces, pages and buffers. */
const LENGTHS: readonly number[] = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 262_145, 1_000_001];

function byteTests(test: MakeTest): readonly Test[] {
  return [
    test('bytes of any length come back as they were', async (t) => {
      for (const length of LENGTHS) {
        await t.put('blobs', NAME, bytesOf(length, length));
        await t.ensureThere('blobs', NAME, bytesOf(length, length));
      }
    }),
    test('it does not matter in which pieces bytes come, nor whether their number is told', async (t) => {
      const bytes = bytesOf(7, 200_000);
      for (const pieces of [[200_000], [1, 0, 65_535, 0, 1], [100_000], [70_000, 70_000]])
        for (const told of [bytes.length, undefined]) {
          await t.put('blobs', NAME, bytes, { pieces, told });
          await t.ensureThere('blobs', NAME, bytes);
        }
    }),
    test('many are written and read at the same time', async (t) => {
      const names = Array.from({ length: 24 }, (_, i) => i.toString(16).padStart(64, 'a'));
      await Promise.all(names.map((name, i) => t.put('blobs', name, bytesOf(i, 1000 * i))));
      await Promise.all(names.map((name, i) => t.ensureThere('blobs', name, bytesOf(i, 1000 * i))));
    }),
    test('of two writes of one name at the same time one is found, whole', async (t) => {
      for (let round = 0; round < 5; round++) {
        const both = [bytesOf(1, 150_000), bytesOf(2, 90_000)];
        await Promise.all(both.map((bytes) => t.put('specs', NAME, bytes)));
        const found = await t.get('specs', NAME);
        ensure(
          both.some((bytes) => isSame(found, bytes)),
          'what is found is neither of the two',
        );
      }
    }),
    test('who stops reading early disturbs nobody', async (t) => {
      const bytes = bytesOf(3, 1_000_000);
      await t.put('blobs', NAME, bytes);
      for (let i = 0; i < 12; i++) {
        const body = await t.remote.get('blobs', NAME, t.call);
        for await (const chunk of body?.chunks ?? []) if (chunk.length > 0) break;
      }
      await t.ensureThere('blobs', NAME, bytes);
      await t.put('blobs', NAME, bytesOf(4, 5));
      await t.ensureThere('blobs', NAME, bytesOf(4, 5));
    }),
  ];
}

function failureTests(test: MakeTest): readonly Test[] {
  const failure = new Error('the chunks failed');
  return [
    test('a write whose bytes fail on the way rejects, and leaves what was there', async (t) => {
      await t.put('records', NAME, bytesOf(1, 50));
      for (const name of [NAME, OTHER])
        for (const length of [0, 10, 300_000]) {
          const body = { chunks: failing(bytesOf(2, length), failure) };
          const error = await errorOf(() => t.remote.put('records', name, body, t.call));
          ensure(error !== undefined, `a write that failed after ${length} bytes was taken for one that worked`);
        }
      await t.ensureThere('records', NAME, bytesOf(1, 50));
      await t.ensureAbsent('records', OTHER);
    }),
    test('an operation whose signal has aborted rejects, and leaves what was there', async (t) => {
      await t.put('blobs', NAME, bytesOf(1, 50));
      const { signal } = abortedBy(failure);
      const body = (): RemoteBody => ({ chunks: inPieces(bytesOf(2, 60), [60]) });
      ensure((await errorOf(() => t.remote.get('blobs', NAME, { signal }))) !== undefined, 'get went on');
      ensure((await errorOf(() => t.remote.put('blobs', NAME, body(), { signal }))) !== undefined, 'put went on');
      ensure((await errorOf(() => t.remote.put('blobs', OTHER, body(), { signal }))) !== undefined, 'put went on');
      await t.ensureThere('blobs', NAME, bytesOf(1, 50));
      await t.ensureAbsent('blobs', OTHER);
    }),
    test('a write that is aborted in its middle rejects, and leaves what was there', async (t) => {
      await t.put('blobs', NAME, bytesOf(1, 50));
      for (const name of [NAME, OTHER]) {
        const controller = new AbortController();
        const chunks = async function* (): AsyncGenerator<Uint8Array> {
          yield bytesOf(2, 200_000);
          controller.abort(failure);
          yield bytesOf(3, 200_000);
        };
        const put = () => t.remote.put('blobs', name, { chunks: chunks() }, { signal: controller.signal });
        ensure((await errorOf(put)) !== undefined, 'the write went on');
      }
      await t.ensureThere('blobs', NAME, bytesOf(1, 50));
      await t.ensureAbsent('blobs', OTHER);
    }),
  ];
}

/** A remote on trial. */
class Trial {
  readonly remote: RemoteStore;
  readonly call = { signal: new AbortController().signal } as const;

  constructor(remote: RemoteStore) {
    this.remote = remote;
  }

  async put(
    kind: RemoteKind,
    name: string,
    bytes: Uint8Array,
    {
      pieces = [bytes.length],
      told = bytes.length,
    }: { readonly pieces?: readonly number[]; readonly told?: number | undefined } = {},
  ): Promise<void> {
    const answer: unknown = await this.remote.put(
      kind,
      name,
      { size: told, chunks: inPieces(bytes, pieces) },
      this.call,
    );
    ensure(answer === undefined, `put answered with ${String(answer)}`);
  }

  async get(kind: RemoteKind, name: string): Promise<Uint8Array> {
    const body = await this.remote.get(kind, name, this.call);
    ensure(body !== undefined, `${kind}/${name} is missing`);
    const held: Uint8Array[] = [];
    for await (const chunk of body.chunks) {
      ensure(chunk instanceof Uint8Array, 'a chunk is no Uint8Array');
      held.push(chunk.slice());
    }
    const bytes = joined(held);
    const isTrue = body.size === undefined || body.size === bytes.length;
    ensure(isTrue, `${kind}/${name} was said to have ${body.size} bytes, and has ${bytes.length}`);
    return bytes;
  }

  async ensureThere(kind: RemoteKind, name: string, bytes: Uint8Array): Promise<void> {
    const found = await this.get(kind, name);
    ensure(
      isSame(found, bytes),
      `${kind}/${name} has other bytes: ${found.length} of them, where ${bytes.length} are due`,
    );
    if (this.remote.has) ensure(await this.remote.has(kind, name, this.call), `has didn't find ${kind}/${name}`);
  }

  async ensureAbsent(kind: RemoteKind, name: string): Promise<void> {
    ensure((await this.remote.get(kind, name, this.call)) === undefined, `${kind}/${name} is there`);
    if (this.remote.has) ensure(!(await this.remote.has(kind, name, this.call)), `has found ${kind}/${name}`);
  }
}

/** Bytes in which no two places look alike. */
function bytesOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0, state = seed * 2_654_435_761 + 1; i < length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

async function* inPieces(bytes: Uint8Array, pieces: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const length of pieces) yield bytes.slice(at, (at += length));
  if (at < bytes.length) yield bytes.slice(at);
}

async function* failing(bytes: Uint8Array, failure: Error): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
  throw failure;
}

function abortedBy(reason: Error): AbortController {
  const controller = new AbortController();
  controller.abort(reason);
  return controller;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
