/** The header of an environment's directory: whose it is, in what format, and how it was last left. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, fstatSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The header's name in an environment's directory. */
export const HEADER = 'tidemark.json';
/** The data's name in an environment's directory. LMDB gave it. */
export const DATA = 'data.mdb';
/** The format that this release reads and writes. */
export const FORMAT = 1;

const KIND = 'lmdb';
const BEGINNING = JSON.stringify({ tidemark: KIND }).slice(0, -1);
const META_PAGES = 2 * 4096;

/** What an acknowledged write survives: the end of any process, or that of the machine, too. */
export type Durability = 'process' | 'machine';

/** With what an environment was made, compared as a whole. */
export type Settings = Readonly<Record<string, string | number>>;

/** What tells whether a data file is still the one that was left. */
export interface Fingerprint {
  readonly size: number;
  readonly mtimeMs: number;
  /** A hash of the two pages that all else hangs on. */
  readonly meta: string;
}

/** What is known about an environment while nobody has it open. */
export interface Header {
  readonly settings: Settings;
  /** The data as they were when the last user left; `null` while anyone has them open. */
  readonly clean: Fingerprint | null;
  /** Since the last time that all had left: the boot, and the weakest durability that was in use. */
  readonly open: { readonly boot: string; readonly durability: Durability } | null;
  /** How often in a row users have ended without leaving. */
  readonly crashes: number;
}

/** What stands at the header's place. */
export type FoundHeader =
  | { readonly is: 'missing' }
  | { readonly is: 'whole'; readonly header: Header }
  | { readonly is: 'newer'; readonly format: number }
  | { readonly is: 'broken'; readonly begins: boolean };

/** Read the header of a directory. What can't be read is broken, and may at least begin as one of ours. */
export function readHeader(path: string): FoundHeader {
  let text: string;
  try {
    text = readFileSync(join(path, HEADER), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { is: 'missing' };
    throw error;
  }
  const found = parse(text) as Partial<Header & { tidemark: unknown; format: unknown }> | null;
  const broken = { is: 'broken', begins: text.startsWith(BEGINNING) } as const;
  if (typeof found !== 'object' || found?.tidemark !== KIND || typeof found.format !== 'number') return broken;
  if (found.format > FORMAT) return { is: 'newer', format: found.format };
  const { settings, clean, open, crashes } = found;
  if (!isRecord(settings) || typeof crashes !== 'number') return broken;
  if (clean !== null && typeof clean?.meta !== 'string') return broken;
  if (open !== null && (typeof open?.boot !== 'string' || !['process', 'machine'].includes(open.durability)))
    return broken;
  return { is: 'whole', header: { settings, clean, open, crashes } };
}

/** Write the header, all of it or nothing, and see it safely on the disk. */
export function writeHeader(path: string, { settings, clean, open, crashes }: Header): void {
  const place = join(path, HEADER);
  const draft = `${place}.next`;
  const text = JSON.stringify({ tidemark: KIND, format: FORMAT, settings, clean, open, crashes });
  withFile(draft, 'w', (file) => {
    writeSync(file, text);
    fsyncSync(file);
  });
  renameSync(draft, place);
  if (process.platform !== 'win32') withFile(path, 'r', fsyncSync);
}

/** The fingerprint of a directory's data as they are, after seeing them safely on the disk if that is asked for. */
export function fingerprintOf(path: string, { flush = false }: { readonly flush?: boolean } = {}): Fingerprint {
  return withFile(join(path, DATA), flush ? 'r+' : 'r', (file) => {
    if (flush) fsyncSync(file);
    const { size, mtimeMs } = fstatSync(file);
    const pages = Buffer.alloc(META_PAGES);
    const length = readSync(file, pages, 0, META_PAGES, 0);
    const meta = createHash('sha256').update(pages.subarray(0, length)).digest('hex');
    return { size, mtimeMs, meta };
  });
}

/** Whether two fingerprints are of the same data. */
export function isSame(one: Fingerprint, other: Fingerprint): boolean {
  return one.size === other.size && one.mtimeMs === other.mtimeMs && one.meta === other.meta;
}

/** Do something with an open file. */
export function withFile<T>(path: string, flags: 'r' | 'r+' | 'w', work: (file: number) => T): T {
  const file = openSync(path, flags);
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
