/** Damaged data are never opened: they are found out in time, put aside, and replaced by nothing; healthy ones stay. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { damageOf } from '../../../src/backends/lmdb/meta-pages.ts';
import { enter, type EnterOptions, type Premises } from '../../../src/backends/lmdb/premises.ts';
import {
  count,
  die,
  edit,
  editData,
  fill,
  freshPath,
  openEnvironment,
  rootsOf,
  ROWS,
  scribble,
} from './premises-place.ts';

const PAGE = 4096;

/** With a real child process that tries the data. */
function go(path: string, options: Partial<EnterOptions> = {}): Premises {
  return enter({ path, durability: 'process', ...options });
}

/** An environment with rows that all of its users have left by dying. */
async function crashed(options: Partial<EnterOptions> = {}): Promise<string> {
  const path = freshPath();
  go(path, options);
  await fill(path);
  die(path);
  return path;
}

async function expectReplaced(premises: Premises, detail: RegExp): Promise<void> {
  const { path, replaced } = premises;
  expect(replaced).toMatchObject({ reason: 'damaged', detail: expect.stringMatching(detail) as string });
  const aside = replaced?.movedTo ?? 'nowhere';
  expect([dirname(aside), basename(aside)]).toEqual([
    dirname(path),
    expect.stringMatching(/^v1\.2\.damaged-\d{8}T\d{9}Z$/),
  ]);
  expect(readdirSync(aside)).toContain('data.mdb');
  expect(await count(path)).toBe(0);
  await fill(path);
  premises.leave();
  const next = go(path, { probe: () => 'nothing was to be tried' });
  expect([next.replaced, await count(path)]).toEqual([undefined, ROWS]);
  next.leave();
}

describe('seen without opening anything', () => {
  const change = (edited: (bytes: Buffer) => void) => (path: string) => editData(path, edited);
  const cases: readonly (readonly [what: string, detail: RegExp, damage: (path: string) => void])[] = [
    ['both meta pages overwritten', /first page/, change((bytes) => scribble(bytes, 0, 2))],
    ['the first meta page overwritten', /first page/, change((bytes) => scribble(bytes, 0, 1))],
    ['the second meta page overwritten', /second page/, change((bytes) => scribble(bytes, 1, 1))],
    ['the second meta page empty', /second page/, change((bytes) => bytes.fill(0, PAGE, 2 * PAGE))],
    ['a page size that none is', /first page/, change((bytes) => bytes.writeUInt32LE(4097, 48))],
    [
      'a root that is no page',
      /no page/,
      change((bytes) => [0, PAGE].forEach((at) => bytes.writeUInt32LE(1e9, at + 136))),
    ],
    ['a text in its place', /first page/, (path) => writeFileSync(join(path, 'data.mdb'), 'Dear diary, '.repeat(4000))],
    ['cut off in its first page', /first page/, (path) => truncateSync(join(path, 'data.mdb'), 100)],
    ['cut off after its first page', /second page/, (path) => truncateSync(join(path, 'data.mdb'), PAGE)],
    ['cut off in the middle', /ends after|free pages/, (path) => halve(join(path, 'data.mdb'))],
    [
      'a list of free pages overwritten',
      /page \d+ should be of the list of free pages/,
      change((bytes) => scribble(bytes, rootsOf(bytes).free, 1)),
    ],
    ['a header cut off', /header is broken/, (path) => truncateSync(join(path, 'tidemark.json'), 25)],
    ['an empty header', /header is broken/, (path) => truncateSync(join(path, 'tidemark.json'), 0)],
    ['a header of other shape', /header is broken/, (path) => writeFileSync(join(path, 'tidemark.json'), OTHER_SHAPE)],
    ['a header missing', /header is missing/, (path) => unlinkSync(join(path, 'tidemark.json'))],
  ];

  test.each(cases)('%s', async (_, detail, damage) => {
    const path = await crashed();
    damage(path);
    const probe = vi.fn(() => undefined);
    await expectReplaced(go(path, { probe }), detail);
    expect(probe).not.toHaveBeenCalled();
  });
});

const OTHER_SHAPE = '{"tidemark":"lmdb","format":1,"settings":{},"clean":7,"open":null,"crashes":0}';

function halve(file: string): void {
  truncateSync(file, Math.floor(statSync(file).size / 2));
}

