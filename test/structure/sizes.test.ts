/** One idea, one file: the sizes of the files in src. */
import { expect, test } from 'vitest';
import { filesBelow, lineCount, read } from '../support/repository.ts';

const files = filesBelow('src', '.ts')
  .map((path) => ({ path, lines: lineCount(read(path)) }))
  .toSorted((a, b) => a.lines - b.lines);

test('half of the files have at most 120 lines', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(files[Math.ceil(files.length * 0.5) - 1]?.lines).toBeLessThanOrEqual(120);
});

test('nine of ten files have at most 300 lines', () => {
  expect(files.length).toBeGreaterThan(0);
  expect(files[Math.ceil(files.length * 0.9) - 1]?.lines).toBeLessThanOrEqual(300);
});

test('no file has more than 500 lines', () => {
  expect(files.filter(({ lines }) => lines > 500)).toEqual([]);
});
