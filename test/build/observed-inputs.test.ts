/** What a watched task looked at is looked at again: whatever could change its result changes what is found, and its own work doesn't. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkedRecord } from '../../src/build/checked-record.ts';
import { digestOf } from '../../src/build/digest.ts';
import type { InputSpec } from '../../src/build/input-spec.ts';
import { collectObserved, type ObservedSpec } from '../../src/build/observed-inputs.ts';
import type { InputEntry } from '../../src/build/record.ts';
import { StatIndex } from '../../src/build/stat-index.ts';
import { directoryWith, put } from './counted-disk.ts';
import { recordOf } from './stores.ts';
import { noTrace, watched } from './trace/traced.ts';

type Lists = Partial<Omit<InputSpec & { readonly kind: 'observed' }, 'kind'>>;

function found(workspace: string, lists: Lists): readonly InputEntry[] {
  const spec: ObservedSpec = { kind: 'observed', exclude: [], own: [], paths: [], listed: [], ...lists };
  return collectObserved(spec, { workspace, index: new StatIndex() });
}

describe('observed inputs', () => {
  test('are what stands at each path, in bytewise order, each once', () => {
    const workspace = directoryWith({ 'src/b': 'b', a: 'a' });
    fs.symlinkSync('a', join(workspace, 'link'));
    const paths = ['src/b', 'a', 'link', 'src', 'absent', 'a/below', 'absent/x'];
    expect(found(workspace, { paths, listed: ['src'] })).toEqual([
      { path: 'a', digest: digestOf('a'), executable: false },
      { path: 'a/below', here: 'nothing' },
      { path: 'absent', here: 'nothing' },
      { path: 'absent/x', here: 'nothing' },
      { path: 'link', link: 'a' },
      { path: 'src', names: digestOf('b\0') },
      { path: 'src/b', digest: digestOf('b'), executable: false },
    ]);
    expect(found(workspace, { paths: ['src'] })).toEqual([{ path: 'src', here: 'directory' }]);
  });

  test('of a listed directory are its names, without those that say nothing', () => {
    const files = { 'src/a': '', 'dist/js/own': '', 'own.txt': '', 'skip/x': '', '.git/x': '', 'node_modules/x': '' };
    const workspace = directoryWith(files);
    const lists = { listed: ['.'], own: ['dist/js/own', 'own.txt'], exclude: ['skip'] };
    expect(found(workspace, lists)).toEqual([{ path: '.', names: digestOf('src\0') }]);
    put(join(workspace, 'dist/foreign'), '');
    expect(found(workspace, lists)).toEqual([{ path: '.', names: digestOf('dist\0src\0') }]);
  });

  test('tell names apart that are not UTF-8', () => {
    const digests = [0xfe, 0xff].map((byte) => {
      const workspace = directoryWith();
      fs.writeFileSync(Buffer.concat([Buffer.from(`${workspace}/`), Buffer.from([byte])]), '');
      return found(workspace, { listed: ['.'] })[0];
    });
    expect(digests[0]).not.toEqual(digests[1]);
  });

  test('are the same before and after the task has made its outputs', () => {
    const workspace = directoryWith({ 'src/a': '' });
    const lists = {
      paths: ['dist', 'dist/x', 'src', 'src/made'],
      listed: ['dist', 'src', '.'],
      own: ['dist/x', 'src/made'],
    };
    const before = found(workspace, lists);
    put(join(workspace, 'dist/x'), 'x');
    put(join(workspace, 'src/made'), 'm');
    expect(found(workspace, lists)).toEqual(before);
    expect(before.map(({ path }) => path)).toEqual(['.', 'dist', 'src']);
  });

  test('notice what stands in the way of the outputs', () => {
    const workspace = directoryWith({ dist: 'a file' });
    expect(found(workspace, { listed: ['dist'], own: ['dist/x'] })).toMatchObject([
      { path: 'dist', executable: false },
    ]);
  });

  test('leave out what is excluded, by the globs of every other input', () => {
    const workspace = directoryWith({ 'a.log': '', 'deep/b.log': '', 'deep/c': '' });
    const paths = ['a.log', 'deep', 'deep/b.log', 'deep/c', 'gone/x'];
    const pathsLeft = found(workspace, { paths, exclude: ['**/*.log', 'gone'] }).map(({ path }) => path);
    expect(pathsLeft).toEqual(['deep', 'deep/c']);
  });
});

