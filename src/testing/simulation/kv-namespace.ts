/** A KV namespace that lags, as one node of a simulation reaches it: its operations are held, fail, and are used up. */
import type { KvNamespace } from '../../stores/workers-kv/namespace.ts';
import { type LaggingKv, laggingKv } from '../lagging-kv.ts';
import type { World } from './world.ts';

const LOCATIONS = ['fra', 'syd', 'gru'];

/** One namespace for all nodes. */
export class SharedKv {
  readonly #world: World;
  readonly #kv: LaggingKv;
  readonly #failing: number;

  constructor(world: World) {
    this.#world = world;
    const { clock, chance } = world;
    this.#failing = chance.pick([0, 0, 0.1]);
    this.#kv = laggingKv({
      clock,
      random: () => world.chance.unit(),
      maxLag: chance.pick([0, 2000, 60_000]),
      homeLag: chance.pick([0, 0.2, 0.8]),
      cached: chance.pick([0, 1000, 60_000]),
      operations: chance.pick([4, 30, 1000]),
    });
  }

  /** The namespace at a location by chance. What is left of its operations is as much as for an invocation, from time to time anew. */
  reached(by: string): KvNamespace {
    const world = this.#world;
    const location = world.chance.pick(LOCATIONS);
    let invocation = this.#kv.invocation(location);
    const ask = async <T>(message: string, effect: () => Promise<T>): Promise<T> => {
      await world.hold(by, message);
      if (world.chance.once(10)) invocation = this.#kv.invocation(location);
      if (!world.gates.open && world.chance.unit() < this.#failing) throw new Error(`KV failed: ${message}`);
      const answer = await effect();
      await world.hold(by, `${message} answer`);
      return answer;
    };
    return {
      get: (keys, options) => ask('getMany of KV', () => invocation.get(keys, options)),
      put: (key, value, options) => ask('setMany of KV', () => invocation.put(key, value, options)),
      delete: (key) => ask('deleteMany of KV', () => invocation.delete(key)),
      list: (options) => ask('clear of KV', () => invocation.list!(options)),
    };
  }
}
