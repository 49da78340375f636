/**
 * Batches by request. A platform lets the code of one request go on until nothing of it can, and only then that of another,
 * so that no two ask in the same run of microtasks; in a model many do.
 */
import type { Batch } from '../../src/engine/batch.ts';
import { presentRequest } from './requests.ts';

interface Engine {
  readonly Batch: typeof Batch;
}

/** The module of the engine, so that each request's items go together with no other's. */
export function apart({ Batch: Whole }: Engine): Engine {
  class Apart<I, O> extends Whole<I, O> {
    readonly #batches = new WeakMap<object, Batch<I, O>>();
    readonly #new: () => Batch<I, O>;

    constructor(...args: ConstructorParameters<typeof Whole<I, O>>) {
      super(...args);
      this.#new = () => new Whole(...args);
    }

    override ask(item: I): Promise<O> {
      const request = presentRequest();
      if (!request) return super.ask(item);
      let batch = this.#batches.get(request);
      if (!batch) this.#batches.set(request, (batch = this.#new()));
      return batch.ask(item);
    }
  }
  return { Batch: Apart };
}