describe('a record', () => {
  const names = digestOf('');
  const checked = (inputs: readonly object[]): unknown => checkedRecord({ ...recordOf('watched', {}), inputs }).inputs;

  test('keeps what a watched task looked at, the names in the workspace itself, too', () => {
    const inputs: readonly InputEntry[] = [
      { path: '.', names },
      { path: 'a', here: 'nothing' },
      { path: 'b', here: 'other' },
      { path: 'c', here: 'directory' },
      { path: 'd', names },
    ];
    expect(checked(inputs)).toEqual(inputs);
  });

  test('keeps nothing else of the kind', () => {
    const wrong: readonly object[] = [
      { path: '.', here: 'directory' },
      { path: 'a', here: 'somewhere' },
      { path: 'a', names: 'b' },
      { path: 'a', names, here: 'directory' },
    ];
    const paths = ['', '..', '../a', 'a//b', '/a', 'a\\b'].map((path) => ({ path, names }));
    for (const input of [...wrong, ...paths])
      expect(() => checked([input])).toThrow(expect.objectContaining({ code: 'bad_bytes' }));
    expect(() =>
      checked([
        { path: 'a', names },
        { path: 'a', here: 'other' },
      ]),
    ).toThrow(/twice/);
  });
});

describe.skipIf(noTrace !== undefined)(
  `what was watched${noTrace === undefined ? '' : ` (skipped: ${noTrace})`}`,
  () => {
    const script = 'cat link/used; test -e probe; echo listed/*; mkdir -p dist; echo 1 > dist/out; test -x tool';
    const files = {
      'real/used': 'u',
      'real/unused': '',
      'other/used': 'u',
      'listed/a': 'a',
      tool: '',
      'out-of-it/x': '',
    };

    const changes: readonly [what: string, changes: boolean, act: (at: (path: string) => string) => void][] = [
      ['nothing', false, () => {}],
      ['a file where nothing was', true, (at) => put(at('probe'), '')],
      ['a directory where nothing was', true, (at) => fs.mkdirSync(at('probe'))],
      ['a new name in a listed directory', true, (at) => put(at('listed/b'), '')],
      ['a name gone from a listed directory', true, (at) => fs.rmSync(at('listed/a'))],
      ['other content', true, (at) => put(at('real/used'), 'v')],
      ['a file that is gone', true, (at) => fs.rmSync(at('real/used'))],
      ['a file made executable', true, (at) => fs.chmodSync(at('tool'), 0o755)],
      [
        'a link that leads elsewhere, to the same content',
        true,
        (at) => {
          fs.rmSync(at('link'));
          fs.symlinkSync('other', at('link'));
        },
      ],
      ['other content in a listed directory that was not read', false, (at) => put(at('listed/a'), 'other')],
      ['a file that was not looked at', false, (at) => put(at('real/unused'), 'x')],
      ['a new file where nobody looked', false, (at) => put(at('out-of-it/y'), '')],
      ['its output changed', false, (at) => put(at('dist/out'), 'x')],
      ['its output gone', false, (at) => fs.rmSync(at('dist'), { recursive: true })],
    ];

    test('is found changed by all that could change the result, and by nothing else', () => {
      const workspace = directoryWith(files);
      fs.symlinkSync('real', join(workspace, 'link'));
      const { observed } = watched(['sh', '-c', script], { cwd: workspace, workspace });
      expect(observed.why).toEqual([]);
      const { paths, listed, written: own } = observed;
      for (const [what, isChange, act] of changes) {
        const copy = directoryWith();
        fs.cpSync(workspace, copy, { recursive: true, verbatimSymlinks: true });
        const before = found(copy, { paths, listed, own });
        act((path) => join(copy, path));
        const same = JSON.stringify(found(copy, { paths, listed, own })) === JSON.stringify(before);
        expect({ what, same }).toEqual({ what, same: !isChange });
      }
    });
  },
);
