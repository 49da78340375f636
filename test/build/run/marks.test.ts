/** The marks by which runs notice each other don't pile up. */
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sweepMarks } from '../../../src/build/overlap.ts';
import { scratch } from './repository.ts';

test('directories of marks go when they are empty and old, and only then', () => {
  const state = scratch();
  const old = Date.now() / 1000 - 2 * 86_400;
  for (const name of ['running-old', 'running-used', 'running-young', 'running']) mkdirSync(join(state, name));
  writeFileSync(join(state, 'running-used', 'mark'), '');
  for (const name of ['running-old', 'running-used', 'running']) utimesSync(join(state, name), old, old);
  sweepMarks(state, Date.now());
  const left = ['running-old', 'running-used', 'running-young', 'running'].filter((name) =>
    existsSync(join(state, name)),
  );
  expect(left).toEqual(['running-used', 'running-young', 'running']);
});
