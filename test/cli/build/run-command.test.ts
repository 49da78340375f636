/** `tidemark run -- command`: as the command itself, only that it needn't run. */
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { scratch } from '../../build/run/repository.ts';
import { DECLARED, figures, Place, SHOUT } from './place.ts';

const PRINTED = { stdout: 'made\n', stderr: 'oops\n' };

/** A command that notes each run of it in a file that is nobody's output. */
const COUNTED = ['sh', '-c', 'echo ran >>runs; echo "$COLOUR"'] as const;

function runsOf(place: Place): number {
  return place.has('runs') ? place.read('runs').split('\n').length - 1 : 0;
}

function counted(place: Place, flags: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return place.call(['run', '--in', 'src/**', '--no-out', ...flags, '--', ...COUNTED], { environment });
}

describe('a command that is kept', () => {
  test('brings back files and text, each on the stream that it came from', async () => {
    const place = new Place();
    expect(await place.shout()).toEqual({ code: 0, out: [], said: [], drawn: [], written: PRINTED });
    place.remove('dist');
    expect(await place.shout()).toEqual({ code: 0, out: [], said: [], drawn: [], written: PRINTED });
    expect(place.read('dist/a.txt')).toBe('TIDES\n');
  });

  test('is told of where somebody watches, or --verbose says so, but not with --quiet', async () => {
    const place = new Place();
    const first = await place.shout([], { isWatched: true });
    expect(first.said).toEqual([expect.stringMatching(/^tidemark: ran for .+, kept 1 output \(1 input, declared\)$/)]);
    for (const calling of [{ flags: [], isWatched: true }, { flags: ['--verbose'] }]) {
      const { said } = await place.shout(calling.flags, calling);
      expect(said).toEqual([expect.stringMatching(/^tidemark: unchanged, 1 output, all in place in .+; saved .+$/)]);
    }
    expect(await place.shout(['--quiet'], { isWatched: true })).toMatchObject({ said: [], written: PRINTED });
  });

  test('runs with --force all the same', async () => {
    const place = new Place();
    for (const [flags, runs] of [
      [[], 1],
      [[], 1],
      [['--force'], 2],
      [[], 2],
    ] as const) {
      await counted(place, flags);
      expect(runsOf(place)).toBe(runs);
    }
  });

  test('is found from another directory of the repository only if it means the same there', async () => {
    const place = new Place({ 'inner/src/a.txt': 'inner\n' });
    await place.shout();
    await place.shout([], { directory: join(place.root, 'inner') });
    expect(place.read('inner/dist/a.txt')).toBe('INNER\n');
    expect(place.read('dist/a.txt')).toBe('TIDES\n');
  });

  test('needs nothing declared', async () => {
    const place = new Place({ 'package.json': '{}' });
    const line = ['run', '--find', 'everything', '--json', '--', ...SHOUT];
    expect(figures(await place.call(line))).toMatchObject({ outcome: 'ran', stored: 'new', outputs: 1 });
    place.remove('dist');
    expect(figures(await place.call(line))).toMatchObject({ outcome: 'hit', outputs: 1 });
    expect(place.read('dist/a.txt')).toBe('TIDES\n');
  });
});

describe('--json', () => {
  test('prints one object, and the command’s text goes to the standard error', async () => {
    const place = new Place();
    for (const outcome of ['ran', 'hit']) {
      const all = await place.shout(['--json']);
      expect(figures(all)).toMatchObject({
        outcome,
        exitCode: 0,
        signal: null,
        inputs: { count: 1, found: 'declared' },
      });
      expect(all.written.stdout).toBe('');
      expect(all.written.stderr.split('\n').toSorted()).toEqual(['', 'made', 'oops']);
      expect(all.said).toEqual([]);
    }
  });
});

