/** Every miss can be explained: what differs from the nearest result that is remembered, in words. */
import { expect, test } from 'vitest';
import { digestOf } from '../../src/build/digest.ts';
import { keyOfFields } from '../../src/build/key.ts';
import type { ActionRecord, InputEntry } from '../../src/build/record.ts';
import { differences, nearestRecord, type Wanted } from '../../src/build/why.ts';

const file = (path: string, text: string, executable = false): InputEntry => ({
  path,
  digest: digestOf(text),
  executable,
});

function wanted(inputs: readonly InputEntry[], fields: Readonly<Record<string, string>> = {}): Wanted {
  return { key: keyOfFields(fields, inputs), inputs, fields };
}

function record(made: Wanted, createdAt = '2026-01-01T00:00:00.000Z', name = 'build'): ActionRecord {
  const task = { package: 'a', name, command: ['tsc'] };
  return { ...made, version: 1, task, outputs: [], log: null, durationMs: 1, createdAt };
}

test('nothing differs between equal keys', () => {
  const same = wanted([file('a', '1')], { node: '20' });
  expect(differences(record(same), same)).toEqual([]);
});

test('each change of an input is told in words', () => {
  const before = [file('changed', '1'), file('gone', '1'), file('mode', '1'), file('same', '1')];
  const now = [file('changed', '2'), file('mode', '1', true), file('new', '1'), file('same', '1')];
  const texts = (from: readonly InputEntry[], to: readonly InputEntry[]): readonly string[] =>
    differences(record(wanted(from)), wanted(to)).map(({ text }) => text);
  expect(texts(before, now)).toEqual([
    'input "changed" changed',
    'input "gone" is gone',
    'input "mode" is executable now',
    'input "new" is new',
  ]);
  expect(texts(now, before)).toContain('input "mode" is no longer executable');
  expect(texts([{ path: 'l', link: 'x' }], [{ path: 'l', link: 'y' }])).toEqual([
    'input "l" links to "y" instead of "x"',
  ]);
  expect(texts([{ path: 'l', link: 'x' }], [file('l', '')])).toEqual(['input "l" is a file now, no symbolic link']);
  expect(texts([file('l', '')], [{ path: 'l', link: 'x' }])).toEqual(['input "l" is a symbolic link now']);
});

test('each change of what a watched task looked at is told in words', () => {
  const [one, two] = [digestOf('1'), digestOf('2')];
  const cases: readonly [before: InputEntry, now: InputEntry, text: string][] = [
    [{ path: 'src', names: one }, { path: 'src', names: two }, 'the names in "src" changed'],
    [{ path: 'a', here: 'nothing' }, file('a', '1'), 'input "a" is there now'],
    [{ path: 'a', here: 'nothing' }, { path: 'a', link: 'x' }, 'input "a" is there now'],
    [file('a', '1'), { path: 'a', here: 'nothing' }, 'input "a" isn\'t there any more'],
    [{ path: 'a', names: one }, { path: 'a', here: 'nothing' }, 'input "a" isn\'t there any more'],
    [file('a', '1'), { path: 'a', here: 'directory' }, 'input "a" is a directory now, no file'],
    [{ path: 'a', here: 'directory' }, file('a', '1'), 'input "a" is a file now, no directory'],
    [{ path: 'a', names: one }, { path: 'a', here: 'other' }, 'input "a" is a special file now, no directory'],
    [{ path: 'a', here: 'directory' }, { path: 'a', link: 'x' }, 'input "a" is a symbolic link now'],
    [{ path: 'a', here: 'directory' }, { path: 'a', names: one }, 'the names in "a" count now'],
    [{ path: 'a', names: one }, { path: 'a', here: 'directory' }, 'the names in "a" no longer count'],
  ];
  for (const [before, now, text] of cases)
    expect(differences(record(wanted([before])), wanted([now])).map((difference) => difference.text)).toEqual([text]);
});

test('each change of a field is told in words, with digests cut short', () => {
  const [one, two] = [digestOf('1'), digestOf('2')];
  const before = { node: '20', 'env:A': '=x', 'config:t.json': one, 'dependency:b#build': one, 'env:GONE': 'unset' };
  const now = { node: '22', 'env:A': 'unset', 'config:t.json': two, 'dependency:b#build': two, 'env:NEW': 'unset' };
  const found = differences(record(wanted([], before)), wanted([file('x', '1')], now));
  expect(found.map(({ text }) => text)).toEqual([
    `configuration file "t.json" changed from ${one.slice(0, 8)} to ${two.slice(0, 8)}`,
    `the output of b#build changed from ${one.slice(0, 8)} to ${two.slice(0, 8)}`,
    'environment variable A changed from =x to unset',
    'environment variable GONE is gone',
    'environment variable NEW is new',
    'node changed from 20 to 22',
    'input "x" is new',
  ]);
  expect(found.at(-1)).toMatchObject({ what: 'input', change: 'added', name: 'x' });
});

test('the nearest record is the one with the most inputs in common, of the same task', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((path) => file(path, '1'));
  const now = wanted([a, b, c], { node: '20' });
  const far = record(wanted([a, file('b', '2'), file('c', '2')]), '2026-03-01T00:00:00.000Z');
  const near = record(wanted([a, b, file('c', '2')]));
  const wide = record(wanted([a, b, file('c', '2'), ...Array.from({ length: 9 }, (_, i) => file(`x${i}`, '1'))]));
  const foreign = record(now, '2026-01-01T00:00:00.000Z', 'lint');
  const task = { package: 'a', name: 'build' };
  expect(nearestRecord([far, wide, near, foreign], task, now)).toBe(near);
  expect(nearestRecord([foreign], task, now)).toBeUndefined();
});

test('of records that are equally near, the one with more fields in common wins, then the later', () => {
  const now = wanted([file('a', '1')], { node: '20', arch: 'x64' });
  const task = { package: 'a', name: 'build' };
  const later = record(wanted(now.inputs, { node: '22', arch: 'x64' }), '2026-02-01T00:00:00.000Z');
  const earlier = record(wanted(now.inputs, { node: '18', arch: 'x64' }));
  const other = record(wanted(now.inputs, { node: '18', arch: 'arm64' }), '2026-03-01T00:00:00.000Z');
  expect(nearestRecord([earlier, later, other], task, now)).toBe(later);
});
