/** Two tasks share a key exactly when nothing that their results may depend on differs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/build/digest.ts';
import { describeKey, keyOf, keyOfFields, type KeyParts, outputsDigest } from '../../src/build/key.ts';
import type { InputEntry, OutputEntry } from '../../src/build/record.ts';
import { nodeVersion, surroundings } from '../../src/build/surroundings.ts';

const digest = digestOf('content');

const parts: KeyParts = {
  package: 'a',
  task: 'build',
  executable: 'node 20',
  arguments: ['-p', '.'],
  inputs: [
    { path: 'a', digest, executable: false },
    { path: 'b', link: 'a' },
  ],
  dependencies: { 'b#build': digest },
  lockfile: digest,
  configs: { 'tsconfig.json': digest, '.swcrc': null },
  surroundings: {
    platform: 'linux',
    arch: 'x64',
    libc: 'glibc',
    node: '20',
    environment: { NODE_ENV: 'test', TOKEN: 'secret', EMPTY: '', UNSET: null },
  },
};

const around = parts.surroundings;
const env = around.environment;
const others: Readonly<Record<string, Partial<KeyParts>>> = {
  package: { package: 'b' },
  task: { task: 'lint' },
  executable: { executable: 'node 22' },
  'an argument': { arguments: ['-p', './'] },
  'where one argument ends': { arguments: ['-p .'] },
  'one more, empty argument': { arguments: ['-p', '.', ''] },
  'an input': { inputs: [{ path: 'a', digest: digestOf('other'), executable: false }, parts.inputs[1]] },
  'an input made executable': { inputs: [{ path: 'a', digest, executable: true }, parts.inputs[1]] },
  'an input renamed': { inputs: [{ path: 'c', digest, executable: false }, parts.inputs[1]] },
  'one input fewer': { inputs: [parts.inputs[0]] },
  'where a link leads': { inputs: [parts.inputs[0], { path: 'b', link: 'c' }] },
  'names for a link': { inputs: [parts.inputs[0], { path: 'b', names: digest }] },
  'other names': { inputs: [parts.inputs[0], { path: 'b', names: digestOf('other') }] },
  'a directory': { inputs: [parts.inputs[0], { path: 'b', here: 'directory' }] },
  'nothing there': { inputs: [parts.inputs[0], { path: 'b', here: 'nothing' }] },
  'something that cannot be read': { inputs: [parts.inputs[0], { path: 'b', here: 'other' }] },
  'a link to what is nothing in a word': { inputs: [parts.inputs[0], { path: 'b', link: 'nothing' }] },
  'a link for a file': { inputs: [{ path: 'a', link: digest }, parts.inputs[1]] },
  'a dependency': { dependencies: { 'b#build': digestOf('other') } },
  'whose dependency': { dependencies: { 'c#build': digest } },
  'no dependency': { dependencies: {} },
  lockfile: { lockfile: digestOf('other') },
  'no lockfile': { lockfile: null },
  'a configuration file': { configs: { ...parts.configs, 'tsconfig.json': digestOf('other') } },
  'a configuration file that appears': { configs: { ...parts.configs, '.swcrc': digest } },
  'a declared configuration file': { configs: { ...parts.configs, extra: null } },
  platform: { surroundings: { ...around, platform: 'darwin' } },
  arch: { surroundings: { ...around, arch: 'arm64' } },
  libc: { surroundings: { ...around, libc: 'musl' } },
  node: { surroundings: { ...around, node: '22' } },
  NODE_ENV: { surroundings: { ...around, environment: { ...env, NODE_ENV: 'production' } } },
  'a variable': { surroundings: { ...around, environment: { ...env, TOKEN: 'other' } } },
  'an empty variable unset': { surroundings: { ...around, environment: { ...env, EMPTY: null } } },
  'an unset variable set empty': { surroundings: { ...around, environment: { ...env, UNSET: '' } } },
  'a variable set to the word unset': { surroundings: { ...around, environment: { ...env, UNSET: 'unset' } } },
};

describe('a key', () => {
  test('is another for every change of any part, and each differs from all the others', () => {
    const keys = [parts, ...Object.values(others).map((other) => ({ ...parts, ...other }))].map(keyOf);
    expect(new Set(keys).size).toBe(Object.keys(others).length + 1);
  });

  test('covers every part that there is', () => {
    const described = Object.keys(describeKey(parts)).map((name) => name.split(':')[0]);
    expect([...new Set(described)].toSorted()).toEqual(
      'arch arguments config dependency env executable libc lockfile node package platform schema task'.split(' '),
    );
  });

  test('is the same in whatever order parts were found', () => {
    const reversed = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(record).toReversed());
    const { dependencies = {}, configs = {} } = parts;
    const found: KeyParts = {
      ...parts,
      inputs: parts.inputs.toReversed(),
      dependencies: reversed(dependencies),
      configs: reversed(configs),
      surroundings: { ...around, environment: reversed(env) },
    };
    expect(keyOf(found)).toBe(keyOf(parts));
    expect(describeKey(found)).toEqual(describeKey(parts));
  });

  test('does not change between releases unless its rules do', () => {
    expect(keyOf(parts)).toBe('a18e3311e7462e7c5676750e9a988a730b07a45dad3ac460cb60135a63023ff0');
  });

  test('can be worked out again from what a record keeps', () => {
    const kept = JSON.parse(JSON.stringify(describeKey(parts))) as Record<string, string>;
    expect(keyOfFields(kept, parts.inputs)).toBe(keyOf(parts));
  });

  test('keeps no value of a variable but NODE_ENV', () => {
    expect(JSON.stringify(describeKey(parts))).not.toContain('secret');
    expect(describeKey(parts)).toMatchObject({ 'env:NODE_ENV': '=test', 'env:UNSET': 'unset' });
  });

  test('is not made of text that has no bytes of its own', () => {
    expect(() => keyOf({ ...parts, task: '\ud800' })).toThrow(expect.objectContaining({ code: 'bad_value' }));
  });

  // Few and short letters, with those that the framing itself uses, so that shifted fields would meet.
  const text = fc.string({ unit: fc.constantFrom('a', '1', ':', ';', ',', '\0', '"', 'é'), maxLength: 4 });
  const input: fc.Arbitrary<InputEntry> = fc.oneof(
    fc.record({ path: text, digest: text, executable: fc.boolean() }),
    fc.record({ path: text, link: text }),
    fc.record({ path: text, names: text }),
    fc.record({ path: text, here: fc.constantFrom('directory', 'other', 'nothing') }),
  );
  const inputs = fc.uniqueArray(input, { selector: ({ path }) => path, maxLength: 3 });
  const fields = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });
  const spelt = (of: Record<string, string>, among: readonly InputEntry[]): string =>
    JSON.stringify([
      Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      among.map((entry) => JSON.stringify(entry)).toSorted((a, b) => (a < b ? -1 : 1)),
    ]);

  test('is shared by no two different lists of fields and inputs', () => {
    const owners = new Map<string, string>();
    fc.assert(
      fc.property(fields, inputs, (of, among) => {
        const [key, owner] = [keyOfFields(of, among), spelt(of, among)];
        expect(owners.get(key) ?? owner).toBe(owner);
        owners.set(key, owner);
      }),
      { numRuns: 3000 },
    );
    expect(new Set(owners.values()).size).toBe(owners.size);
    expect(owners.size).toBeGreaterThan(500);
  });

  test('is not the same when text moves from one field into the next', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const shifted = [
          [a + b, c],
          [a, b + c],
        ].map(([first, second]) => keyOf({ ...parts, package: first, task: second }));
        expect(shifted[0] === shifted[1]).toBe(b === '');
      }),
    );
  });
});

describe('the digest of outputs', () => {
  const outputs: readonly OutputEntry[] = [
    { kind: 'file', path: 'dist/a.js', digest, size: 7, mode: 0o644 },
    { kind: 'link', path: 'dist/b.js', target: 'a.js' },
    { kind: 'directory', path: 'dist/c', mode: 0o755 },
  ];

  test('is the same for the same outputs in another order, and another for any change', () => {
    const changed: readonly OutputEntry[][] = [
      [{ ...outputs[0], mode: 0o755 } as OutputEntry, outputs[1], outputs[2]],
      [{ ...outputs[0], digest: digestOf('other') } as OutputEntry, outputs[1], outputs[2]],
      [outputs[0], { ...outputs[1], target: 'c.js' } as OutputEntry, outputs[2]],
      [outputs[0], outputs[1]],
    ];
    expect(outputsDigest(outputs.toReversed())).toBe(outputsDigest(outputs));
    expect(new Set([outputs, ...changed].map(outputsDigest)).size).toBe(changed.length + 1);
  });
});

describe('surroundings', () => {
  test('are the declared variables, NODE_ENV, and those that bust caches: nothing else of the environment', () => {
    const environment = { DECLARED: '1', OTHER: '2', MY_CACHE_BUST: '3', X_CACHE_BUST_Y: '4' };
    expect(surroundings({ names: ['DECLARED', 'MISSING', 'toString'], environment }).environment).toEqual({
      DECLARED: '1',
      MISSING: null,
      toString: null,
      NODE_ENV: null,
      MY_CACHE_BUST: '3',
      X_CACHE_BUST_Y: '4',
    });
  });

  test('name this machine, with the first number of Node unless the exact one is asked for', () => {
    const { platform, arch, libc, node } = surroundings();
    expect({ platform, arch, node }).toEqual({
      platform: process.platform,
      arch: process.arch,
      node: process.versions.node.split('.')[0],
    });
    expect(libc).toMatch(process.platform === 'linux' ? /^(glibc|musl)$/ : /^none$/);
    expect(nodeVersion('exact')).toBe(process.versions.node);
  });

  test('of the wrong kind are refused', () => {
    for (const bad of [{ names: [''] }, { node: 'minor' }, { name: [] }])
      expect(() => surroundings(bad as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});