describe('--dry-run', () => {
  test('tells what would be, even where nobody watches, and makes nothing', async () => {
    const place = new Place();
    const before = await place.shout(['--dry-run']);
    expect(before).toMatchObject({ code: 0, written: { stdout: '', stderr: '' } });
    expect(before.said).toEqual(['tidemark: would run (1 input, declared)']);
    expect(place.has('dist')).toBe(false);
    expect(existsSync(place.cacheDir)).toBe(false);
  });

  test('of a command that is kept brings nothing back', async () => {
    const place = new Place();
    await place.shout();
    place.remove('dist');
    const after = await place.shout(['--dry-run']);
    expect(after.said).toEqual(['tidemark: unchanged, 1 output would come back (1 input, declared)']);
    expect(after.written).toEqual({ stdout: '', stderr: '' });
    expect(place.has('dist')).toBe(false);
    expect(figures(await place.shout(['--dry-run', '--json']))).toMatchObject({ outcome: 'hit' });
  });

  test('knows what only a remote has', async () => {
    const [place, other] = [new Place(), new Place()];
    const remote = ['--remote', scratch()];
    await place.shout(remote);
    expect((await other.shout([...remote, '--dry-run'])).said).toEqual([expect.stringContaining('would come back')]);
    expect(other.has('dist')).toBe(false);
  });
});

describe('what the cache may do', () => {
  const modes: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['read-only', ['--read-only'], {}],
    ['write-only', ['--write-only'], {}],
    ['off', [], { TIDEMARK_CACHE_MODE: 'off' }],
    ['off', ['--off'], { TIDEMARK_CACHE_MODE: 'read-only' }],
    ['read-write', [], { TIDEMARK_CACHE_MODE: '' }],
  ];
  test.each(modes)('%s by %j and %j', async (mode, flags, environment) => {
    const place = new Place();
    const [reads, writes] = [mode.startsWith('read-'), mode.endsWith('write') || mode === 'write-only'];
    await counted(place, flags, environment);
    expect(place.stored('records')).toHaveLength(writes ? 1 : 0);
    await counted(place, []);
    const runs = runsOf(place);
    await counted(place, flags, environment);
    expect(runsOf(place) - runs).toBe(reads ? 0 : 1);
  });
});

