/** A command that is watched ends as it would, and all that it looked at and made is seen. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../counted-disk.ts';
import { noTrace, watched } from './traced.ts';

const title = noTrace === undefined ? 'a watched command' : `a watched command (skipped: ${noTrace})`;

describe.skipIf(noTrace !== undefined)(title, () => {
  test('is seen to read, to probe, to list and to make', () => {
    const workspace = directoryWith({
      'a b.txt': 'a',
      'src/x': '',
      'src/y': '',
      'run.sh': 'cat "a b.txt"; test -f absent; echo src/*; mkdir out; echo 1 > out/made; cat out/made',
    });
    const { observed, status, out } = watched(['sh', 'run.sh'], { cwd: workspace, workspace });
    expect({ status, out }).toEqual({ status: 0, out: 'asrc/x src/y\n1\n' });
    expect(observed).toMatchObject({
      complete: true,
      why: [],
      paths: ['a b.txt', 'absent', 'run.sh'],
      absent: ['absent'],
      listed: ['src'],
      written: ['out/made'],
      readThenWritten: [],
      removed: [],
      outside: { written: [] },
    });
  });

  test('is seen through promises, worker threads and its own servers', () => {
    const script = `
      import { readFile, writeFile, stat } from 'node:fs/promises';
      import { Worker } from 'node:worker_threads';
      import { createServer, connect } from 'node:net';
      await Promise.all(['a', 'b', 'c'].map((name) => readFile(name)));
      await stat('absent').catch(() => {});
      await writeFile('made', 'x');
      await new Promise((done) => new Worker("require('fs').readFileSync('d')", { eval: true }).on('exit', done));
      const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1', () =>
        connect(server.address().port, '127.0.0.1').on('close', () => server.close()).resume());
    `;
    const workspace = directoryWith({ 'run.mjs': script, a: '', b: '', c: '', d: '' });
    const { observed, status } = watched([process.execPath, 'run.mjs'], { cwd: workspace, workspace });
    expect(status).toBe(0);
    expect(observed.why).toEqual([]);
    expect(observed.paths).toEqual(['a', 'absent', 'b', 'c', 'd', 'run.mjs']);
    expect(observed.written).toEqual(['made']);
  });

  test('through a linked directory reads the link, and the file where it is', () => {
    const workspace = directoryWith({ 'real/deep/x': 'x', tool: '#!/bin/cat\n' });
    symlinkSync('real', join(workspace, 'link'));
    symlinkSync('../real/deep/x', join(workspace, 'real/to-x'));
    const { observed } = watched(['sh', '-c', 'cat link/deep/x; test -r link/to-x; test -e link/no'], {
      cwd: workspace,
      workspace,
    });
    expect(observed).toMatchObject({ complete: true, absent: ['real/no'] });
    expect(observed.read).toEqual(expect.arrayContaining(['link', 'real/deep/x', 'real/to-x']));
    expect(observed.paths.filter((path) => path.startsWith('link/'))).toEqual([]);
  });

  test('in a directory below is seen with names of any kind', () => {
    const name = 'q"u\'ote\n\té <unfinished ...> > (deleted)';
    const workspace = directoryWith({ [`in/${name}`]: 'x', 'in/run.sh': 'for f in *d*; do cat "$f"; done' });
    const { observed, out } = watched(['sh', 'run.sh'], { cwd: join(workspace, 'in'), workspace });
    expect(out).toBe('x');
    expect(observed).toMatchObject({ complete: true, paths: [`in/${name}`, 'in/run.sh'], listed: ['in'] });
  });

  test('changes in place what was there, as is known from what was there before', () => {
    const workspace = directoryWith({ old: 'o' });
    const script = 'echo 1 >> old; echo 1 >> new';
    const place = { cwd: workspace, workspace };
    const { observed } = watched(['sh', '-c', script], { ...place, before: new Set(['old']) });
    expect(observed).toMatchObject({ written: ['new', 'old'], readThenWritten: ['old'], paths: ['old'] });
    expect(readFileSync(join(workspace, 'new'), 'utf8')).toBe('1\n');
  });

  test('ends with its own exit code, or by its own signal', () => {
    const workspace = directoryWith();
    mkdirSync(join(workspace, 'x'));
    const run = (script: string): unknown => {
      const { status, signal, observed, out } = watched(['sh', '-c', script], { cwd: workspace, workspace });
      return { status, signal, out, complete: observed.complete };
    };
    expect(run('exit 3')).toEqual({ status: 3, signal: null, out: '', complete: true });
    expect(run('kill -TERM $$')).toEqual({ status: null, signal: 'SIGTERM', out: '', complete: true });
  });
});
