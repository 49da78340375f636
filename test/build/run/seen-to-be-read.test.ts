/** On Linux a command is watched: only what it was seen to read counts, and what it looked for in vain. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { Repository, script } from './repository.ts';

const why = whyNoTrace();
const required = process.env['REQUIRE_ALL'] === '1';
const observed = { find: 'observed' } as const;

describe.skipIf(why !== undefined && !required)(`watched commands${why === undefined ? '' : ` (${why})`}`, () => {
  const work = {
    command: script(
      "const names = fs.readdirSync('src').filter((n) => n.endsWith('.txt')); const extra = fs.existsSync('extra.txt') ? read('extra.txt') : '';" +
        "for (const n of names) write('dist/' + n, read('src/' + n).toUpperCase() + extra);",
    ),
  };
  const fresh = () =>
    new Repository(observed).write({
      'src/a.txt': 'a',
      'src/b.txt': 'b',
      'README.md': 'read me',
      'package.json': '{}',
    });

  test('what it doesn’t read doesn’t count', async () => {
    const repository = fresh();
    expect(await repository.run(work)).toMatchObject({ stored: 'new', outputs: 2, inputs: { found: 'observed' } });
    repository.write({ 'README.md': 'changed', 'other/new.txt': 'new' });
    expect(await repository.run(work)).toMatchObject({ outcome: 'hit' });
    const clone = repository.clone();
    expect(await clone.run(work)).toMatchObject({ outcome: 'hit', restored: { written: 2 } });
  });

  test.each<{ what: string; change: (repository: Repository) => void; expected: Readonly<Record<string, string>> }>([
    { what: 'content', change: (r) => r.write({ 'src/a.txt': 'c' }), expected: { 'dist/a.txt': 'C' } },
    {
      what: 'a name in a directory it listed',
      change: (r) => r.write({ 'src/c.txt': 'c' }),
      expected: { 'dist/c.txt': 'C' },
    },
    {
      what: 'a file it looked for in vain',
      change: (r) => r.write({ 'extra.txt': '!' }),
      expected: { 'dist/a.txt': 'A!' },
    },
    { what: 'a file that is gone', change: (r) => r.remove('src/b.txt'), expected: { 'dist/a.txt': 'A' } },
    {
      what: 'a file that became a link',
      change: (r) => {
        renameSync(join(r.root, 'src/a.txt'), join(r.root, 'moved'));
        r.write({ moved: 'm' });
        symlinkSync('../moved', join(r.root, 'src/a.txt'));
      },
      expected: { 'dist/a.txt': 'M' },
    },
  ])('$what counts', async ({ change, expected }) => {
    const repository = fresh();
    await repository.run(work);
    change(repository);
    expect(await repository.run(work)).toMatchObject({ outcome: 'ran' });
    expect(repository.files()).toMatchObject(expected);
  });

  test('two tasks at once are told apart', async () => {
    const repository = new Repository(observed).write({ 'package.json': '{}' });
    const meet = (own: string, other: string): readonly string[] =>
      script(
        `write('${own}/begun', '${own}'); const wait = () => fs.readdirSync('.').includes('${other}') ? undefined : setTimeout(wait, 5); wait();`,
      );
    const [one, two] = await Promise.all([
      repository.run({ command: meet('one', 'two') }),
      repository.run({ command: meet('two', 'one') }),
    ]);
    for (const result of [one, two]) expect(result.stored ?? result.notStored?.reason).toMatch(/new|inputs changed/);
    if (one.stored === 'new') expect(one.outputs).toBe(1);
  });

  test('a formatter is still not kept, though every write of it was seen', async () => {
    const repository = fresh();
    execFileSync('git', ['init', '-q'], { cwd: repository.root });
    const result = await repository.run({ command: script("write('src/a.txt', read('src/a.txt') + ';')") });
    expect(result.notStored?.reason).toBe('outputs unclear');
  });

  test('inputs that somebody changes while it runs are noticed', async () => {
    const repository = fresh();
    const go = join(repository.home, 'go');
    const slow = {
      command: script(
        `const a = read('src/a.txt'); write('dist/begun', ''); const wait = () => fs.existsSync(${JSON.stringify(go)}) ? write('dist/a.txt', a) : setTimeout(wait, 5); wait();`,
      ),
    };
    const running = repository.run(slow);
    while (!repository.has('dist/begun')) await new Promise((resolve) => setTimeout(resolve, 5));
    repository.write({ 'src/a.txt': 'changed' });
    writeFileSync(go, '');
    expect((await running).notStored).toEqual({
      reason: 'inputs changed',
      text: 'inputs changed while it ran: "src/a.txt"',
    });
  });

  test('a link on the way to what is read counts', async () => {
    const repository = new Repository(observed).write({ 'one/a.txt': '1', 'two/a.txt': '2', 'package.json': '{}' });
    symlinkSync('one', join(repository.root, 'current'));
    const copy = { command: script("write('dist/a.txt', read('current/a.txt'))") };
    expect(await repository.run(copy)).toMatchObject({ stored: 'new' });
    unlinkSync(join(repository.root, 'current'));
    symlinkSync('two', join(repository.root, 'current'));
    expect(await repository.run(copy)).toMatchObject({ outcome: 'ran' });
    expect(repository.read('dist/a.txt')).toBe('2');
  });

  test('exit codes and signals are the command’s own', async () => {
    const repository = fresh();
    expect(await repository.run({ command: script('process.exit(7)') })).toMatchObject({ exitCode: 7 });
    expect(await repository.run({ command: script("process.kill(process.pid, 'SIGTERM')") })).toMatchObject({
      exitCode: null,
      signal: 'SIGTERM',
    });
  });

  test('an up-to-date output that it only looked at counts as read', async () => {
    const lazy = { command: script("if (!fs.existsSync('dist/a.txt')) write('dist/a.txt', read('src/a.txt'))") };
    const repository = fresh();
    mkdirSync(join(repository.root, 'dist'));
    repository.write({ 'dist/a.txt': 'a' });
    expect(await repository.run(lazy)).toMatchObject({ stored: 'new', outputs: 0 });
    const clone = repository.clone();
    expect(await clone.run(lazy)).toMatchObject({ outcome: 'ran' });
    expect(clone.read('dist/a.txt')).toBe('a');
  });
});
