/** The two pages at the beginning of a data file, read as plain bytes: LMDB maps what they say without asking whether it can be. */
import { fstatSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { faultOfFreePages } from './free-list.ts';
import { DATA, withFile } from './header.ts';

/** What a meta page says about the pages after it. */
interface Meta {
  readonly pageSize: number;
  /** The last page that was ever given out. */
  readonly last: number;
  readonly transaction: bigint;
  /** The first pages of the list of free pages and of that of databases. */
  readonly free: number | undefined;
  readonly main: number | undefined;
}

const SMALLEST = 4096;
const LARGEST = 65_536;

// From `MDB_page_header`, `MDB_meta` and `MDB_db` of the LMDB that lmdb-js 3 is built with, on 64-bit machines.
const FLAGS = 18;
const META = 0x08;
const MAGIC_AT = 24;
const MAGIC = 0xbeef_c0de;
const VERSION_AT = 28;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
const FREE_ROOT_AT = 88;
const MAIN_ROOT_AT = 136;
const LAST_AT = 144;
const TRANSACTION_AT = 152;
const LENGTH = 168;
const NONE = 0xffff_ffff_ffff_ffffn;

/** What is wrong with a directory's data file as far as its beginning and its free pages tell, or `undefined`. */
export function damageOf(path: string): string | undefined {
  if (process.arch === 'arm' || process.arch === 'ia32') return undefined; // laid out differently there
  return withFile(join(path, DATA), 'r', (file) => {
    const { size } = fstatSync(file);
    const first = metaAt(file, 0);
    if (!first) return 'its first page is not the beginning of a data file';
    const second = metaAt(file, first.pageSize);
    if (second?.pageSize !== first.pageSize) return 'its second page is not the beginning of a data file';
    const { free, main, last, pageSize } = first.transaction > second.transaction ? first : second;
    for (const root of [free, main])
      if (root !== undefined && (root < 2 || root > last)) return `it has no page ${root}`;
    return faultOfFreePages({ file, size, pageSize, last, root: free });
  });
}

/** LMDB itself looks at the first page only, and takes the newer of the two: both have to be whole. */
function metaAt(file: number, position: number): Meta | undefined {
  const page = Buffer.alloc(LENGTH);
  if (readSync(file, page, 0, LENGTH, position) < LENGTH) return undefined;
  const pageSize = page.readUInt32LE(PAGE_SIZE_AT);
  const last = Number(page.readBigUInt64LE(LAST_AT));
  const known =
    (page.readUInt16LE(FLAGS) & META) !== 0 &&
    page.readUInt32LE(MAGIC_AT) === MAGIC &&
    (page.readUInt32LE(VERSION_AT) & 0xffff) === VERSION;
  const possible = pageSize >= SMALLEST && pageSize <= LARGEST && (pageSize & (pageSize - 1)) === 0;
  if (!known || !possible || !Number.isSafeInteger(last * pageSize)) return undefined;
  const root = (at: number) => (page.readBigUInt64LE(at) === NONE ? undefined : Number(page.readBigUInt64LE(at)));
  const transaction = page.readBigUInt64LE(TRANSACTION_AT);
  return { pageSize, last, transaction, free: root(FREE_ROOT_AT), main: root(MAIN_ROOT_AT) };
}
