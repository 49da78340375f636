/** A directory as a remote: what is in it is whole, what was left behind goes, and nothing outside of it is touched. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesRemote, type FilesRemoteOptions } from '../../../src/build/remote/files-remote.ts';
import { filesOf, folder } from '../stores.ts';

const NAME = 'ab'.repeat(32);
const PLACE = `blobs/ab/${NAME}`;
const call = { signal: new AbortController().signal };

function bodyOf(text: string): { readonly chunks: AsyncIterable<Uint8Array> } {
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
  };
  return { chunks: chunks() };
}

test('a name is a file, and nothing is left beside it, whether a write worked or not', async () => {
  const directory = folder();
  const remote = filesRemote({ directory });
  await remote.put('blobs', NAME, bodyOf('tides'), call);
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('x');
    throw new Error('cut off');
  };
  await expect(remote.put('blobs', NAME, { chunks: failing() }, call)).rejects.toThrow('cut off');
  expect([...filesOf(directory)]).toEqual([[PLACE, 'tides']]);
});

test('a directory that is not there is a miss, and not made: a drive may not be mounted', async () => {
  const directory = join(folder(), 'drive');
  const remote = filesRemote({ directory });
  expect(await remote.get('blobs', NAME, call)).toBeUndefined();
  expect(await remote.has!('blobs', NAME, call)).toBe(false);
  await expect(remote.put('blobs', NAME, bodyOf('x'), call)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(readdirSync(join(directory, '..'))).toEqual([]);
});

test('links are not followed, and what is no file is not there', async () => {
  const directory = folder();
  const remote = filesRemote({ directory });
  const secret = join(folder(), 'secret');
  writeFileSync(secret, 'secret');
  mkdirSync(join(directory, 'blobs/ab'), { recursive: true });
  symlinkSync(secret, join(directory, PLACE));
  await expect(remote.get('blobs', NAME, call)).rejects.toMatchObject({ code: 'ELOOP' });
  await remote.put('blobs', NAME, bodyOf('tides'), call);
  expect([...filesOf(directory)]).toEqual([[PLACE, 'tides']]);
  expect([...filesOf(join(secret, '..'))]).toEqual([['secret', 'secret']]);
  rmSync(join(directory, PLACE));
  mkdirSync(join(directory, PLACE));
  expect(await remote.get('blobs', NAME, call)).toBeUndefined();
  expect(await remote.has!('blobs', NAME, call)).toBe(false);
  await expect(remote.put('blobs', NAME, bodyOf('tides'), call)).rejects.toMatchObject({ syscall: 'rename' });
});

test('what a killed process has left behind goes after a day', async () => {
  const directory = folder();
  mkdirSync(join(directory, 'tmp'));
  for (const [name, hours] of [
    ['old', 25],
    ['young', 23],
    ['ahead', -25],
  ] as const) {
    const path = join(directory, 'tmp', name);
    writeFileSync(path, 'half');
    utimesSync(path, Date.now() / 1000 - hours * 3600, Date.now() / 1000 - hours * 3600);
  }
  await filesRemote({ directory }).put('blobs', NAME, bodyOf('tides'), call);
  expect(readdirSync(join(directory, 'tmp'))).toEqual(['young']);
});

test('names become no paths, and a directory that may only be read is left as it is', async () => {
  const directory = folder();
  const remote = filesRemote({ directory, readOnly: true });
  for (const name of ['', '..', `../${NAME}`.slice(0, 64), NAME.toUpperCase()])
    await expect(remote.get('blobs', name, call)).rejects.toMatchObject({ code: 'bad_option' });
  await expect(remote.put('blobs', NAME, bodyOf('x'), call)).rejects.toMatchObject({ code: 'store_failed' });
  expect(readdirSync(directory)).toEqual([]);
});

test('options that cannot be are refused', () => {
  for (const options of [{}, { directory: '' }, { directory: '/x', readOnly: 'yes' }, { directory: '/x', path: '' }])
    expect(() => filesRemote(options as FilesRemoteOptions)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
