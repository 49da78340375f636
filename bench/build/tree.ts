/** What tasks have made: 2,000 files of real JavaScript, 50 MB in 60 directories. */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of a tree. */
interface TreeFile {
  /** From the tree's directory. */
  readonly path: string;
  readonly digest: string;
  readonly size: number;
}

/** A tree as it was made. */
export interface Tree {
  readonly directory: string;
  readonly files: readonly TreeFile[];
  readonly bytes: number;
  /** Of files that are the same, one is counted. */
  readonly uniqueBytes: number;
}

const FILES = 2000;
const BYTES = 50e6;
const LARGEST = 2 * 2 ** 20;

// From the compiled program's place.
const PACKAGES = fileURLToPath(new URL('../../../node_modules/', import.meta.url));

/** Makes the tree in a directory that isn't there: the same one for the same installed packages. */
export function makeTree(directory: string): Tree {
  const files = chosen().map(({ path: from }, i): TreeFile => {
    const bytes = readFileSync(from);
    const path = `${placeOf(i)}/${String(i).padStart(4, '0')}.js`;
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
    return { path, digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
  });
  const sum = (sizes: Iterable<number>) => [...sizes].reduce((all, size) => all + size, 0);
  return {
    directory,
    files,
    bytes: sum(files.map(({ size }) => size)),
    uniqueBytes: sum(new Map(files.map(({ digest, size }) => [digest, size])).values()),
  };
}

/** Why this isn't the tree; `sizes` are compared in any case, `digests` where they are asked for. */
export function differenceFrom(tree: Tree, directory: string, compare: 'sizes' | 'digests'): string | undefined {
  for (const { path, size, digest } of tree.files) {
    const place = join(directory, path);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) return `${path} isn't there`;
    if (stats.size !== size) return `${path} has ${stats.size} bytes instead of ${size}`;
    if (compare === 'digests' && createHash('sha256').update(readFileSync(place)).digest('hex') !== digest)
      return `${path} has other bytes`;
  }
  return undefined;
}

/** Six directories with nine in each. */
function placeOf(i: number): string {
  const at = i % 60;
  return at < 6 ? `d${at}` : `d${at % 6}/e${Math.floor(at / 6)}`;
}

interface Script {
  readonly path: string;
  readonly size: number;
}

/** Every so many of all that there are; then the smallest make way for the largest, until it is enough. */
function chosen(): readonly Script[] {
  const all = [...scripts(PACKAGES)];
  if (all.length < FILES) throw new Error(`there is too little JavaScript in ${PACKAGES}: run npm ci`);
  const picked = new Set(Array.from({ length: FILES }, (_, i) => all[Math.floor((i * all.length) / FILES)]));
  let bytes = [...picked].reduce((sum, { size }) => sum + size, 0);
  const bySize = all.toSorted((a, b) => a.size - b.size);
  const smallest = bySize.filter((one) => picked.has(one));
  for (const large of bySize.filter((one) => !picked.has(one)).toReversed()) {
    const small = smallest.shift();
    if (small === undefined || small.size >= large.size || bytes >= BYTES) break;
    picked.delete(small);
    picked.add(large);
    bytes += large.size - small.size;
  }
  return [...picked];
}

function* scripts(directory: string): Generator<Script> {
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* scripts(path);
    if (!entry.isFile() || !/\.[cm]?js$/.test(entry.name)) continue;
    const { size } = lstatSync(path);
    if (size > 0 && size <= LARGEST) yield { path, size };
  }
}