describe('where things are', () => {
  test('the flag comes before the variable, and that before the file', async () => {
    const place = new Place({ 'tidemark.build.json': '{ "cacheDir": "../said" }' });
    const has = (name: string): boolean => existsSync(join(place.home, name, 'v1', 'layout.json'));
    await place.shout([], { environment: { TIDEMARK_CACHE_DIR: '' } });
    expect([has('said'), has('cache'), has('flag')]).toEqual([true, false, false]);
    await place.shout();
    expect([has('cache'), has('flag')]).toEqual([true, false]);
    await place.shout(['--cache-dir', join(place.home, 'flag')]);
    expect(has('flag')).toBe(true);
    const { out } = await place.call(['cache', 'stats'], { environment: { TIDEMARK_CACHE_DIR: '' } });
    expect(out.slice(0, 2)).toEqual([`directory: ${join(place.home, 'said')}`, 'entries: 1']);
  });

  test('by default they are the user’s, and the state is beside no repository', async () => {
    const place = new Place();
    const user = join(place.home, 'user');
    const environment = { TIDEMARK_CACHE_DIR: '', TIDEMARK_CACHE_STATE: '' };
    const homes = { XDG_CACHE_HOME: join(user, 'caches'), XDG_STATE_HOME: join(user, 'states') };
    await place.shout([], { environment: { ...environment, ...homes, LOCALAPPDATA: user } });
    if (process.platform === 'linux') {
      expect(existsSync(join(user, 'caches', 'tidemark', 'build', 'v1', 'layout.json'))).toBe(true);
      expect(existsSync(join(user, 'states', 'tidemark', 'build'))).toBe(true);
    }
    expect(existsSync(join(place.root, '.tidemark'))).toBe(false);
  });

  test.each([{ how: 'flag' }, { how: 'variable' }] as const)(
    'a directory behind the store, by $how',
    async ({ how }) => {
      const [place, other] = [new Place(), new Place()];
      const remote = scratch();
      const calling = how === 'flag' ? {} : { environment: { TIDEMARK_CACHE_REMOTE: remote } };
      const flags = how === 'flag' ? ['--remote', remote, '--json'] : ['--json'];
      expect(figures(await place.shout(flags, calling))).toMatchObject({ outcome: 'ran' });
      expect(figures(await other.shout(flags, calling))).toMatchObject({ outcome: 'hit' });
      expect(other.read('dist/a.txt')).toBe('TIDES\n');
    },
  );

  test('an address behind the store is sent the token', async () => {
    const tokens = new Set<string | undefined>();
    const server = createServer((request, response) => {
      tokens.add(request.headers.authorization);
      request.resume().on('end', () => response.writeHead(404).end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cache`;
    const place = new Place();
    const { code } = await place.shout(['--remote', url], { environment: { TIDEMARK_CACHE_TOKEN: 'secret' } });
    expect({ code, tokens: [...tokens] }).toEqual({ code: 0, tokens: ['Bearer secret'] });
  });
});

describe('a damaged store', () => {
  test.each([{ flags: ['--verify'] }, { environment: { TIDEMARK_CACHE_VERIFY: '1' } }, {}])(
    'is never brought back: the command runs, and that is told ($flags, $environment)',
    async ({ flags = [], environment = {} }) => {
      const place = new Place();
      await place.shout();
      for (const path of place.stored('blobs')) {
        const bytes = readFileSync(path);
        bytes[0] ^= 1;
        chmodSync(path, 0o644);
        writeFileSync(path, bytes);
      }
      place.remove('dist');
      const { code, said, written } = await place.shout(flags, { environment });
      expect({ code, written }).toEqual({ code: 0, written: PRINTED });
      expect(said).toEqual([expect.stringMatching(/^tidemark: .*damaged/)]);
      expect(place.read('dist/a.txt')).toBe('TIDES\n');
    },
  );
});

describe('variables', () => {
  test('those of --env reach the command and count, those of --pass-env only reach it, no others do', async () => {
    const place = new Place();
    const printed = async (flags: readonly string[], COLOUR: string): Promise<string> =>
      (await counted(place, flags, { COLOUR })).written.stdout;
    expect(await printed([], 'red')).toBe('\n');
    expect(await printed(['--env', 'COLOUR'], 'red')).toBe('red\n');
    expect(await printed(['--env', 'COL*'], 'blue')).toBe('blue\n');
    place.write({ 'src/a.txt': 'anew' });
    expect(await printed(['--pass-env', 'COLOUR'], 'green')).toBe('green\n');
    expect(await printed(['--pass-env', 'COLOUR'], 'white')).toBe('green\n'); // it doesn't count
  });
});

describe('flags of the command', () => {
  test('what follows -- is the command’s, whatever it looks like', async () => {
    const place = new Place();
    const { code, written } = await place.call([
      'run',
      '--in',
      'x',
      '--no-out',
      '--',
      'echo',
      '--help',
      '--json',
      '--',
    ]);
    expect({ code, stdout: written.stdout }).toEqual({ code: 0, stdout: '--help --json --\n' });
  });

  test('--exclude, --name, --links, --clean and --node do what they say', async () => {
    const place = new Place({ 'src/skipped.txt': '1' });
    const flags = ['--exclude', 'src/skipped.txt', '--name', 'shouting', '--node', 'exact', '--clean', '--json'];
    await place.shout(flags);
    place.write({ 'src/skipped.txt': '2', 'dist/stale.txt': 'old' });
    expect(figures(await place.shout(flags))).toMatchObject({ outcome: 'hit', inputs: { count: 1 } });
    const [listed] = figures(await place.call(['cache', 'ls', '--json'])) as readonly [{ readonly task: unknown }];
    expect(listed.task).toMatchObject({ name: 'shouting' });
    const [path] = place.stored('records');
    expect(readFileSync(path, 'utf8')).toContain(process.versions.node);
    await place.shout([...flags, '--force']);
    expect(place.has('dist/stale.txt')).toBe(false); // removed before it ran
    place.remove('dist');
    await place.shout([...flags, '--links', 'hard']);
    expect(statSync(join(place.root, 'dist/a.txt')).nlink).toBeGreaterThan(1);
  });
});

describe('a command that ends badly', () => {
  test('gives its exit code, and is not kept', async () => {
    const place = new Place();
    const line = ['run', ...DECLARED, '--', 'sh', '-c', 'echo no; exit 7'];
    for (let i = 0; i < 2; i++)
      expect(await place.call(line)).toMatchObject({ code: 7, said: [], written: { stdout: 'no\n' } });
    expect(place.stored('records')).toEqual([]);
    const { said } = await place.call(line, { isWatched: true });
    expect(said).toEqual([expect.stringMatching(/^tidemark: failed with 7 after /)]);
  });

  test('gives the signal that ended it', async () => {
    const place = new Place();
    expect(await place.call(['run', ...DECLARED, '--', 'sh', '-c', 'kill -TERM $$'])).toMatchObject({
      code: 'SIGTERM',
    });
  });

  test('ends as in a shell where there is no such program, or none that can be executed', async () => {
    const place = new Place({ 'plain.txt': 'text' });
    mkdirSync(join(place.root, 'folder'));
    for (const [program, code] of [
      ['no-such-program', 127],
      ['./plain.txt', 126],
      ['./folder', 126],
    ] as const) {
      const ended = await place.call(['run', ...DECLARED, '--', program]);
      expect({ program, code: ended.code }).toEqual({ program, code });
      expect(ended.said).toEqual([expect.stringContaining(JSON.stringify(program))]);
    }
  });
});

describe('a store that can’t be used', () => {
  test.each([
    { what: 'foreign', name: 'something', text: 'else', code: 'foreign_directory' },
    { what: 'newer', name: 'layout.json', text: '{"tidemark":"build","layout":99}', code: 'newer_format' },
  ])('is left as it is ($what)', async ({ name, text, code }) => {
    const place = new Place();
    const store = scratch();
    mkdirSync(join(store, 'v1'));
    writeFileSync(join(store, 'v1', name), text);
    for (const line of [
      ['cache', 'stats'],
      ['cache', 'clean'],
      ['cache', 'verify', '--fix'],
      ['cache', 'prune', '1d'],
      ['why', '--', 'true'],
      ['run', ...DECLARED, '--', 'true'],
    ]) {
      const flags = [...line.slice(0, 1), '--cache-dir', store, ...line.slice(1)];
      const { code: ending, out, said } = await place.call(flags);
      expect({ line, ending, out, said }).toEqual({
        line,
        ending: 1,
        out: [],
        said: [expect.stringContaining(`tidemark: ${code}: `)],
      });
    }
    expect(readFileSync(join(store, 'v1', name), 'utf8')).toBe(text);
  });
});

test('what takes long to bring back is drawn, and what is over in a moment isn’t', async () => {
  const place = new Place();
  const count = 40;
  const line = [
    'run',
    ...DECLARED,
    '--',
    'sh',
    '-c',
    `mkdir -p dist; for i in $(seq ${count}); do echo $i >dist/$i; done`,
  ];
  await place.call(line);
  place.remove('dist');
  let clock = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (clock += 1));
  onTestFinished(() => void vi.restoreAllMocks());
  expect((await place.call(line, { isWatched: true })).drawn).toEqual([]);
  place.remove('dist');
  vi.spyOn(performance, 'now').mockImplementation(() => (clock += 100));
  const { drawn } = await place.call(line, { isWatched: true });
  expect(drawn.at(-1)).toBe(`bringing back: ${count + 1} of ${count + 1}`);
  place.remove('dist');
  expect((await place.call([...line.slice(0, 1), '--quiet', ...line.slice(1)], { isWatched: true })).drawn).toEqual([]);
});