describe('seen by a process that reads it all', () => {
  test.each([
    ['one page of rows empty', 1],
    ['many pages overwritten', 60],
  ])('%s', async (_, pages) => {
    const path = await crashed();
    editData(path, (bytes) => {
      const leaves = leavesOf(bytes);
      expect(leaves.length).toBeGreaterThan(pages);
      for (const page of leaves.slice(0, pages)) {
        if (pages === 1) bytes.fill(0, page * PAGE, (page + 1) * PAGE);
        else scribble(bytes, page, 1);
      }
    });
    await expectReplaced(go(path), /rows can be reached|reading it (ended|failed)/);
  });

  test('the page of databases overwritten', async () => {
    const path = await crashed();
    editData(path, (bytes) => scribble(bytes, rootsOf(bytes).main, 1));
    await expectReplaced(go(path), /database|reading it (ended|failed)/);
  });

  test('a process that cannot even be started is no proof of health', async () => {
    const path = await crashed();
    const real = process.execPath;
    process.execPath = join(path, 'missing');
    try {
      expect(go(path).replaced).toMatchObject({ detail: expect.stringMatching(/in vain: .*ENOENT/) as string });
    } finally {
      process.execPath = real;
    }
  });

  test('a debugger that the parent was started with does not keep it waiting', async () => {
    const path = await crashed();
    vi.stubEnv('NODE_OPTIONS', '--inspect-brk=0 --no-warnings');
    try {
      expect(go(path).replaced).toBeUndefined();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('healthy data stay', () => {
  test('of a file that is empty', () => {
    const path = freshPath();
    go(path);
    die(path);
    expect(go(path).replaced).toBeUndefined();
  });

  test('of a file that ends before its last page, because the rest is free', async () => {
    const path = await crashed();
    await edit(path, (rows) => {
      rows.putSync('large', Buffer.alloc(400 * PAGE));
      rows.removeSync('large');
    });
    const bytes = readFileSync(join(path, 'data.mdb'));
    const last = Math.max(...[0, PAGE].map((at) => Number(bytes.readBigUInt64LE(at + 144))));
    expect(bytes.length, 'the file is shorter than it says').toBeLessThan((last + 1) * PAGE);
    const premises = go(path);
    expect([premises.replaced, await count(path)]).toEqual([undefined, ROWS]);
  });

  test('whatever has been written and removed', async () => {
    const path = freshPath();
    mkdirSync(path, { recursive: true });
    const root = openEnvironment(path);
    const rows = root.openDB<Buffer, string>({ name: 'rows', encoding: 'binary' });
    let state = 7;
    const chance = (below: number) => (state = (Math.imul(state, 48_271) & 0x7fff_ffff) >>> 0) % below;
    for (let transaction = 0; transaction < 300; transaction++) {
      root.transactionSync(() => {
        for (let step = chance(30); step >= 0; step--) {
          const key = `row ${chance(500)}`;
          if (chance(3) === 0) rows.removeSync(key);
          else rows.putSync(key, Buffer.alloc(chance(chance(10) === 0 ? 40_000 : 300)));
        }
      });
      expect(damageOf(path)).toBeUndefined();
    }
    await root.close();
  });

  test('when a process was killed in the middle of writing', async () => {
    const path = freshPath();
    go(path);
    await fill(path);
    const writer = spawn(process.execPath, ['-e', WRITER, '--', createRequire(import.meta.url).resolve('lmdb'), path]);
    await new Promise((begun) => writer.stdout.once('data', begun));
    const ended = new Promise((end) => writer.once('exit', end));
    writer.kill('SIGKILL');
    await ended;
    die(path);
    const premises = go(path);
    expect(premises.replaced).toBeUndefined();
    expect(await count(path)).toBeGreaterThanOrEqual(ROWS + 50);
  });

  /** Writes until it is killed, and says so after 50 transactions. */
  const WRITER = `
    const [, lmdb, path] = process.argv;
    const options = { path, noSubdir: false, overlappingSync: false, eventTurnBatching: false, noSync: true };
    const root = require(lmdb).open({ ...options, encoding: 'binary', maxDbs: 16, pageSize: 4096 });
    const rows = root.openDB({ name: 'rows', encoding: 'binary' });
    for (let count = 1; count < 1e6; count++) {
      root.transactionSync(() => rows.putSync('more ' + count, Buffer.alloc(300)));
      if (count === 50) require('node:fs').writeSync(1, 'writing');
    }`;
});

describe('what was put aside', () => {
  test('are three directories at most, the newest, and nothing else is touched', async () => {
    const path = freshPath();
    const neighbour = `${path}.damaged-goods`;
    mkdirSync(neighbour, { recursive: true });
    const places: (string | undefined)[] = [];
    for (let round = 0; round < 5; round++) {
      go(path, { probe: () => undefined });
      await edit(path, (rows) => rows.putSync('round', Buffer.alloc(round + 1)));
      die(path);
      const premises = go(path, { probe: () => `round ${round}` });
      places.push(premises.replaced?.movedTo);
      premises.leave();
    }
    expect(new Set(places).size).toBe(5);
    expect(places.map((place) => existsSync(place ?? ''))).toEqual([false, false, true, true, true]);
    expect(existsSync(neighbour)).toBe(true);
    const [root] = [openEnvironment(places[4] ?? '')];
    expect(root.openDB<Buffer, string>({ name: 'rows', encoding: 'binary' }).get('round')).toHaveLength(5);
    await root.close();
  });

  test('never replaces anything, even within a millisecond', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-20T12:00:00Z') });
    try {
      const places: (string | undefined)[] = [];
      const path = await crashed();
      for (let round = 0; round < 2; round++) {
        await edit(path, (rows) => rows.putSync('round', Buffer.alloc(round)));
        places.push(go(path, { probe: () => 'again' }).replaced?.movedTo);
        die(path);
      }
      expect(places.map((place) => place && basename(place))).toEqual([
        'v1.2.damaged-20261120T120000000Z',
        'v1.2.damaged-20261120T120000000Z-2',
      ]);
      expect(places.map((place) => existsSync(join(place ?? '', 'data.mdb')))).toEqual([true, true]);
    } finally {
      vi.useRealTimers();
    }
  });
});

/** The pages of rows, as their headers say. */
function leavesOf(bytes: Buffer): readonly number[] {
  const pages = Array.from({ length: Math.floor(bytes.length / PAGE) }, (_, page) => page);
  const reached: number[] = [];
  const { main } = rootsOf(bytes);
  const node = main * PAGE + 24 + bytes.readUInt16LE(main * PAGE + 24); // the only database
  const todo = [Number(bytes.readBigUInt64LE(node + 8 + bytes.readUInt16LE(node + 6) + 40))];
  for (let page = todo.pop(); page !== undefined && reached.length < pages.length; page = todo.pop()) {
    const start = page * PAGE;
    if ((bytes.readUInt16LE(start + 18) & 2) !== 0) reached.push(page);
    else
      for (let index = (bytes.readUInt16LE(start + 20) >> 1) - 1; index >= 0; index--)
        todo.push(bytes.readUIntLE(start + 24 + bytes.readUInt16LE(start + 24 + 2 * index), 6));
  }
  return reached;
}
