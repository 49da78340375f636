/** Names are kept in forms that every database takes, and what is kept under a shared form is never mistaken. */
import fc from 'fast-check';
import sqlite from 'node-sqlite3-wasm';
import { expect, test } from 'vitest';
import { storageKey } from 'tidemark';
import { sqlBackend } from 'tidemark/backends/sql';
import { plainText, restOf, rowOf, textOfPlain } from '../../../src/backends/sql/names.ts';
import { decodeChange, encodeChange } from '../../../src/backends/sql/said.ts';

const CALL = { signal: new AbortController().signal };
/** Any text, often with what databases refuse. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('\0', '\x01', '\ud800', '\udc00', '0', '1', 'h', 'é'), { maxLength: 12 })
    .map((all) => all.join('')),
);

test('any text comes back, and in between has nothing that a database refuses', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const plain = plainText(text);
      expect(textOfPlain(plain)).toBe(text);
      expect(/\0|\p{Surrogate}/u.test(plain)).toBe(false);
    }),
  );
});

test('no two short names have one row', () => {
  fc.assert(
    fc.property(anyText, anyText, (one, other) => {
      expect(rowOf(one) === rowOf(other)).toBe(one === other);
    }),
  );
});

test('a row is short enough for an index, however long the name, and whole names tell apart what shares one', () => {
  const long = ['x', '漢', '🌊', '\ud800', '\0'].map((unit) => unit.repeat(5000));
  for (const name of long) {
    expect(new TextEncoder().encode(rowOf(name)).length).toBeLessThanOrEqual(2000);
    expect(/\0|\p{Surrogate}/u.test(rowOf(name))).toBe(false);
    expect(restOf(name)).toBe(plainText(name));
    expect(rowOf(name + 'y')).not.toBe(rowOf(name));
  }
  expect(restOf('short')).toBe(null);
});

test('a change comes back as it was said, rules included, each name once', () => {
  fc.assert(
    fc.property(fc.array(anyText.map((text) => '#' + text)), (names) => {
      const change = [...names, '*/s/a/~*', '?*/s/~**', '=/s/' + 'x'.repeat(900)];
      expect(decodeChange(encodeChange([...change, ...change]))).toEqual([...new Set(change)]);
    }),
  );
});

test('what lies under the row of another key is not served', async () => {
  const database = new sqlite.Database(':memory:');
  const one = sqlBackend({ dialect: 'sqlite', query: (sql, params) => database.all(sql, params) });
  const { head: mark, incarnation } = await one.log.append(['#/s/first'], CALL);
  const entry = { value: 1, mark, incarnation, dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
  const key = storageKey(['s', 'x'.repeat(1000)], 1);
  expect(await one.setMany([{ key, entry }], CALL)).toEqual([true]);
  expect(await one.getMany([key], CALL)).toMatchObject([{ value: 1 }]);
  database.run('UPDATE tidemark_entries SET whole = ?', ['another key whose row is the same']);
  expect(await one.getMany([key], CALL)).toEqual([undefined]);
  database.close();
});
