/** Ways in which a file can come to harm. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from 'tidemark';

/** One way: what it is called, and what it does to the directory of an environment. */
export interface Damage {
  readonly name: string;
  /** What is lost by it, if that is the same at all times. */
  readonly costs?: 'everything' | 'nothing';
  readonly harm: (path: string, random: Random) => void;
}

const DATA = 'data.mdb';
const PAGE = 4096;

const bytes = (count: number, random: Random) =>
  Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));

/** Change the bytes of a directory's data. */
function changed(path: string, change: (data: Buffer) => void): void {
  const data = readFileSync(join(path, DATA));
  change(data);
  writeFileSync(join(path, DATA), data);
}

function overwritePages(path: string, pages: readonly number[], random: Random): void {
  changed(path, (data) => pages.forEach((page) => bytes(PAGE, random).copy(data, page * PAGE)));
}

function truncate(path: string, share: number): void {
  truncateSync(join(path, DATA), Math.floor(readFileSync(join(path, DATA)).length * share));
}

/** A way that costs everything. */
const fatal = (name: string, harm: Damage['harm']): Damage => ({ name, costs: 'everything', harm });

/** Ways that are always alike. */
export const damages: readonly Damage[] = [
  fatal('the first meta page is overwritten', (path, random) => overwritePages(path, [0], random)),
  fatal('the second meta page is overwritten', (path, random) => overwritePages(path, [1], random)),
  fatal('both meta pages are overwritten', (path, random) => overwritePages(path, [0, 1], random)),
  fatal('both meta pages are zero', (path) => changed(path, (data) => data.fill(0, 0, 2 * PAGE))),
  fatal('the data are a text', (path) => writeFileSync(join(path, DATA), 'once upon a time\n'.repeat(1000))),
  fatal('the data are half as long', (path) => truncate(path, 0.5)),
  fatal('the data end within the second page', (path) => truncateSync(join(path, DATA), 6000)),
  fatal('the data are empty', (path) => truncateSync(join(path, DATA), 0)),
  fatal('the header is garbage', (path, random) => writeFileSync(join(path, 'tidemark.json'), bytes(100, random))),
  { name: 'the data lack a little at the end', harm: (path) => truncate(path, 0.97) },
  {
    name: 'the lock is garbage',
    costs: 'nothing',
    harm: (path, random) => writeFileSync(join(path, 'lock.mdb'), bytes(8192, random)),
  },
];

/** A way that chance finds: some pages overwritten, or some bits turned, anywhere after the meta pages or in them. */
export function someDamage(random: Random): Damage {
  const many = [1, 3, 20][Math.floor(random() * 3)];
  const kind = Math.floor(random() * 3);
  if (kind === 0)
    return {
      name: `${many} pages are overwritten`,
      harm: (path, chance) =>
        changed(path, (data) => {
          const pageAt = () => (2 + Math.floor(chance() * (data.length / PAGE - 2))) * PAGE;
          for (let i = 0; i < many; i++) bytes(PAGE, chance).copy(data, pageAt());
        }),
    };
  const from = kind === 1 ? 2 * PAGE : 0;
  return {
    name: `${many} bits are turned${from === 0 ? ', perhaps of a meta page' : ''}`,
    harm: (path, chance) =>
      changed(path, (data) => {
        const end = from === 0 ? 4 * PAGE : data.length;
        for (let i = 0; i < many; i++)
          data[from + Math.floor(chance() * (end - from))] ^= 1 << Math.floor(chance() * 8);
      }),
  };
}
