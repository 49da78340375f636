/** Which directories an environment may be in, and that every other one stays as it is. */
import { chmodSync, chownSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { enter, type EnterOptions, type Premises } from '../../../src/backends/lmdb/premises.ts';
import {
  count,
  deadName,
  die,
  edit,
  editData,
  editHeader,
  fill,
  freshPath,
  headerOf,
  ROWS,
  scribble,
  snapshot,
} from './premises-place.ts';

const NOBODY = 65_534;

function go(path: string, options: Partial<EnterOptions> = {}): Premises {
  return enter({ path, durability: 'process', probe: () => undefined, ...options });
}

/** A directory with some files in it. */
function directory(files: Readonly<Record<string, string>>): string {
  const path = freshPath();
  mkdirSync(path, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  return path;
}

function expectRefused(path: string, code: string, message: RegExp): void {
  const before = snapshot(dirname(path));
  expect(() => go(path)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) as string }));
  expect(snapshot(dirname(path))).toEqual(before);
}

/** Do something without the rights of root, which no permission binds. */
function asNobody(work: () => void): void {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('a directory is refused, and stays as it is', () => {
  test('that holds anything of others', () => {
    expectRefused(directory({ 'notes.txt': 'mine' }), 'foreign_directory', /holds notes\.txt/);
    expectRefused(directory({ 'sub/notes.txt': 'mine' }), 'foreign_directory', /holds sub/);
  });

  test('that holds an LMDB environment of others', async () => {
    const path = directory({});
    await edit(path, (rows) => rows.putSync('their', Buffer.from('row')));
    expectRefused(path, 'foreign_directory', /holds data\.mdb/);
  });

  test.each(['', '{"tide', 'hello', '{"name":"tidemark"}', '{"tidemark":"sqlite","format":1}', '[]', 'null'])(
    'that holds a header that could be of others: %j',
    (header) => {
      expectRefused(directory({ 'tidemark.json': header, 'data.mdb': 'data' }), 'foreign_directory', /holds data\.mdb/);
    },
  );

  test('that holds a file of others beside an environment without its header', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    premises.leave();
    unlinkSync(join(path, 'tidemark.json'));
    writeFileSync(join(path, 'notes.txt'), 'mine');
    expectRefused(path, 'foreign_directory', /holds notes\.txt/);
  });

  test('of a newer format', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    premises.leave();
    editHeader(path, { format: 2, settings: 'unheard of' });
    expectRefused(path, 'newer_format', /has format 2; .* up to format 1/);
  });

  test('that is a file', () => {
    expectRefused(join(directory({ file: 'text' }), 'file'), 'foreign_directory', /is a file/);
  });

  test('below a file', () => {
    const path = directory({ file: 'text' });
    expect(() => go(join(path, 'file', 'cache'))).toThrow(
      expect.objectContaining({ code: 'store_failed', cause: expect.objectContaining({ code: 'ENOTDIR' }) as Error }),
    );
  });

  test('that may not be written to', () => {
    const path = directory({});
    chmodSync(dirname(dirname(path)), 0o755);
    chmodSync(path, 0o555);
    asNobody(() => {
      for (const place of [path, join(path, 'below')])
        expect(() => go(place)).toThrow(
          expect.objectContaining({
            code: 'store_failed',
            cause: expect.objectContaining({ code: 'EACCES' }) as Error,
          }),
        );
    });
    expect(snapshot(path)).toEqual([]);
  });
});

describe('a directory is taken', () => {
  test('that is empty', () => {
    expect(go(directory({})).alone()).toBe(true);
  });

  test('that is a link to one', () => {
    const path = directory({});
    symlinkSync(path, `${path}-link`);
    go(`${path}-link`);
    expect(headerOf(path)).toMatchObject({ format: 1 });
  });

  test('in which another process is just making its environment', () => {
    expect(go(directory({ [`opening.${deadName()}/x`]: '' })).replaced).toBeUndefined();
    expect(go(directory({ [`users/${deadName()}`]: '' })).replaced).toBeUndefined();
  });

  test('of ours, whatever has come to lie in it', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    premises.leave();
    writeFileSync(join(path, '.DS_Store'), 'pictures');
    const next = go(path);
    expect([next.replaced, await count(path)]).toEqual([undefined, ROWS]);
  });
});

test('damaged files that can be moved nowhere are deleted', async () => {
  const path = freshPath();
  const premises = go(path);
  await fill(path);
  premises.leave();
  die(path);
  editData(path, (bytes) => scribble(bytes, 0, 2));

  const parent = dirname(path);
  chmodSync(dirname(parent), 0o755);
  chmodSync(parent, 0o555);
  if (process.geteuid?.() === 0)
    for (const name of ['.', 'users', 'data.mdb', 'lock.mdb', 'tidemark.json'])
      chownSync(join(path, name), NOBODY, NOBODY);
  asNobody(() => expect(go(path).replaced).toMatchObject({ reason: 'damaged', movedTo: undefined }));
  chmodSync(parent, 0o755);
  expect(snapshot(parent).filter(([, content]) => content.length > 100_000)).toEqual([]);
});
