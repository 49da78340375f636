/** What the disk tables compare: places on a disk that keep values under keys in namespaces. */

/** A key in the spellings that the subjects need, so that none of them has to build it. */
export interface Key {
  readonly namespace: number;
  readonly id: string;
  /** Namespace and id as one text. */
  readonly whole: string;
}

/** One step of a batch: a value to store, or a key to remove. */
export interface Step {
  readonly key: Key;
  readonly value: object | undefined;
}

/** What an acknowledged write survives: the death of the process, or also that of the machine. Only rows alike compare. */
export type Survives = 'process' | 'machine';

/** A place on a disk. What it lacks it doesn't have; what answers with a promise is awaited. */
export interface Disk {
  readonly name: string;
  readonly survives: Survives;
  /** `ttl` in milliseconds; without one for ever. */
  set(key: Key, value: object, ttl?: number): unknown;
  /** All steps at once; their keys are of one namespace. `ttl` is for all that is stored. */
  batch?(steps: readonly Step[], ttl?: number): unknown;
  get(key: Key): unknown;
  /** Read all values of a namespace; answers with how many there were. */
  scan?(namespace: number): number | Promise<number>;
  delete(key: Key): unknown;
  close(): unknown;
}

/** Open a place in an empty directory; text says why it can't be compared. */
export type OpenDisk = (path: string) => Promise<Disk | string>;

/** How many namespaces there are. */
export const NAMESPACES = 10;

/** The name of a namespace. */
export function nameOf(namespace: number): string {
  return `ns${namespace}`;
}

/** A key. Even numbers are filled in at first; odd ones come and go. */
export function keyOf(number: number): Key {
  const namespace = (number >> 1) % NAMESPACES;
  const id = `k${String(number).padStart(8, '0')}`;
  return { namespace, id, whole: `${nameOf(namespace)}:${id}` };
}
