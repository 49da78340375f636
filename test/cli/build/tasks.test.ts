/** `tidemark run task…`: tasks of the workspace, each with its lines told apart. */
import { describe, expect, test } from 'vitest';
import { figures, Place } from './place.ts';

/** A workspace whose tasks have no files. */
function workspace(tasks: Readonly<Record<string, object>>): Place {
  const all = Object.entries(tasks).map(([name, task]) => [name, { inputs: [], outputs: [], ...task }]);
  return new Place({ 'tidemark.build.json': JSON.stringify({ tasks: Object.fromEntries(all) }) });
}

/** `c` rests on `b`, which fails; `d` on nothing. */
const FAILING = {
  b: { command: 'printf unended; exit 3' },
  c: { command: 'echo C', dependsOn: ['b'] },
  d: { command: 'echo D; echo DD >&2' },
};

describe('one task', () => {
  test('prints as the command would', async () => {
    const place = workspace({ build: { command: 'printf "a\\nb"; echo c >&2' } });
    for (let i = 0; i < 2; i++)
      expect(await place.call(['run', 'build'])).toEqual({
        code: 0,
        out: [],
        said: [],
        drawn: [],
        written: { stdout: 'a\nb', stderr: 'c\n' },
      });
  });

  test('fails as the command does', async () => {
    expect(await workspace(FAILING).call(['run', 'b'])).toMatchObject({ code: 3, written: { stdout: 'unended' } });
  });
});

describe('several tasks', () => {
  test('lead each line with whose it is, and end what has no end', async () => {
    const place = workspace({ a: { command: 'printf "one\\ntwo"' }, d: FAILING.d });
    const { code, said, written } = await place.call(['run', 'a', 'd', '--concurrency', '1']);
    expect({ code, said }).toEqual({ code: 0, said: [] });
    expect(written).toEqual({ stdout: '.#a: one\n.#a: two\n.#d: D\n', stderr: '.#d: DD\n' });
  });

  test('where somebody watches, tell how each went, how far it is, and how it went altogether', async () => {
    const place = workspace({ a: { command: 'echo A' }, d: FAILING.d });
    await place.call(['run', 'a']);
    const { said, drawn } = await place.call(['run', 'a', 'd', '--concurrency', '1'], { isWatched: true });
    expect(drawn).toEqual(['1 of 2 tasks']);
    expect(said).toEqual([
      expect.stringMatching(/^\.#a: unchanged, 0 outputs, all in place in .+; saved .+ \(0 inputs, declared\)$/),
      expect.stringMatching(/^\.#d: ran for .+, kept 0 outputs \(0 inputs, declared\)$/),
      expect.stringMatching(/^tidemark: 2 tasks, 1 unchanged in /),
    ]);
    expect(await place.call(['run', 'a', 'd', '--quiet'], { isWatched: true })).toMatchObject({ said: [], drawn: [] });
  });

  test('end at the first failure, whose code is theirs', async () => {
    const place = workspace(FAILING);
    const { code, written } = await place.call(['run', 'c', 'd', '--concurrency', '1']);
    expect({ code, stdout: written.stdout }).toEqual({ code: 3, stdout: '.#b: unended\n' });
  });

  test('go on with --continue with all that doesn’t rest on it, and fail all the same', async () => {
    const place = workspace(FAILING);
    const all = await place.call(['run', 'c', 'd', '--concurrency', '1', '--continue'], { isWatched: true });
    expect({ code: all.code, stdout: all.written.stdout }).toEqual({ code: 3, stdout: '.#b: unended\n.#d: D\n' });
    expect(all.said.at(-1)).toMatch(/^tidemark: 3 tasks, 0 unchanged, 1 failed, 1 skipped in /);
  });

  test('with --json are one object, and all they print goes to the standard error', async () => {
    const place = workspace(FAILING);
    const all = await place.call(['run', 'c', 'd', '--concurrency', '1', '--continue', '--json']);
    expect(figures(all)).toMatchObject({
      '.#b': { outcome: 'ran', exitCode: 3, notStored: { reason: 'failed' } },
      '.#c': 'skipped',
      '.#d': { outcome: 'ran', stored: 'new' },
    });
    expect({ code: all.code, stdout: all.written.stdout }).toEqual({ code: 3, stdout: '' });
    expect(all.written.stderr.split('\n').toSorted()).toEqual(['', '.#b: unended', '.#d: D', '.#d: DD']);
  });

  test('run as many at once as --concurrency says', async () => {
    // Each waits until the other has begun: one at a time they would never end well.
    const meets = (mine: string, other: string) =>
      `touch ${mine}; for i in $(seq 500); do [ -e ${other} ] && exit 0; sleep 0.02; done; exit 1`;
    const place = workspace({
      a: { command: meets('a', 'b'), cache: false },
      b: { command: meets('b', 'a'), cache: false },
    });
    expect((await place.call(['run', 'a', 'b', '--concurrency', '2'])).code).toBe(0);
  });

  test('--dry-run tells of each, and nothing runs', async () => {
    const place = workspace({ a: { command: 'touch made' }, d: { command: 'touch made' } });
    const { code, said } = await place.call(['run', 'a', 'd', '--dry-run']);
    expect({ code, made: place.has('made') }).toEqual({ code: 0, made: false });
    expect(said.slice(0, 2).toSorted()).toEqual([
      '.#a: would run (0 inputs, declared)',
      '.#d: would run (0 inputs, declared)',
    ]);
  });
});

test('a program that isn’t there is told with the task that wants it', async () => {
  const place = workspace({ a: { command: ['no-such-program'] }, d: FAILING.d });
  const { code, said } = await place.call(['run', 'd', 'a', '--concurrency', '1']);
  expect({ code, said }).toEqual({ code: 127, said: [expect.stringMatching(/\.#a: .*"no-such-program"/)] });
});

test('a task that isn’t there is told, with what was probably meant', async () => {
  const { code, said } = await workspace(FAILING).call(['run', 'bb']);
  expect({ code, said }).toEqual({ code: 1, said: [expect.stringMatching(/there is no task "bb"; .*b/)] });
});

test('flags that describe a command are none of tasks', async () => {
  for (const flag of ['--in', '--out', '--exclude', '--env', '--pass-env', '--name', '--node']) {
    const { code, said } = await workspace(FAILING).call(['run', 'd', flag, 'x']);
    expect({ code, said: said[0] }).toEqual({ code: 2, said: expect.stringContaining(`${flag} is for a command`) });
  }
});

test.each(['0', '1.5', '-1', 'many', ''])('--concurrency=%s is refused', async (count) => {
  const { code, said } = await workspace(FAILING).call(['run', 'd', `--concurrency=${count}`]);
  expect({ code, said: said[0] }).toEqual({ code: 2, said: expect.stringContaining('--concurrency') });
});
