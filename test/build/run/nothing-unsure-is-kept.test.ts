/** What can't be told for sure is not kept, and it is said why; the command has run all the same. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Repository, script } from './repository.ts';

const COPY = script("write('dist/a.txt', read('src/a.txt'))");
const declared = { command: COPY, inputs: ['src/**'], outputs: ['dist/**'] };

function git(repository: Repository, ignored = 'dist\n'): void {
  repository.write({ '.gitignore': ignored });
  execFileSync('git', ['init', '-q'], { cwd: repository.root });
}

test('a command that fails is run again, and its exit code is told', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  const work = { ...declared, command: script("console.log('broken'); process.exit(3)") };
  for (const _ of [1, 2]) {
    const result = await repository.run(work);
    expect(result).toMatchObject({ outcome: 'ran', exitCode: 3, printed: 'broken\n', notStored: { reason: 'failed' } });
  }
});

test('a command that is ended by a signal says by which', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  const result = await repository.run({ ...declared, command: script("process.kill(process.pid, 'SIGTERM')") });
  expect(result).toMatchObject({ exitCode: null, signal: 'SIGTERM', notStored: { reason: 'failed' } });
});

test('inputs that change while it runs make a result of nobody knows what', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  const result = await repository.run({
    ...declared,
    command: script("write('dist/a.txt', read('src/a.txt')); write('src/a.txt', 'b')"),
  });
  expect(result.notStored).toEqual({
    reason: 'inputs changed',
    text: 'inputs changed while it ran: "src/a.txt"',
  });
});

test('a formatter changes its own inputs: its work is never brought back over an edit', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'b a' });
  git(repository);
  const format = { command: script("write('src/a.txt', read('src/a.txt').split(' ').sort().join(' '))") };
  const first = await repository.run(format);
  expect(first.notStored?.reason).toBe('outputs unclear');
  expect(first.notStored?.text).toContain('it changes files that git doesn\'t ignore: "src/a.txt"');
  repository.write({ 'src/a.txt': 'd c' });
  await repository.run(format);
  expect(repository.read('src/a.txt')).toBe('c d');
});

test('without git, too, nothing that was there before counts as an output', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'b a' });
  const format = { command: script("write('src/a.txt', read('src/a.txt').split(' ').sort().join(' '))") };
  expect(await repository.run(format)).toMatchObject({ notStored: { reason: 'outputs unclear' } });
});

test('new files that git would notice may be somebody else’s work', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  git(repository);
  const result = await repository.run({ command: script("write('notes.txt', 'mine?')") });
  expect(result.notStored?.text).toContain('it makes files that git doesn\'t ignore: "notes.txt"');
});

test('a command that removes what was there isn’t kept', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a', 'old.txt': 'old' });
  git(repository);
  const result = await repository.run({ command: script("fs.rmSync('old.txt')") });
  expect(result.notStored?.text).toBe('it removes what was there before: "old.txt"');
});

test('an incremental tool that finds everything up to date doesn’t leave others with nothing', async () => {
  const lazy = { command: script("if (!fs.existsSync('dist/a.txt')) write('dist/a.txt', read('src/a.txt'))") };
  const repository = new Repository().write({ 'src/a.txt': 'a', 'dist/a.txt': 'a' });
  git(repository);
  expect(await repository.run(lazy)).toMatchObject({ stored: 'new', outputs: 0 });
  const clone = repository.clone();
  git(clone);
  expect(await clone.run(lazy)).toMatchObject({ outcome: 'ran' });
  expect(clone.read('dist/a.txt')).toBe('a');
});

test('of two tasks that ran at the same time in one workspace, neither is told what the other made', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a', 'package.json': '{}' });
  git(repository, 'dist\none\ntwo\n');
  const meet = (own: string, other: string): readonly string[] =>
    script(
      `write('${own}/begun', ''); const wait = () => fs.existsSync('${other}/begun') ? undefined : setTimeout(wait, 5); wait();`,
    );
  const results = await Promise.all([
    repository.run({ command: meet('one', 'two') }),
    repository.run({ command: meet('two', 'one') }),
  ]);
  for (const result of results) expect(result).toMatchObject({ exitCode: 0, notStored: { reason: 'others ran' } });
});

test('more than is kept may be printed, and is shown whole', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  const result = await repository.run(
    { ...declared, command: script("process.stdout.write('x'.repeat(100_000))") },
    { cache: { maxLog: '64kb' } },
  );
  expect(result).toMatchObject({ exitCode: 0, notStored: { reason: 'log too long' } });
  expect(result.printed).toHaveLength(100_000);
});

test('who says what is read must say what is made, unless the tool is known', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  await expect(repository.run({ command: COPY, inputs: ['src/**'] })).rejects.toMatchObject({
    code: 'bad_option',
    message: expect.stringContaining('outputs') as string,
  });
});

test('a command that isn’t there is told as such, before anything happens', async () => {
  const repository = new Repository();
  await expect(repository.run({ command: ['no-such-program'] })).rejects.toMatchObject({
    code: 'bad_option',
    why: 'not found',
  });
});

test('a damaged blob is never brought back: the task runs again, and what is kept is whole', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a' });
  await repository.run(declared);
  const blobs = join(repository.home, 'cache/v1/blobs');
  for (const name of readdirSync(blobs, { recursive: true }) as string[]) {
    const file = join(blobs, name);
    if (!statSync(file).isFile()) continue;
    chmodSync(file, 0o644);
    writeFileSync(file, 'b');
  }
  const clone = repository.clone();
  expect(await clone.run(declared)).toMatchObject({ outcome: 'ran', stored: 'present' });
  expect(clone.read('dist/a.txt')).toBe('a');
  const third = repository.clone();
  expect(await third.run(declared)).toMatchObject({ outcome: 'hit' });
  expect(third.read('dist/a.txt')).toBe('a');
});

test('a second result for the same key is told with what differs, and the first stays', async () => {
  const repository = new Repository().write({ 'src/a.txt': 'a', count: '0' });
  const dice = {
    inputs: ['src/**'],
    outputs: ['dist/**'],
    command: script(
      "fs.appendFileSync('count', '1'); write('dist/a.txt', read('count')); write('dist/b.txt', 'same');",
    ),
  };
  await repository.run(dice);
  const second = await repository.run(dice, { how: 'run' });
  expect(second).toMatchObject({ stored: 'conflict', differs: ['dist/a.txt'] });
  expect(await repository.clone().run(dice)).toMatchObject({ outcome: 'hit' });
  const clone = repository.clone();
  await clone.run(dice);
  expect(clone.read('dist/a.txt')).toBe('01');
});

test('outputs that are links to the store don’t let the next run write into it', async () => {
  const append = {
    ...declared,
    command: script("write('dist/a.txt', ''); fs.appendFileSync('dist/a.txt', read('src/a.txt'))"),
  };
  const repository = new Repository({ links: 'hard' }).write({ 'src/a.txt': 'a' });
  await repository.run(append);
  const clone = repository.clone();
  expect(await clone.run(append)).toMatchObject({ outcome: 'hit' });
  expect(statSync(join(clone.root, 'dist/a.txt')).nlink).toBe(2);
  clone.write({ 'src/a.txt': 'b' });
  await clone.run(append);
  expect(clone.read('dist/a.txt')).toBe('b');
  const third = repository.clone();
  expect(await third.run(append)).toMatchObject({ outcome: 'hit' });
  expect(third.read('dist/a.txt')).toBe('a');
});

test('a result that older packages made isn’t the new lockfile’s', async () => {
  const lock = (version: string) =>
    JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { dep: version } },
        'node_modules/dep': { version, integrity: `sha512-${version}` },
      },
    });
  const installed = (version: string) => ({
    'node_modules/.package-lock.json': JSON.stringify({
      lockfileVersion: 3,
      packages: { 'node_modules/dep': { version, integrity: `sha512-${version}` } },
    }),
    'node_modules/dep/package.json': JSON.stringify({ name: 'dep', version }),
    'node_modules/dep/text': version,
  });
  const work = { ...declared, command: script("write('dist/a.txt', read('node_modules/dep/text'))") };
  const repository = new Repository().write({
    'src/a.txt': 'a',
    'package-lock.json': lock('1.0.0'),
    ...installed('1.0.0'),
  });
  await repository.run(work);
  // Pulled, and not installed yet.
  repository.write({ 'package-lock.json': lock('2.0.0') });
  await repository.run(work);
  expect(repository.read('dist/a.txt')).toBe('1.0.0');
  repository.write(installed('2.0.0'));
  expect(await repository.run(work)).toMatchObject({ outcome: 'ran' });
  expect(repository.read('dist/a.txt')).toBe('2.0.0');
});

test('where no lockfile says what is installed, the packages themselves do', async () => {
  const work = { ...declared, command: script("write('dist/a.txt', read('node_modules/dep/text'))") };
  const dep = (version: string) => ({
    'node_modules/dep/package.json': JSON.stringify({ name: 'dep', version }),
    'node_modules/dep/text': version,
  });
  const repository = new Repository().write({ 'src/a.txt': 'a', 'package.json': '{}', ...dep('1.0.0') });
  await repository.run(work);
  expect(await repository.run(work)).toMatchObject({ outcome: 'hit' });
  repository.write(dep('2.0.0'));
  expect(await repository.run(work)).toMatchObject({ outcome: 'ran' });
});

test('a script among the arguments is an input, whoever forgets it', async () => {
  const repository = new Repository().write({
    'src/a.txt': 'a',
    'build.cjs': "require('node:fs').writeFileSync('out', 'one')",
  });
  const work = { command: [process.execPath, 'build.cjs'], inputs: ['src/**'], outputs: ['out'] };
  await repository.run(work);
  expect(await repository.run(work)).toMatchObject({ outcome: 'hit' });
  repository.write({ 'build.cjs': "require('node:fs').writeFileSync('out', 'two')" });
  expect(await repository.run(work)).toMatchObject({ outcome: 'ran' });
  appendFileSync(join(repository.root, 'out'), '');
  expect(repository.read('out')).toBe('two');
});
