/** Whether the data that are there can be used, found out with as little effort as what is known about them allows. */
import { join } from 'node:path';
import { statSync } from 'node:fs';
import { DATA, fingerprintOf, type FoundHeader, isSame, type Settings } from './header.ts';
import { damageOf } from './meta-pages.ts';
import type { Probe } from './probe.ts';
import { isSameBoot, presentBoot } from './users.ts';

/** After a crash of a process, in milliseconds: LMDB is made to survive that. Doubled with each further crash in a row. */
const SHORT = 1000;
/** Where something has gone wrong, in milliseconds. */
const THOROUGH = 60_000;

/** Why data can't be used. */
export interface Fault {
  /**
   * - `damaged`: they aren't what LMDB writes, or reading them fails.
   * - `machine-crash`: the machine went down while they were used with durability `'process'`.
   * - `other-settings`: they were made with settings that are others now.
   */
  readonly reason: 'damaged' | 'machine-crash' | 'other-settings';
  /** In words. */
  readonly detail: string;
}

/** What is known when nobody has the environment open. */
export interface Circumstances {
  readonly path: string;
  readonly found: FoundHeader;
  readonly settings: Settings;
  /** Whether reading has met damage before. */
  readonly suspect: boolean;
  readonly probe: Probe;
}

/** Why the data in a directory can't be used, or `undefined`. Where there are none, there is nothing wrong with them. */
export function faultOf({ path, found, settings, suspect, probe }: Circumstances): Fault | undefined {
  if ((statSync(join(path, DATA), { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  if (found.is !== 'whole') return { reason: 'damaged', detail: `its header is ${found.is}` };
  const { clean, open, crashes } = found.header;
  if (!isSameSettings(settings, found.header.settings))
    return { reason: 'other-settings', detail: `it was made with ${JSON.stringify(found.header.settings)}` };
  if (!suspect && clean && isSame(clean, fingerprintOf(path))) return undefined;
  if (open?.durability === 'process' && !isSameBoot(open.boot, presentBoot()))
    return { reason: 'machine-crash', detail: 'the machine went down while it was open' };
  const budget = suspect || clean ? THOROUGH : Math.min(SHORT * 2 ** crashes, THOROUGH);
  const detail = damageOf(path) ?? probe(path, budget);
  return detail === undefined ? undefined : { reason: 'damaged', detail };
}

/** Whether two environments are made alike. */
export function isSameSettings(one: Settings, other: Settings): boolean {
  const text = (settings: Settings) =>
    JSON.stringify(Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return text(one) === text(other);
}
