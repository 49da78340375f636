/** The free pages of a data file, read without LMDB: a healthy list is believed, whatever its shape, and a damaged one is not. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { damageOf } from '../../../src/backends/lmdb/meta-pages.ts';
import { edit, editData, freshPath, openEnvironment, rootsOf } from './premises-place.ts';

const PAGE = 4096;
const LEAF = 2;
const OWN_PAGES = 1;

async function environment(): Promise<string> {
  const path = freshPath();
  mkdirSync(path, { recursive: true });
  for (let round = 0; round < 4; round++)
    await edit(path, (rows) => {
      for (let row = 0; row < 200; row++) rows.putSync(`row ${row}`, Buffer.alloc(300, round));
    });
  return path;
}

/** The same with a list of free pages that needs pages of its own. */
async function longList(): Promise<string> {
  const path = await environment();
  await edit(path, (rows) => {
    for (let row = 0; row < 1500; row++) rows.putSync(`large ${row}`, Buffer.alloc(5000));
  });
  await edit(path, (rows) => {
    for (let row = 0; row < 1500; row++) rows.removeSync(`large ${row}`);
  });
  return path;
}

/** Where the list's nodes are: those of its first leaf. */
function nodesOf(bytes: Buffer): readonly number[] {
  const start = rootsOf(bytes).free * PAGE;
  expect(bytes.readUInt16LE(start + 18)).toBe(LEAF);
  const nodes = bytes.readUInt16LE(start + 20) >> 1;
  return Array.from({ length: nodes }, (_, index) => start + 24 + bytes.readUInt16LE(start + 24 + 2 * index));
}

/** The first node whose pages stand beside it. */
function inlineNode(bytes: Buffer): number {
  return nodesOf(bytes).find((node) => bytes.readUInt16LE(node + 4) === 0) ?? Number.NaN;
}

describe('a healthy list', () => {
  test('may need pages of its own', async () => {
    const path = await longList();
    const bytes = readFileSync(join(path, 'data.mdb'));
    expect(nodesOf(bytes).some((node) => bytes.readUInt16LE(node + 4) === OWN_PAGES)).toBe(true);
    expect(damageOf(path)).toBeUndefined();
  });

  test('may be missing', async () => {
    const path = freshPath();
    mkdirSync(path, { recursive: true });
    const root = openEnvironment(path);
    await root.close();
    expect(damageOf(path)).toBeUndefined();
  });

  test('may branch', async () => {
    const path = await environment();
    const root = openEnvironment(path);
    const rows = root.openDB<Buffer, string>({ name: 'rows', encoding: 'binary' });
    const reader = root.useReadTransaction(); // keeps what is freed from being taken again
    for (let transaction = 0; transaction < 200; transaction++)
      root.transactionSync(() => rows.putSync(`row ${transaction * 7}`, Buffer.alloc(301)));
    const bytes = readFileSync(join(path, 'data.mdb'));
    expect(bytes.readUInt16LE(rootsOf(bytes).free * PAGE + 18)).toBe(1);
    expect(damageOf(path)).toBeUndefined();
    reader.done();
    await root.close();
  });
});

describe('a list is not believed', () => {
  const cases: readonly (readonly [what: string, fault: RegExp, change: (bytes: Buffer, node: number) => void])[] = [
    ['that names a page twice', /can't be free/, (bytes, node) => bytes.copy(bytes, node + 32, node + 24, node + 32)],
    ['that names a meta page', /can't be free/, (bytes, node) => bytes.writeBigInt64LE(1n, node + 24)],
    ['that names a page after the last', /can't be free/, (bytes, node) => bytes.writeBigInt64LE(2n ** 40n, node + 24)],
    ['whose record is shorter than it says', /no list/, (bytes, node) => bytes.writeBigInt64LE(2n ** 40n, node + 16)],
    ['whose record goes beyond its page', /no list/, (bytes, node) => bytes.writeUInt32LE(PAGE, node)],
    ['whose record is empty', /no list/, (bytes, node) => bytes.writeUInt32LE(0, node)],
    ['whose key is of another length', /no list/, (bytes, node) => bytes.writeUInt16LE(4, node + 6)],
    ['whose record is said to be elsewhere', /no list/, (bytes, node) => bytes.writeUInt16LE(OWN_PAGES, node + 4)],
    [
      'whose page has too many nodes',
      /in disorder/,
      (bytes) => bytes.writeUInt16LE(0xfffe, rootsOf(bytes).free * PAGE + 20),
    ],
    [
      'whose nodes overlap their index',
      /in disorder/,
      (bytes) => bytes.writeUInt16LE(0, rootsOf(bytes).free * PAGE + 24),
    ],
    [
      'that goes in a circle',
      /should be of the list/,
      (bytes, node) => {
        const { free } = rootsOf(bytes);
        bytes.writeUInt16LE(1, free * PAGE + 18);
        bytes.writeUIntLE(free, node, 6);
      },
    ],
  ];

  test.each(cases)('%s', async (_, fault, change) => {
    const path = await environment();
    expect(damageOf(path)).toBeUndefined();
    editData(path, (bytes) => change(bytes, inlineNode(bytes)));
    expect(damageOf(path)).toMatch(fault);
  });

  test('whose own pages hold something else', async () => {
    const path = await longList();
    editData(path, (bytes) => {
      const node = nodesOf(bytes).find((at) => bytes.readUInt16LE(at + 4) === OWN_PAGES) ?? Number.NaN;
      bytes.writeUInt16LE(LEAF, Number(bytes.readBigUInt64LE(node + 16)) * PAGE + 18);
    });
    expect(damageOf(path)).toMatch(/no list/);
  });
});
