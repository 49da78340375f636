/** What somebody else has made or written is neither written over nor removed, unless the command itself would do that. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { whyNoTrace } from '../../../src/build/trace/trace.ts';
import { Repository, script } from './repository.ts';

const COPY = script("for (const f of fs.readdirSync('src')) write('dist/' + f, read('src/' + f));");
const ways = [{ find: 'everything' }, { find: 'observed' }] as const;
const isRequired = process.env['REQUIRE_ALL'] === '1';

describe.each(ways)('what nobody declares, found as $find', ({ find }) => {
  const untold = find === 'observed' && !isRequired ? whyNoTrace() : undefined;

  test.skipIf(untold !== undefined)(
    'a file that the command makes only where there is none stays as its owner left it',
    async () => {
      const init = {
        command: script("if (!fs.existsSync('settings.local')) write('settings.local', read('settings'))"),
      };
      const repository = new Repository({ find }).write({ settings: 'default' });
      expect(await repository.run(init)).toMatchObject({ stored: 'new', outputs: 1 });
      const clone = repository.clone();
      for (const place of [repository, clone]) {
        place.write({ 'settings.local': 'mine' });
        expect(await place.run(init)).toMatchObject({ exitCode: 0 });
        expect(place.read('settings.local')).toBe('mine');
      }
      // Where there is none, it comes back.
      repository.remove('settings.local');
      expect(await repository.run(init)).toMatchObject({ outcome: 'hit' });
      expect(repository.read('settings.local')).toBe('default');
    },
  );

  test.skipIf(untold !== undefined)(
    'an output of an earlier run that somebody has made his own is read as such',
    async () => {
      const command = script(
        "const own = fs.existsSync('notes') && !read('notes').startsWith('made') ? read('notes') : ''; write('dist/a', read('src/a') + own);" +
          "if (read('src/a') === '1') write('notes', 'made')",
      );
      const repository = new Repository({ find }).write({ 'src/a': '2', 'package.json': '{}' });
      await repository.run({ command });
      repository.write({ 'src/a': '1' });
      await repository.run({ command });
      repository.write({ 'src/a': '2', notes: 'mine' });
      await repository.run({ command });
      expect(repository.read('dist/a')).toBe('2mine');
      expect(repository.read('notes')).toBe('mine');
    },
  );
});

test('a command that changes its own inputs never brings an old state of them back', async () => {
  const sort = {
    command: script(
      "for (const f of fs.readdirSync('src')) write('src/' + f, read('src/' + f).split(' ').sort().join(' '))",
    ),
    inputs: ['src/**'],
    outputs: ['src/**'],
  };
  const repository = new Repository().write({ 'src/a': 'b a' });
  for (const [text, sorted] of [
    ['b a', 'a b'],
    ['d c', 'c d'],
    ['a b', 'a b'],
    ['d c', 'c d'],
  ]) {
    repository.write({ 'src/a': text });
    await repository.run(sort);
    expect(repository.read('src/a')).toBe(sorted);
  }
  repository.write({ 'src/b': '2 1' });
  await repository.run(sort);
  expect(repository.files()).toMatchObject({ 'src/a': 'c d', 'src/b': '1 2' });
});

test('the same command in two directories has two results: bringing one back leaves the other', async () => {
  const repository = new Repository().write({ 'package.json': '{}', 'a/src/x': '1', 'b/src/y': '1' });
  const work = (directory: string) => ({ command: COPY, cwd: join(repository.root, directory) });
  await repository.run(work('a'));
  await repository.run(work('b'));
  await repository.run(work('a'));
  await repository.run(work('b'));
  for (const directory of ['a', 'b', 'a', 'b'])
    expect(await repository.run(work(directory))).toMatchObject({ outcome: 'hit', restored: { removed: 0 } });
  expect(repository.files()).toMatchObject({ 'a/dist/x': '1', 'b/dist/y': '1' });
});

test('the same command with another variable has another result: bringing one back leaves the other', async () => {
  const repository = new Repository().write({ 'src/a': '1' });
  const work = {
    command: script("write(process.env.TO + '/a', read('src/a'))"),
    inputs: ['src/**'],
    outputs: ['one/**', 'two/**'],
    env: ['TO'],
  };
  const to = (place: string) => repository.run(work, { cache: { environment: { ...process.env, TO: place } } });
  await to('one');
  repository.remove('one');
  await to('two');
  expect(await to('one')).toMatchObject({ outcome: 'hit' });
  expect(repository.files()).toMatchObject({ 'one/a': '1', 'two/a': '1' });
});

test('what another task makes as well stays when this one doesn’t make it any more', async () => {
  const repository = new Repository().write({ 'src/a': 'a', 'src/b': 'b' });
  const one = { name: 'one', command: COPY, inputs: ['src/**'], outputs: ['dist/**'] };
  const two = {
    name: 'two',
    command: script("write('dist/b', 'b')"),
    inputs: ['package.json'],
    outputs: ['dist/b'],
  };
  repository.remove('src/b');
  await repository.run(one);
  repository.write({ 'src/b': 'b' });
  await repository.run(one);
  await repository.run(two);
  repository.remove('src/b');
  expect(await repository.run(one)).toMatchObject({ outcome: 'hit' });
  expect(repository.files()).toMatchObject({ 'dist/a': 'a', 'dist/b': 'b' });
});

test('two configurations of one build take turns without running again', async () => {
  const repository = new Repository().write({ 'src/a': '1' });
  const work = { command: script("write('dist/a', process.env.NODE_ENV + read('src/a'))") };
  const as = (name: string) => repository.run(work, { cache: { environment: { ...process.env, NODE_ENV: name } } });
  await as('development');
  await as('production');
  expect(await as('development')).toMatchObject({ outcome: 'hit' });
  expect(repository.read('dist/a')).toBe('development1');
  expect(await as('production')).toMatchObject({ outcome: 'hit' });
  expect(repository.read('dist/a')).toBe('production1');
});

test('what is excluded is neither cleaned nor counted, and what a task keeps for itself doesn’t make it run again', async () => {
  const lint = {
    command: script(
      "read('src/a'); write('.lintcache', String(process.pid)); write('report/x', String(process.pid)); console.log('fine')",
    ),
    outputs: [],
    exclude: ['report/**'],
  };
  const repository = new Repository().write({ 'src/a': '1' });
  await repository.run(lint);
  expect(await repository.run(lint)).toMatchObject({ outcome: 'hit', printed: 'fine\n' });
  repository.write({ 'report/x': 'mine' });
  expect(await repository.run(lint)).toMatchObject({ outcome: 'hit' });
  const clone = repository.clone();
  clone.remove('.lintcache');
  expect(await clone.run(lint)).toMatchObject({ outcome: 'hit' });
  repository.write({ 'src/a': '2' });
  expect(await repository.run(lint)).toMatchObject({ outcome: 'ran', stored: 'new' });

  const clean = {
    command: COPY,
    inputs: ['src/**'],
    outputs: ['dist/**'],
    exclude: ['dist/keep'],
    clean: 'always',
  } as const;
  repository.write({ 'dist/keep': 'mine', 'dist/old': 'old' });
  await repository.run(clean);
  expect(repository.read('dist/keep')).toBe('mine');
  expect(repository.has('dist/old')).toBe(false);
});

test('a linter that mends its inputs runs as often as these change', async () => {
  const mend = {
    command: script("write('src/a', read('src/a').replaceAll(';;', ';')); console.log('mended')"),
    outputs: [],
  };
  const repository = new Repository().write({ 'src/a': 'a;;' });
  for (const text of ['a;;', 'b;;', 'a;;']) {
    repository.write({ 'src/a': text });
    await repository.run(mend);
    expect(repository.read('src/a')).toBe(text.slice(0, 2));
  }
});

test('a file that somebody edits while a command runs isn’t taken for what that makes', async () => {
  const repository = new Repository().write({ '.gitignore': 'dist\n.env\n', '.env': 'A=1', 'src/a': '1' });
  execFileSync('git', ['init', '-q'], { cwd: repository.root });
  const work = {
    command: script(
      "write('dist/a', read('src/a')); console.log('made'); process.stdin.resume(); setTimeout(() => {}, 100)",
    ),
  };
  const edit = (): void => void repository.write({ '.env': 'A=2' });
  expect(await repository.run(work, { onOutput: edit })).toMatchObject({ notStored: { reason: 'outputs unclear' } });
  expect(await repository.run(work)).toMatchObject({ stored: 'new', outputs: 1 });
  const clone = repository.clone();
  clone.write({ '.env': 'A=2' });
  expect(await clone.run(work)).toMatchObject({ outcome: 'hit' });
  clone.write({ '.env': 'A=3' });
  expect(await clone.run(work)).toMatchObject({ outcome: 'ran' });
  expect(clone.read('.env')).toBe('A=3');
});

test('what stood there before the first run through the cache is taken for an output when the second changes it, too', async () => {
  const repository = new Repository().write({ '.gitignore': 'dist\n', 'dist/a': 'by hand', 'src/a': '1' });
  execFileSync('git', ['init', '-q'], { cwd: repository.root });
  expect(await repository.run({ command: COPY })).toMatchObject({ notStored: { reason: 'outputs unclear' } });
  expect(await repository.run({ command: COPY })).toMatchObject({ stored: 'new', outputs: 1 });
  expect(await repository.run({ command: COPY })).toMatchObject({ outcome: 'hit' });
});

test('outputs whose names look like globs are no inputs', async () => {
  const work = {
    command: script("write('dist/[id].txt', read('src/a'))"),
    inputs: ['**'],
    outputs: ['dist/**', '!dist/none'],
  };
  const repository = new Repository().write({ 'src/a': '1' });
  expect(await repository.run(work)).toMatchObject({ stored: 'new' });
  expect(await repository.run(work)).toMatchObject({ outcome: 'hit' });
});

test('where a directory stands in the way of an output, the command itself deals with it', async () => {
  const work = {
    command: script("fs.rmSync('dist', { recursive: true, force: true }); write('dist/a', read('src/a'))"),
    inputs: ['src/**'],
    outputs: ['dist/**'],
  };
  const repository = new Repository().write({ 'src/a': '1' });
  await repository.run(work);
  repository.remove('dist/a');
  mkdirSync(join(repository.root, 'dist/a'));
  repository.write({ 'dist/a/own': 'own' });
  const troubles: string[] = [];
  expect(await repository.run(work, { cache: { onTrouble: (text) => void troubles.push(text) } })).toMatchObject({
    outcome: 'ran',
    exitCode: 0,
  });
  expect(repository.read('dist/a')).toBe('1');
  expect(troubles.join()).toContain('"dist/a" is a directory');
});
