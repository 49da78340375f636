/** Reading a whole environment: what is missed, what is judged, and when it ends. */
import { expect, test } from 'vitest';
import { type Lmdb, walk } from '../../../src/backends/lmdb/walk.ts';

/** Databases with so many rows, of which they claim to have as many as `claimed` says. */
function environment(
  databases: Readonly<Record<string, number>>,
  claimed: Readonly<Record<string, number>> = {},
): Lmdb {
  const names = Object.keys(databases);
  const row = { key: Buffer.from('key'), value: Buffer.from('value') };
  return {
    open: () => ({
      getKeys: () => names,
      getStats: () => ({ entryCount: claimed['root'] ?? names.length }),
      openDB: (options) => {
        const { name } = options as { readonly name: string };
        return {
          getStats: () => ({ entryCount: claimed[name] ?? databases[name] }),
          getRange: () => Array.from({ length: databases[name] }, () => row),
        };
      },
    }),
  };
}

function go(lmdb: Lmdb, { budget = 1000 }: { budget?: number } = {}): object {
  return walk(lmdb, { path: 'anywhere', budget });
}

test('all rows are there', () => {
  expect(go(environment({ one: 200, none: 0 }))).toEqual({ complete: true });
  expect(go(environment({}))).toEqual({ complete: true });
});

test('rows that a scan passes over are missed', () => {
  const found = go(environment({ one: 2, two: 3 }, { two: 5 }));
  expect(found).toEqual({ damage: 'two: 3 of 5 rows can be reached', complete: true });
});

test('databases that cannot be reached are missed', () => {
  expect(go(environment({ one: 2 }, { root: 2 }))).toEqual({
    damage: 'not every database can be reached',
    complete: true,
  });
});

test('when time is up, nothing is said about the rest', () => {
  expect(go(environment({ one: 1000 }, { one: 5000 }), { budget: -1 })).toEqual({ complete: false });
});

test('it stands on its own, as text', () => {
  const alone = new Function(`return (${walk.toString()})`)() as typeof walk; // oxlint-disable-line no-implied-eval
  expect(alone(environment({ one: 2 }, { one: 3 }), { path: 'anywhere', budget: 1000 })).toEqual({
    damage: 'one: 2 of 3 rows can be reached',
    complete: true,
  });
});
