/** The command line as a whole: help, version, and what is no command. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manifest, read, root } from '../support/repository.ts';
import { ran } from './recorder.ts';

const { bin, version } = manifest as unknown as {
  readonly bin: Readonly<Record<string, string>>;
  readonly version: string;
};

test('the binary is the built main file, which starts node', () => {
  expect(bin).toEqual({ tidemark: 'dist/cli/main.js' });
  expect(readFileSync(join(root, 'src/cli/main.ts'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('--version is that of the package', async () => {
  expect(JSON.parse(read('package.json'))).toMatchObject({ version });
  expect(await ran(['--version'])).toMatchObject({ code: 0, out: [version], said: [], drawn: [] });
});

test('--help lists every command, and each has a help of its own', async () => {
  const { code, out, said } = await ran(['--help']);
  expect({ code, said }).toEqual({ code: 0, said: [] });
  const names = out.flatMap((line) => /^ {2}tidemark ([a-z][a-z-]*) /.exec(line)?.[1] ?? []);
  expect(names).toEqual(['run', 'why', 'cache', 'migrate-level']);
  for (const name of names)
    for (const args of [
      [name, '--help'],
      [name, 'anything', '-h'],
    ]) {
      const help = await ran(args);
      expect({ code: help.code, said: help.said }).toEqual({ code: 0, said: [] });
      expect(help.out[0]).toMatch(`usage: tidemark ${name} `);
      expect(help.out.length).toBeGreaterThan(5);
    }
});

test('no line of any help is wider than a terminal', async () => {
  for (const args of [
    ['--help'],
    ['run', '--help'],
    ['why', '--help'],
    ['migrate-level', '--help'],
    ['cache', '--help'],
  ]) {
    const { out } = await ran(args);
    expect(out.filter((line) => line.length > 120)).toEqual([]);
  }
});

test.each([{ args: ['migrate'] }, { args: ['toString'] }, { args: ['--verbose'] }])(
  'what is no command is told, with those that are: $args',
  async ({ args }) => {
    const { code, out, said } = await ran(args);
    expect({ code, out }).toEqual({ code: 2, out: [] });
    expect(said[0]).toBe(`tidemark: there is no command "${args[0]}"`);
    expect(said[1]).toBe('usage:');
  },
);

test('without a command it says what there is', async () => {
  const { code, out, said } = await ran([]);
  expect({ code, out, first: said[0] }).toEqual({ code: 2, out: [], first: 'usage:' });
});
