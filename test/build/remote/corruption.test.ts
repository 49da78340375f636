/** Whatever a remote answers, the local store never holds a blob that isn't its digest's, nor a record that isn't its key's. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RemoteBody } from '../../../src/build/remote/remote-store.ts';
import { unsealed } from '../../../src/build/sealed-record.ts';
import { type MemoryRemote, memoryRemote } from '../../../src/testing/memory-remote.ts';
import { filesOf, recordOf, sha256, stored } from '../stores.ts';
import { instead, machine } from './machines.ts';

const RESULTS = {
  one: { 'dist/a.js': 'let a;', 'dist/b.js': 'let b;' },
  two: { 'dist/a.js': 'let a;', 'dist/c.js': 'c'.repeat(20_000), 'dist/empty': '' },
};
const WEAK = sha256('weak');

async function filled(): Promise<MemoryRemote> {
  const remote = memoryRemote();
  const { store, sharing } = machine([remote]);
  store.addSpec(WEAK, { kind: 'globs', globs: ['src/**'], exclude: [] });
  for (const [name, outputs] of Object.entries(RESULTS)) sharing.upload(stored(store, name, outputs), WEAK);
  await sharing.flush();
  return remote;
}

/** What becomes of one answer. */
const harm = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: 'nothing' } as const) },
  fc.record({ do: fc.constant('flip' as const), at: fc.nat() }),
  fc.record({ do: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({ do: fc.constant('append' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
  fc.record({ do: fc.constant('swap' as const), at: fc.nat() }),
  fc.record({ do: fc.constant('throw' as const), at: fc.nat() }),
  fc.record({ do: fc.constant('garbage' as const), bytes: fc.uint8Array({ maxLength: 300 }) }),
  fc.constantFrom({ do: 'lose' } as const, { do: 'not bytes' } as const, { do: 'fail' } as const),
);
type Harm = typeof harm extends fc.Arbitrary<infer T> ? T : never;

function harmed(right: Uint8Array, how: Harm, all: readonly Uint8Array[]): RemoteBody | undefined {
  if (how.do === 'lose') return undefined;
  if (how.do === 'fail') throw new Error('no answer');
  let bytes = Buffer.from(right);
  if (how.do === 'flip' && bytes.length > 0) bytes[(how.at >> 3) % bytes.length] ^= 1 << (how.at & 7);
  if (how.do === 'cut' || how.do === 'throw') bytes = bytes.subarray(0, how.at % (bytes.length + 1));
  if (how.do === 'append') bytes = Buffer.concat([bytes, how.bytes]);
  if (how.do === 'swap') bytes = Buffer.from(all[how.at % all.length]);
  if (how.do === 'garbage') bytes = Buffer.from(how.bytes);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, 5);
    if (how.do === 'throw') throw new Error('cut off');
    yield how.do === 'not bytes' ? ('text' as unknown as Uint8Array) : bytes.subarray(5);
  };
  return { size: right.length, chunks: chunks() };
}

test('whatever a remote answers, what is kept is right, and what is taken for a hit is whole', async () => {
  const right = await filled();
  const all = [...right.kept.values()];
  await fc.assert(
    fc.asyncProperty(fc.array(harm, { minLength: 1, maxLength: 14 }), async (harms) => {
      let count = 0;
      const remote = instead(right, {
        readOnly: true,
        get: async (kind, name) => {
          const bytes = right.kept.get(`${kind}/${name}`);
          return bytes && harmed(bytes, harms[count++ % harms.length], all);
        },
      });
      const { sharing, store, directory } = machine([remote], { transfers: 2 });
      await sharing.fetchSpecs(WEAK);
      for (const [name, outputs] of Object.entries(RESULTS)) {
        const { key } = recordOf(name, outputs);
        const from = await sharing.fetchRecord(key);
        expect(store.lookup(key).record).toEqual(from === undefined ? undefined : recordOf(name, outputs));
        const blobs = [...Object.values(outputs), `log of ${name}`].map(sha256);
        if (from !== undefined)
          expect(blobs.map((digest) => store.checkBlob(digest))).toEqual(blobs.map(() => undefined));
      }
      const specs = store.specs(WEAK);
      expect([[], [{ kind: 'globs', globs: ['src/**'], exclude: [] }]]).toContainEqual(specs);
      expectRight(directory);
    }),
    { numRuns: 60 },
  );
}, 30_000);

/** Every file of a store, looked at from outside. */
function expectRight(directory: string): void {
  for (const [path, text] of filesOf(directory)) {
    const [, folder, , name] = path.split('/');
    const bytes = Buffer.from(text, 'latin1');
    if (folder === 'blobs') expect(sha256(bytes)).toBe(name);
    if (folder === 'records') expect(unsealed(bytes)?.key).toBe(name.replace('.json', ''));
    expect(folder).not.toBe('tmp');
  }
}
