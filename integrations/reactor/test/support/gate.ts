/** A store whose reads can be held back and counted. */
import type { IOperationStore } from '@powerhousedao/reactor';

export interface Gate {
  readonly operations: IOperationStore;
  /** Reads that were asked for. */
  readonly reads: number;
  /** Let reads wait that were answered with so many operations or more; resolves when the first of them does. */
  hold(operations: number): Promise<void>;
  release(): void;
}

export function gated(store: IOperationStore): Gate {
  let reads = 0;
  let held: { readonly least: number; readonly waiting: () => void; readonly opened: Promise<void> } | undefined;
  let open = (): void => undefined;
  const operations = new Proxy(store, {
    get(target, name) {
      if (name === 'getRevisions')
        return (...wanted: Parameters<IOperationStore['getRevisions']>) => {
          reads++;
          return target.getRevisions(...wanted);
        };
      if (name === 'getSince')
        return async (...wanted: Parameters<IOperationStore['getSince']>) => {
          reads++;
          const page = await target.getSince(...wanted);
          if (!held || page.results.length < held.least) return page;
          held.waiting();
          await held.opened;
          return page;
        };
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return {
    operations,
    get reads() {
      return reads;
    },
    hold(least) {
      return new Promise((waiting) => {
        const opened = new Promise<void>((resolve) => (open = resolve));
        held = { least, waiting, opened };
      });
    },
    release() {
      held = undefined;
      open();
    },
  };
}
