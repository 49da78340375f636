/** `tidemark migrate-level` says in lines, in JSON and in its exit code what has become of the rows. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { openLmdbCache } from 'tidemark/embedded';
import { levelDirectory, manyRows, SIGN } from '../embedded/level-directory.ts';
import { freshPath } from '../embedded/opened.ts';
import { program, source } from '../support/program.ts';
import { ran } from './recorder.ts';

const rows = () => [
  ...manyRows(30),
  ...manyRows(20, 'other/below'),
  ...manyRows(3, 'expired', { x: 1 }),
  [`damaged${SIGN}k`, 'damaged'] as const,
];

describe('migrate-level', () => {
  test('copies, and reports in lines', async () => {
    const from = await levelDirectory(rows());
    const to = freshPath();
    const { code, out, said, drawn } = await ran(['migrate-level', from, to]);
    expect({ code, out, said }).toEqual({
      code: 0,
      out: [
        '50 of 54 rows copied',
        '3 had expired',
        '1 damaged, left out',
        expect.stringMatching(/^50 compared and found the same, checksum [0-9a-f]{16}$/),
      ],
      said: [`damaged: "damaged${SIGN}k": its value isn't JSON`],
    });
    expect(drawn).toEqual(['copying: 54 rows, 1 damaged', 'comparing: 54 of 54 rows']);
    await using cache = await openLmdbCache({ path: to, namespace: 'default' });
    expect(await cache.get('k0007')).toMatchObject({ i: 7 });
  });

  test('takes its options, and reports in JSON where that is wanted', async () => {
    const from = await levelDirectory(rows());
    const to = freshPath();
    const args = [from, to, '--namespace', 'other', '--compat', 'level-cache', '--no-verify', '--json'];
    const { code, out, said } = await ran(['migrate-level', ...args]);
    expect({ code, said }).toEqual({ code: 0, said: [] });
    expect(out.map((line) => JSON.parse(line) as unknown)).toEqual([
      { rows: 20, copied: 20, kept: 0, expired: 0, empty: 0, damaged: 0, faults: [], resumed: false },
    ]);
    await using cache = await openLmdbCache({ path: to, compat: 'level-cache', namespace: 'other' });
    expect(await cache.withNamespace('below').get('k0007')).toMatchObject({ i: 7 });
  });

  test('fails at a damaged row if it is strict', async () => {
    const from = await levelDirectory(rows());
    const { code, out, said } = await ran(['migrate-level', from, freshPath(), '--strict']);
    expect({ code, out }).toEqual({ code: 1, out: [] });
    expect(said).toEqual([expect.stringMatching(/^tidemark: bad_bytes: .*damaged/)]);
  });

  test('tells an error in one line with its code', async () => {
    const { code, out, said } = await ran(['migrate-level', freshPath(), freshPath()]);
    expect({ code, out, said }).toEqual({
      code: 1,
      out: [],
      said: [expect.stringMatching(/^tidemark: bad_option: .* holds no LevelDB$/)],
    });
  });

  test('interrupted, says how to go on, and goes on', async () => {
    const from = await levelDirectory(manyRows(2500));
    const to = freshPath();
    const interrupted = await ran(['migrate-level', from, to], (interrupt) => interrupt());
    expect(interrupted).toMatchObject({
      code: 1,
      out: [],
      said: ['Run the same command again to go on where it ended.', 'tidemark: interrupted'],
    });
    const { code, out } = await ran(['migrate-level', from, to]);
    expect({ code, first: out[0] }).toEqual({ code: 0, first: '2500 of 2500 rows copied, an earlier run included' });
  });

  test.each([
    { what: 'no directories', args: [] },
    { what: 'one directory', args: ['a'] },
    { what: 'three directories', args: ['a', 'b', 'c'] },
    { what: 'an unknown option', args: ['a', 'b', '--fast'] },
    { what: 'an option without its value', args: ['a', 'b', '--namespace'] },
    { what: 'another package to be like', args: ['a', 'b', '--compat', 'lmdb-cache'] },
  ])('called with $what, says how it is called', async ({ args }) => {
    const { code, out, said } = await ran(['migrate-level', ...args]);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^tidemark: /);
    expect(said[1]).toMatch(/^usage: tidemark migrate-level <from> <to> /);
  });
});

describe('as a process', () => {
  const binary = () => program(`import ${source('src/cli/main.ts')};`);

  test('it draws nothing where nobody watches, and ends by itself', async () => {
    const from = await levelDirectory(manyRows(10));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [await binary(), 'migrate-level', from, freshPath()],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^10 of 10 rows copied\n10 compared and found the same, checksum [0-9a-f]{16}\n$/);
  }, 30_000);

  test('Ctrl-C ends it after a step', async () => {
    const file = await program(`
      import { run } from ${source('src/cli/run.ts')};
      import { systemTerminal } from ${source('src/cli/terminal.ts')};
      const terminal = systemTerminal();
      let first = true;
      const draw = () => {
        if (first) process.kill(process.pid, 'SIGINT');
        first = false;
      };
      process.exitCode = await run(process.argv.slice(2), { ...terminal, draw });`);
    const from = await levelDirectory(manyRows(9999), manyRows(9999, 'other'), manyRows(9999, 'third'));
    const to = freshPath();
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file, 'migrate-level', from, to], {
      encoding: 'utf8',
    });
    expect({ status, signal, stdout }).toEqual({ status: 1, signal: null, stdout: '' });
    expect(stderr).toBe('Run the same command again to go on where it ended.\ntidemark: interrupted\n');
    const { code, out } = await ran(['migrate-level', from, to]);
    expect({ code, first: out[0] }).toEqual({ code: 0, first: '29997 of 29997 rows copied, an earlier run included' });
  }, 60_000);
});
