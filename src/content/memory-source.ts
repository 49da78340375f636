/** A source in this process's memory: for tests, and for what is small and made anew with each process. */
import { TidemarkError } from '../engine/errors.ts';
import { describe } from '../engine/key.ts';
import { copy, isolate } from '../engine/values.ts';
import { holds, type Item, listed } from './matching.ts';
import type { Source, Written } from './source.ts';

/** Items by the field that holds their id. They are kept as copies, frozen: nobody changes them but by writing. */
export function memorySource<T extends Item>(id: keyof T & string = 'id' as keyof T & string): Source<T> {
  const items = new Map<string, T>();
  const idOf = (item: T) => String(item[id]);
  return {
    findByIds: async (ids) => ids.map((one) => items.get(one)),
    findMany: async (query) => listed(query, items.values(), idOf),
    count: async ({ where }) => [...items.values()].filter((item) => holds(where, item)).length,
    async create(made) {
      const ids = new Set<string>();
      const taken = made.find((item) => items.has(idOf(item)) || ids.size === ids.add(idOf(item)).size);
      if (taken) throw new TidemarkError('conflict', `there is an item ${describe(idOf(taken))} already`);
      return made.map(kept).map((item) => {
        items.set(idOf(item), item);
        return { before: undefined, after: item };
      });
    },
    async update(ids, fields) {
      return ids.flatMap((one): Written<T>[] => {
        const before = items.get(one);
        if (!before) return [];
        const after = kept({ ...before, ...fields, [id]: before[id] });
        items.set(one, after);
        return [{ before, after }];
      });
    },
    async delete(ids) {
      return ids.flatMap((one): Written<T>[] => {
        const before = items.get(one);
        items.delete(one);
        return before ? [{ before, after: undefined }] : [];
      });
    },
  };
}

function kept<T>(item: T): T {
  return isolate(copy(item), 'frozen').value as T;
}
