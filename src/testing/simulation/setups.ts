/** What the nodes of a simulation are made of. */
import type { StampLimits } from '../../engine/stamp-table.ts';
import type { Chance } from './chance.ts';
import { ClusterPlace } from './cluster-place.ts';
import type { Place, Site } from './place.ts';
import { SharedPlace } from './shared-place.ts';

/**
 * What the nodes of a simulation are made of:
 *
 * - `memory`: memory alone, one or two nodes on a log in their process;
 * - `hostile`: one node with memory before a store that loses, lies, throws and stalls;
 * - `shared`: nodes on a server that fails, forgets and starts anew;
 * - `cluster`: nodes on a server that keeps the log, and others that keep entries: nothing is checked and stored in one step;
 * - `strong`: one of both, with strong reads;
 * - `file`: nodes on a place whose reads answer at once, and whose writes take their time;
 * - `disk`: nodes on a server, with disks that outlive them;
 * - `kv`: nodes at several locations of a KV namespace that lags, with a log on a server.
 */
export type Setup = 'memory' | 'hostile' | 'shared' | 'cluster' | 'strong' | 'file' | 'disk' | 'kv';

/** What makes a setup. */
export interface Traits {
  /** The place that the nodes share; without one they share the log of their process. */
  readonly place?: (site: Site, chance: Chance) => Place;
  /** The fewest and the most nodes. */
  readonly nodes: readonly [least: number, most: number];
  readonly consistency?: 'strong';
  /** There is always an unreliable store between memory and the place; otherwise at times, if there is a place. */
  readonly unreliable?: true;
  readonly disks?: true;
  /** Entries are in a KV namespace, and only the log is at the place. */
  readonly kv?: true;
}

const shared = (site: Site) => new SharedPlace(site);
const cluster = (site: Site) => new ClusterPlace(site);
const SEVERAL = [2, 3] as const;

/** All setups. */
export const SETUPS: Readonly<Record<Setup, Traits>> = {
  memory: { nodes: [1, 2] },
  hostile: { nodes: [1, 1], unreliable: true },
  shared: { nodes: SEVERAL, place: shared },
  cluster: { nodes: SEVERAL, place: cluster },
  strong: {
    nodes: SEVERAL,
    place: (site, chance) => (chance.once(3) ? cluster(site) : shared(site)),
    consistency: 'strong',
  },
  file: { nodes: SEVERAL, place: (site) => new SharedPlace(site, { sync: true }) },
  disk: {
    nodes: SEVERAL,
    place: (site, chance) => (chance.once(3) ? cluster(site) : shared(site)),
    disks: true,
  },
  kv: { nodes: SEVERAL, place: shared, kv: true },
};

/** Limits at which a log or a mirror soon forgets. */
export const SMALL: StampLimits = { stamps: 6, rules: 2 };
