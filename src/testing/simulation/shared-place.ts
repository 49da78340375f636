/** The plainest place that nodes can share: one server, or one file, that checks and stores in one step. */
import type { Backend } from '../../engine/backend.ts';
import type { Position } from '../../engine/log.ts';
import { sharedBackend } from '../shared-backend.ts';
import { SharedSpace, type SpaceCopy } from '../shared-space.ts';
import { carried } from './carried.ts';
import type { Chance } from './chance.ts';
import type { Link } from './network.ts';
import type { Faults, Place, Site } from './place.ts';

/** A space and what befalls it. */
export class SharedPlace implements Place {
  readonly space: SharedSpace;
  readonly faults: Faults;
  readonly #sync: boolean;
  #copy: SpaceCopy | undefined;

  constructor({ clock, limits }: Site, { sync = false }: { readonly sync?: boolean } = {}) {
    const space = new SharedSpace({ clock, ...(limits && { limits }) });
    this.space = space;
    this.#sync = sync;
    this.faults = {
      flush: () => space.flush(),
      backup: () => void (this.#copy = space.copy()),
      restore: () => this.#copy && space.restore(this.#copy),
      trim: (chance) => space.trim(chance.below(3)),
      compact: () => space.compact(),
      evict: (chance) => this.#evict(chance),
    };
  }

  connect(link: Link): Backend {
    return carried(sharedBackend({ space: this.space, sync: true }), link, { sync: this.#sync });
  }

  position(): Position {
    return this.space.position;
  }

  #evict(chance: Chance): void {
    const { keys } = this.space;
    if (keys.length > 0) this.space.evict(chance.pick(keys));
  }
}
