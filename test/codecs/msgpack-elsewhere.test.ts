/** MessagePack where there is neither Node nor native code, as in Workers and browsers; and from there to Node and back. */
import { isDeepStrictEqual } from 'node:util';
import { type Context, createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Codec } from 'tidemark';
import { msgpackCodec } from 'tidemark/codecs/msgpack';
import { root } from '../support/repository.ts';

/** Values as source, since each side must make its own. */
const sources: Readonly<Record<string, string>> = {
  'an entity': `({ id: 7, title: 'A cache', tags: ['a', 'b'], score: 0.5, author: { name: 'Ada' }, gone: undefined })`,
  rows: `Array.from({ length: 20 }, (_, id) => ({ id, name: 'row ' + id, when: new Date(id * 1e9 - 5) }))`,
  'a text that begins with a mark of byte order': `['\\ufeff', '\\ufeff' + 'x'.repeat(200), { ['\\ufeff' + 'n'.repeat(80)]: 1 }]`,
  'texts of every width': `[10, 40, 100, 5000].flatMap((n) => ['x'.repeat(n), 'é'.repeat(n), '漢'.repeat(n), '🌊'.repeat(n)])`,
  'a lone surrogate': `['\\ud800', 'x'.repeat(300) + '\\udc00']`,
  bytes: `[new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(70000).fill(9)]`,
  'bytes in a map': `new Map([['bytes', Uint8Array.of(1, 2, 3)], [1, new Set([Uint8Array.of(4).buffer])]])`,
  'typed arrays': `[new Float64Array([1, -0, NaN]), new Int16Array([-1]), new BigInt64Array([-1n]), new DataView(new ArrayBuffer(3))]`,
  bigints: `[0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(2n ** 200n), 2n ** 70000n - 1n, 1n - 2n ** 70000n]`,
  numbers: `[0, -0, NaN, Infinity, -1, 127, 128, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53, 0.1, -129, -32769]`,
};

let elsewhere: Context;

beforeAll(async () => {
  const input = 'src/codecs/msgpack.ts';
  const build = await rolldown({ input, cwd: root, platform: 'neutral', logLevel: 'silent' });
  const { output } = await build.generate({ format: 'iife', name: 'door' });
  await build.close();
  const shared = { TextDecoder, TextEncoder, atob, btoa };
  elsewhere = createContext({ ...shared });
  runInContext(output[0].code, elsewhere);
});

const there = (source: string): unknown => runInContext(source, elsewhere);
const here = (source: string): unknown => new Function(`return ${source}`)() as unknown; // oxlint-disable-line no-implied-eval
const codecThere = (): Codec => there('door.msgpackCodec') as Codec;

test('there is no Buffer and no process elsewhere', () => {
  expect(there('typeof Buffer + typeof process + typeof require')).toBe('undefined'.repeat(3));
});

describe.each(Object.entries(sources))('%s', (_, source) => {
  test('comes back equal elsewhere', () => {
    const back = codecThere().decode(codecThere().encode(there(source)));
    expect(isDeepStrictEqual(back, there(source))).toBe(true);
  });

  test('is read here when it was written there', () => {
    const bytes = Uint8Array.from(codecThere().encode(there(source)));
    expect(isDeepStrictEqual(msgpackCodec.decode(bytes), here(source))).toBe(true);
  });

  test('is read there when it was written here', () => {
    const bytes = msgpackCodec.encode(here(source));
    expect(isDeepStrictEqual(codecThere().decode(bytes), there(source))).toBe(true);
  });

  test("doesn't change there when its bytes do", () => {
    const bytes = Uint8Array.from(codecThere().encode(there(source)));
    const back = codecThere().decode(bytes);
    bytes.fill(0);
    expect(isDeepStrictEqual(back, there(source))).toBe(true);
  });
});
