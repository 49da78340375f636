/** The disk tables: the same done to every subject, in turns, and compared with raw lmdb and level-cache. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../rounds.ts';
import { type Disk, keyOf, NAMESPACES, type OpenDisk, type Survives } from './disk.ts';
import { type Budget, type Grid, printGrid } from './grid.ts';
import { classicLevel, levelCache } from './level.ts';
import { type Load, type Phase, PHASES } from './phases.ts';
import { rawLmdb, rawLmdbSync } from './raw-lmdb.ts';
import { sqlite } from './sqlite.ts';
import { embedded, engine } from './tidemark.ts';
import { numbers, SIZES, values } from './values.ts';

const ROUNDS = 15;
const WARM = 3;

/** What is compared: only what survives the same. */
const SUBJECTS: Readonly<Record<Survives, readonly OpenDisk[]>> = {
  process: [
    rawLmdbSync('process'),
    rawLmdb('process'),
    embedded('process'),
    engine,
    levelCache,
    classicLevel('get'),
    classicLevel('getSync'),
    sqlite('node:sqlite', 'process'),
    sqlite('better-sqlite3', 'process'),
  ],
  machine: [
    rawLmdbSync('machine'),
    rawLmdb('machine'),
    embedded('machine'),
    sqlite('node:sqlite', 'machine'),
    sqlite('better-sqlite3', 'machine'),
  ],
};

/** What one comparison is about. */
interface Comparison {
  readonly survives: Survives;
  readonly size: keyof typeof SIZES;
  readonly count: number;
  readonly load: Omit<Load, 'keys' | 'values'>;
}

const COMPARISONS: readonly Comparison[] = [
  { survives: 'process', size: '186 B', count: 20_000, load: { reads: 2000, singles: 200, batches: 2 } },
  { survives: 'process', size: '3.7 kB', count: 5000, load: { reads: 2000, singles: 200, batches: 1 } },
  { survives: 'machine', size: '186 B', count: 20_000, load: { reads: 2000, singles: 25, batches: 2 } },
];

/** Measure the embedded cache, and the backend below it, against other places on a disk. Keeps less than 500 MB there. */
export async function disk(): Promise<void> {
  for (const comparison of COMPARISONS) {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
    try {
      printGrid(await compare(folder, comparison));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

async function compare(folder: string, { survives, size, count, load: times }: Comparison): Promise<Grid> {
  const keys = shuffled(Array.from({ length: count }, (_, i) => keyOf(2 * i)));
  const load: Load = { keys, values: values(SIZES[size]), ...times };
  const disks: Disk[] = [];
  const notes: string[] = [];
  for (const [i, open] of SUBJECTS[survives].entries()) {
    const path = join(folder, String(i));
    mkdirSync(path, { recursive: true });
    const opened = await open(path);
    if (typeof opened === 'string') notes.push(`not compared: ${opened}`);
    else disks.push(opened);
  }
  for (const one of disks) await fill(one, load);
  const rows = await inTurns(disks, load);
  for (const one of disks) await one.close();
  return {
    title: `Disk: values of ${size} in JSON, ${count.toLocaleString('en')} of them; acknowledged writes survive the ${survives}`,
    base: disks[0].name,
    columns: PHASES.map(({ title }) => title),
    rows,
    budgets: disks.filter(({ name }) => name.startsWith('tidemark')).flatMap(({ name }) => budgetsOf(name, disks)),
    notes,
  };
}

function budgetsOf(subject: string, disks: readonly Disk[]): Budget[] {
  const [raw] = disks;
  const old = disks.find(({ name }) => name.startsWith('level-cache'));
  return PHASES.flatMap(({ title: column, ofRaw }) => [
    ...(ofRaw === undefined ? [] : [{ subject, column, than: raw.name, least: ofRaw }]),
    ...(old === undefined ? [] : [{ subject, column, than: old.name, least: 1 }]),
  ]);
}

async function fill(place: Disk, { keys, values: all }: Load): Promise<void> {
  const steps = keys.map((key, i) => ({ key, value: all[i % all.length] }));
  if (!place.batch) for (const { key, value } of steps) await place.set(key, value);
  else
    for (let namespace = 0; namespace < NAMESPACES; namespace++)
      await place.batch(steps.filter(({ key }) => key.namespace === namespace));
}

/** Nanoseconds an operation, by subject and phase: the middle of all rounds. Each round begins with another subject. */
async function inTurns(disks: readonly Disk[], load: Load): Promise<Grid['rows']> {
  const seen = new Map(disks.map(({ name }) => [name, new Map<string, number[]>()]));
  for (let round = 0; round < ROUNDS + WARM; round++)
    for (const phase of PHASES)
      for (let i = 0; i < disks.length; i++) {
        const one = disks[(i + round) % disks.length];
        if (!isAble(one, phase)) continue;
        const begin = process.hrtime.bigint();
        const done = await phase.run(one, load, round);
        const ns = Number(process.hrtime.bigint() - begin) / done;
        const figures = seen.get(one.name)!;
        if (round >= WARM) figures.set(phase.title, [...(figures.get(phase.title) ?? []), ns]);
      }
  const middles = (figures: Map<string, number[]>) => new Map([...figures].map(([title, ns]) => [title, median(ns)]));
  return new Map([...seen].map(([name, figures]) => [name, middles(figures)]));
}

function isAble(one: Disk, { needs }: Phase): boolean {
  return needs === undefined || one[needs] !== undefined;
}

function shuffled<T>(list: T[]): T[] {
  const at = numbers(3);
  for (let i = list.length - 1; i > 0; i--) {
    const j = at(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
