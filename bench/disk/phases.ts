/** What is done to a place on a disk in each round, and what each of it is called. */
import { type Disk, type Key, keyOf, NAMESPACES, type Step } from './disk.ts';
import { numbers } from './values.ts';

const HOUR = 3_600_000;
const BATCH = 1000;

/** How much there is to do, and with what. */
export interface Load {
  /** Keys that are there all the time. */
  readonly keys: readonly Key[];
  readonly values: readonly object[];
  readonly reads: number;
  /** How many keys are stored and removed one by one in a round. */
  readonly singles: number;
  /** How many batches there are in a round. */
  readonly batches: number;
}

/** A thing that is done, and what is promised of it as a part of the speed of raw lmdb. */
export interface Phase {
  readonly title: string;
  readonly ofRaw?: number;
  /** What it needs to be possible. */
  readonly needs?: 'batch' | 'scan';
  /** Do it, and answer with how many operations it was. */
  run(disk: Disk, load: Load, round: number): Promise<number>;
}

/** In the order in which they are done in each round. What is stored in one is removed in a later one. */
export const PHASES: readonly Phase[] = [
  { title: 'get', ofRaw: 0.7, run: getRandom },
  { title: 'scan, row', needs: 'scan', run: scanOne },
  { title: 'set new', run: setEach },
  { title: 'set old', run: (disk, load, round) => setEach(disk, load, round + 1) },
  { title: 'mixed', run: mix },
  { title: 'delete', run: deleteEach },
  { title: 'batch new', ofRaw: 0.6, needs: 'batch', run: (disk, load, round) => batchEach(disk, load, round) },
  { title: 'batch old', needs: 'batch', run: (disk, load, round) => batchEach(disk, load, round + 1) },
  { title: 'batch del', needs: 'batch', run: removeEach },
  { title: 'batch ttl', ofRaw: 0.4, needs: 'batch', run: (disk, load, round) => batchEach(disk, load, round, HOUR) },
  { title: 'del ttl', needs: 'batch', run: removeEach },
];

/** New keys, spread over a namespace in no order. */
const NEW: readonly (readonly Key[])[] = Array.from({ length: NAMESPACES }, (_, namespace) => {
  const [stride, most] = [1009, 4001]; // primes: each number comes once
  return Array.from({ length: BATCH }, (__, i) => keyOf(2 * (((i * stride) % most) * NAMESPACES + namespace) + 1));
});

async function getRandom(disk: Disk, { keys, reads }: Load, round: number): Promise<number> {
  const at = numbers(round + 1);
  for (let i = 0; i < reads; i++) {
    const answer = disk.get(keys[at(keys.length)]);
    // Awaited only where it is a promise: nobody awaits what is there.
    if ((answer instanceof Promise ? await answer : answer) === undefined) throw new Error(`${disk.name}: a miss`);
  }
  return reads;
}

async function scanOne(disk: Disk, { keys }: Load, round: number): Promise<number> {
  const rows = await disk.scan!(round % NAMESPACES);
  if (rows !== keys.length / NAMESPACES) throw new Error(`${disk.name}: a scan met ${rows} rows`);
  return rows;
}

async function setEach(disk: Disk, { values, singles }: Load, round: number): Promise<number> {
  for (let i = 0; i < singles; i++) await disk.set(NEW[0][i], values[(i + round) % values.length]);
  return singles;
}

/** Four gets to one set with a TTL. */
async function mix(disk: Disk, load: Load, round: number): Promise<number> {
  const { values, singles } = load;
  for (let i = 0; i < singles; i++) {
    await disk.set(NEW[0][i], values[(i + round) % values.length], HOUR);
    await getRandom(disk, { ...load, reads: 4 }, round * singles + i);
  }
  return 5 * singles;
}

async function deleteEach(disk: Disk, { singles }: Load): Promise<number> {
  for (let i = 0; i < singles; i++) await disk.delete(NEW[0][i]);
  return singles;
}

/** Batches with keys that aren't there before the round, each in a namespace of its own. */
async function batchEach(disk: Disk, { values, batches }: Load, round: number, ttl?: number): Promise<number> {
  const valueAt = (i: number) => values[(i + round) % values.length];
  for (let namespace = 0; namespace < batches; namespace++)
    await disk.batch!(
      NEW[namespace].map((key, i): Step => ({ key, value: valueAt(i) })),
      ttl,
    );
  return batches * BATCH;
}

async function removeEach(disk: Disk, { batches }: Load): Promise<number> {
  for (let namespace = 0; namespace < batches; namespace++)
    await disk.batch!(NEW[namespace].map((key): Step => ({ key, value: undefined })));
  return batches * BATCH;
}
