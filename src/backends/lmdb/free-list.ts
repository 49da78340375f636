/** The list of a data file's free pages, read as plain bytes: LMDB would write over whatever page a damaged one names. */
import { readSync } from 'node:fs';

/** An open data file, and what its newer meta page says. */
export interface DataFile {
  readonly file: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes of a page. */
  readonly pageSize: number;
  /** The last page that was ever given out. */
  readonly last: number;
  /** The first page of the list, if there is one. */
  readonly root: number | undefined;
}

// From `MDB_page_header`, `MDB_node` and `MDB_ovpage` of the LMDB that lmdb-js 3 is built with, on 64-bit machines.
const FLAGS = 18;
const LOWER = 20;
const HEADER = 24;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const NODE = 8;
const ON_OWN_PAGES = 0x01;
const KEY = 8;

/** Some free pages in a row: the first, and how many. */
type Run = readonly [first: number, count: number];

/**
 * What is wrong with the list, or missing at the end of the file, or `undefined`.
 *
 * A healthy file may end before its last page: pages that were given out and taken back within one transaction are never
 * written. But then the list has them.
 */
export function faultOfFreePages(data: DataFile): string | undefined {
  const { size, pageSize, last, root } = data;
  const runs: Run[] = [];
  const seen = new Set<number>();
  const todo = root === undefined ? [] : [root];
  for (let page = todo.pop(); page !== undefined; page = todo.pop()) {
    const bytes = seen.has(page) ? undefined : pagesOf(data, page, 1);
    seen.add(page);
    const flags = bytes?.readUInt16LE(FLAGS) ?? 0;
    if (!bytes || Number(bytes.readBigUInt64LE(0)) !== page || (flags & (BRANCH | LEAF)) === 0)
      return `page ${page} should be of the list of free pages, and isn't`;
    const nodes = nodesOf(bytes);
    if (!nodes) return `page ${page} of the list of free pages is in disorder`;
    for (const node of nodes)
      if (flags & BRANCH) todo.push(bytes.readUIntLE(node, 6));
      else if (!take(recordOf(data, bytes, node), runs)) return `page ${page} holds no list of free pages`;
  }
  const present = Math.floor(size / pageSize);
  let next = 2;
  let absent = last + 1 - present;
  for (const [first, count] of runs.toSorted((one, other) => one[0] - other[0])) {
    if (first < next || first + count - 1 > last) return `page ${first} can't be free`;
    next = first + count;
    absent -= Math.max(0, next - Math.max(first, present));
  }
  return absent > 0
    ? `it ends after ${present} of ${last + 1} pages, and ${absent} of the others are in use`
    : undefined;
}

/** Whole pages; `undefined` if they aren't there. */
function pagesOf({ file, pageSize, last }: DataFile, page: number, count: number): Buffer | undefined {
  if (page < 2 || page + count - 1 > last) return undefined;
  const bytes = Buffer.alloc(count * pageSize);
  return readSync(file, bytes, 0, bytes.length, page * pageSize) === bytes.length ? bytes : undefined;
}

/** Where a page's nodes begin; `undefined` if that can't be. */
function nodesOf(bytes: Buffer): readonly number[] | undefined {
  const count = bytes.readUInt16LE(LOWER) >> 1;
  const first = HEADER + 2 * count;
  if (first > bytes.length) return undefined;
  const nodes = Array.from({ length: count }, (_, index) => HEADER + bytes.readUInt16LE(HEADER + 2 * index));
  return nodes.every((node) => node >= first && node + NODE <= bytes.length) ? nodes : undefined;
}

/** What a leaf's node says: how many pages, and which. It stands beside it, or on pages of its own. */
function recordOf(data: DataFile, bytes: Buffer, node: number): Buffer | undefined {
  const length = bytes.readUInt32LE(node);
  const start = node + NODE + KEY;
  if (bytes.readUInt16LE(node + 6) !== KEY || length < 8 || start + 8 > bytes.length) return undefined;
  if ((bytes.readUInt16LE(node + 4) & ON_OWN_PAGES) === 0)
    return start + length <= bytes.length ? bytes.subarray(start, start + length) : undefined;
  const page = Number(bytes.readBigUInt64LE(start));
  const own = pagesOf(data, page, Math.ceil((HEADER + length) / data.pageSize));
  return own && (own.readUInt16LE(FLAGS) & OVERFLOW) !== 0 ? own.subarray(HEADER, HEADER + length) : undefined;
}

/** Add what a record lists: pages one by one, and before the first of several in a row, how many, negated. Places may be empty. */
function take(record: Buffer | undefined, runs: Run[]): boolean {
  const count = Number(record?.readBigUInt64LE(0));
  if (!record || 8 * (count + 1) > record.length) return false;
  let length = 1;
  for (let at = 8; at <= 8 * count; at += 8) {
    const listed = Number(record.readBigInt64LE(at));
    if (listed > 0) runs.push([listed, length]);
    length = listed < 0 ? -listed : 1;
  }
  return true;
}
