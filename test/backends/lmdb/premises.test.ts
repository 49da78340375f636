/** Entering and leaving an environment's directory: who is there, and what the next opening has to do. */
import { spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { enter, type EnterOptions, type Premises } from '../../../src/backends/lmdb/premises.ts';
import { isAlive, isSameBoot, presentBoot, thisProcess } from '../../../src/backends/lmdb/users.ts';
import { count, deadName, die, edit, editHeader, fill, freshPath, headerOf, ROWS } from './premises-place.ts';

const noProbe = (): never => {
  throw new Error('nothing was to be tried');
};

function go(path: string, options: Partial<EnterOptions> = {}): Premises {
  return enter({ path, durability: 'process', probe: noProbe, ...options });
}

/** Enter, write, and leave. */
async function lived(path: string, options: Partial<EnterOptions> = {}): Promise<void> {
  const premises = go(path, options);
  await fill(path);
  premises.leave();
}

/** Enter, write, and die. */
async function crashed(path: string, options: Partial<EnterOptions> = {}): Promise<void> {
  go(path, options);
  await fill(path);
  die(path);
}

describe('a directory that was left well', () => {
  test('is entered without trying anything, and nothing is missing', async () => {
    const path = freshPath();
    await lived(path);
    const premises = go(path);
    expect(premises.path).toBe(path);
    expect(premises.replaced).toBeUndefined();
    expect(headerOf(path)).toMatchObject({ tidemark: 'lmdb', format: 1, clean: null, crashes: 0 });
    expect(await count(path)).toBe(ROWS);
    premises.leave();
  });

  test('holds nothing that the lock or a user has left', async () => {
    const path = freshPath();
    await lived(path);
    expect(readdirSync(path).toSorted()).toEqual(['data.mdb', 'lock.mdb', 'tidemark.json', 'users']);
    expect(readdirSync(join(path, 'users'))).toEqual([]);
  });

  test('may be moved', async () => {
    const path = freshPath();
    await lived(path);
    const moved = `${path}-moved`;
    renameSync(path, moved);
    const premises = go(moved);
    expect(await count(moved)).toBe(ROWS);
    premises.leave();
  });

  test('is left well by an opening that did nothing, too', () => {
    const path = freshPath();
    go(path).leave();
    expect(headerOf(path)).toMatchObject({ clean: { size: 0 }, open: null });
    go(path).leave();
  });
});

describe('who is there', () => {
  test('several openings of one process are several', () => {
    const path = freshPath();
    let now = 0;
    const first = go(path, { now: () => now });
    expect(first.alone()).toBe(true);
    const second = go(path, { now: () => now });
    now += 1;
    expect([first.alone(), second.alone()]).toEqual([false, false]);
    first.leave();
    expect(headerOf(path).clean).toBeNull();
    now += 1;
    expect(second.alone()).toBe(true);
    second.leave();
    expect(headerOf(path).clean).not.toBeNull();
  });

  test('an answer is given again for a millisecond at most', () => {
    const path = freshPath();
    let now = 0;
    const first = go(path, { now: () => now });
    expect(first.alone()).toBe(true);
    writeFileSync(join(path, 'users', `${thisProcess}-00000000000000ff`), '');
    now += 0.9;
    expect(first.alone()).toBe(true);
    now += 0.1;
    expect(first.alone()).toBe(false);
  });

  test('a folder that has not changed for long is not listed again, and one that changes is', () => {
    const path = freshPath();
    let now = 0;
    const first = go(path, { now: () => now++ });
    utimesSync(join(path, 'users'), 1000, 1000);
    expect([first.alone(), first.alone()]).toEqual([true, true]);
    writeFileSync(join(path, 'users', `${thisProcess}-00000000000000ff`), '');
    utimesSync(join(path, 'users'), 1000, 1000); // a listing is what would tell
    expect(first.alone()).toBe(true);
    utimesSync(join(path, 'users'), 2000, 2000);
    expect(first.alone()).toBe(false);
  });

  test('another process that runs is somebody, and nobody once it was killed', async () => {
    const path = freshPath();
    await crashed(path); // so that there would be something to try
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
    await new Promise((up) => child.stdout.once('data', up));
    writeFileSync(join(path, 'users', `${child.pid}-0-${presentBoot()}-00000000000000ff`), '');

    let now = 0;
    const premises = go(path, { now: () => now });
    expect([premises.alone(), premises.replaced]).toEqual([false, undefined]);
    expect(readdirSync(join(path, 'users')).length, 'the dead are buried').toBe(2);

    const ended = new Promise((end) => child.once('exit', end));
    child.kill('SIGKILL');
    await ended;
    now += 1001; // others are judged anew each second
    expect(premises.alone()).toBe(true);
    premises.leave();
    expect(headerOf(path).clean).not.toBeNull();
  });

  test('nobody is alone whose registration was taken away', () => {
    const path = freshPath();
    const premises = go(path);
    rmSync(join(path, 'users'), { recursive: true });
    expect(premises.alone()).toBe(false);
  });

  test('what is no registration is nobody', () => {
    const path = freshPath();
    const premises = go(path);
    writeFileSync(join(path, 'users', '.DS_Store'), '');
    expect(premises.alone()).toBe(true);
  });
});

describe('a process is known', () => {
  const [pid, start, boot] = thisProcess.split('-');

  test('by itself', () => {
    expect(isAlive(thisProcess)).toBe(true);
    expect(isAlive(`${pid}-0-${boot}`), 'a start that was not known').toBe(true);
  });

  test('by when it started, where the platform tells', () => {
    expect(isAlive(`${pid}-${Number(start) + 1}-${boot}`)).toBe(!existsSync('/proc/self/stat'));
  });

  test('by the boot', () => {
    expect(isAlive(`${pid}-${start}-${boot.startsWith('t') ? 't1000' : 'feed'}`)).toBe(false);
    expect(isSameBoot('t1000', 't1020')).toBe(true);
    expect(isSameBoot('t1000', 't1100')).toBe(false);
    expect(isSameBoot('abc', 'abd')).toBe(false);
    expect(isSameBoot('abc', 't1000')).toBe(false);
  });

  test('by nothing else', () => {
    expect([isAlive(''), isAlive('4711'), isAlive(`${pid}-${start}`)]).toEqual([false, false, false]);
    expect(isAlive(deadName().split('-').slice(0, 3).join('-'))).toBe(false);
  });

  test('as dead when only its parent has not taken note yet', async () => {
    const keeper = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']); // never asks after its child
    const zombie = Number(await new Promise((told) => keeper.stdout.once('data', told)));
    const states = () => (existsSync('/proc/self/stat') ? isAlive(`${zombie}-0-${boot}`) : false);
    await vi.waitFor(() => expect(states()).toBe(false), { timeout: 30_000 });
    keeper.kill('SIGKILL');
  });
});

describe('after a crash', () => {
  test('data are tried for a second, and twice as long after each further one in a row', async () => {
    const path = freshPath();
    const budgets: number[] = [];
    const probe = (_: string, budget: number) => void budgets.push(budget);
    await crashed(path);
    for (const _ of Array.from({ length: 8 })) {
      go(path, { probe });
      die(path);
    }
    expect(budgets).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    const last = go(path, { probe });
    expect(await count(path)).toBe(ROWS);
    last.leave();
    go(path);
    die(path);
    go(path, { probe });
    expect(budgets.at(-1)).toBe(1000);
  });

  test('of the machine, nothing is left of what was not safely on the disk', async () => {
    const path = freshPath();
    await crashed(path);
    editHeader(path, { open: { boot: 'feed', durability: 'process' } });
    const premises = go(path);
    expect(premises.replaced).toMatchObject({ reason: 'machine-crash', movedTo: undefined });
    expect(await count(path)).toBe(0);
    premises.leave();
  });

  test('of the machine, what was safely on the disk is tried and kept', async () => {
    const path = freshPath();
    await crashed(path, { durability: 'machine' });
    editHeader(path, { open: { boot: 'feed', durability: 'machine' } });
    const probe = vi.fn(() => undefined);
    const premises = go(path, { probe });
    expect([premises.replaced, probe.mock.calls.length, await count(path)]).toEqual([undefined, 1, ROWS]);
  });

  test.each([
    { lives: ['machine'], crash: 'machine' },
    { lives: ['process'], crash: 'process' },
    { lives: ['machine', 'process'], crash: 'process' },
    { lives: ['process', 'machine'], crash: 'process' },
  ] as const)('the weakest durability of $lives is remembered', ({ lives, crash }) => {
    const path = freshPath();
    for (const durability of lives) go(path, { durability });
    expect(headerOf(path).open).toEqual({ boot: presentBoot(), durability: crash });
    die(path);
    go(path, { durability: 'machine', probe: () => undefined }).leave();
    go(path, { durability: 'machine' });
    expect(headerOf(path).open, 'and forgotten once all have left').toMatchObject({ durability: 'machine' });
  });

  test('a durability is remembered over a crash of a process', async () => {
    const path = freshPath();
    await crashed(path);
    go(path, { durability: 'machine', probe: () => undefined });
    expect(headerOf(path).open).toMatchObject({ durability: 'process' });
  });

  test('unfinished files do no harm', async () => {
    const path = freshPath();
    await lived(path);
    writeFileSync(join(path, 'tidemark.json.next'), '{"tidem');
    mkdirSync(join(path, `opening.${deadName()}`));
    mkdirSync(join(path, 'compacting'));
    writeFileSync(join(path, 'compacting', 'data.mdb'), 'half');
    const premises = go(path);
    expect([premises.replaced, await count(path)]).toEqual([undefined, ROWS]);
    expect(existsSync(join(path, 'compacting'))).toBe(false);
    premises.leave();
  });

  test('an opening that ended before the data were made is nothing to speak of', () => {
    const path = freshPath();
    go(path);
    die(path);
    rmSync(join(path, 'data.mdb'));
    expect(go(path).replaced).toBeUndefined();
  });
});

describe('what is suspicious is tried thoroughly', () => {
  const thorough = 60_000;

  test('once, when reading has met damage', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    premises.suspect();
    premises.suspect();
    premises.leave();
    const probe = vi.fn(() => undefined);
    go(path, { probe }).leave();
    expect(probe.mock.calls).toEqual([[path, thorough]]);
    go(path).leave();
  });

  test('when strangers changed the file while nobody had it open', async () => {
    const path = freshPath();
    await lived(path);
    await edit(path, (rows) => rows.putSync('strange', Buffer.from('row')));
    const probe = vi.fn(() => undefined);
    go(path, { probe }).leave();
    expect(probe.mock.calls).toEqual([[path, thorough]]);
  });

  test('and goes when it is found damaged', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    premises.suspect();
    premises.leave();
    const next = go(path, { probe: () => 'it smells' });
    expect(next.replaced).toMatchObject({ reason: 'damaged', detail: 'it smells' });
    expect(await count(path)).toBe(0);
    next.leave();
    expect(go(path).replaced).toBeUndefined();
  });

  test('saying so never throws', () => {
    const path = freshPath();
    const premises = go(path);
    rmSync(path, { recursive: true });
    expect(() => premises.suspect()).not.toThrow();
  });
});

describe('settings', () => {
  test('are kept in any order', async () => {
    const path = freshPath();
    await lived(path, { settings: { codec: 'json', pages: 4096 } });
    expect(go(path, { settings: { pages: 4096, codec: 'json' } }).replaced).toBeUndefined();
  });

  test('that are others make data useless', async () => {
    const path = freshPath();
    await lived(path, { settings: { codec: 'json' } });
    const premises = go(path, { settings: { codec: 'packed' } });
    expect(premises.replaced).toMatchObject({ reason: 'other-settings', movedTo: undefined });
    expect(await count(path)).toBe(0);
    premises.leave();
    expect(go(path, { settings: { codec: 'packed' } }).replaced).toBeUndefined();
  });

  test('that are others are refused while somebody uses the data', () => {
    const path = freshPath();
    const first = go(path, { settings: { codec: 'json' } });
    expect(() => go(path, { settings: { codec: 'packed' } })).toThrow(expect.objectContaining({ code: 'in_use' }));
    expect(first.alone()).toBe(true);
  });
});

describe('leaving', () => {
  test('never throws, makes nothing anew, and happens once', () => {
    const path = freshPath();
    const premises = go(path);
    rmSync(path, { recursive: true });
    premises.leave();
    expect(existsSync(path)).toBe(false);
    const next = go(path);
    premises.leave();
    expect(headerOf(path).clean).toBeNull();
    next.leave();
    expect(headerOf(path).clean).not.toBeNull();
  });

  test('vouches for no data but its own', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    expect(premises.intact()).toBe(true);
    copyFileSync(join(path, 'data.mdb'), join(path, 'copy'));
    renameSync(join(path, 'copy'), join(path, 'data.mdb'));
    expect(premises.intact()).toBe(false);
    premises.leave();
    expect(headerOf(path).clean).toBeNull();
    expect(readdirSync(join(path, 'users'))).toEqual([]);
  });

  test('vouches for data that it was told of', async () => {
    const path = freshPath();
    const premises = go(path);
    await fill(path);
    copyFileSync(join(path, 'data.mdb'), join(path, 'copy'));
    premises.exclusively(() => renameSync(join(path, 'copy'), join(path, 'data.mdb')));
    premises.replacedData();
    expect(premises.intact()).toBe(true);
    premises.leave();
    const next = go(path);
    expect([next.replaced, await count(path)]).toEqual([undefined, ROWS]);
    next.leave();
  });

  test('is no way to be intact when all is gone', () => {
    const path = freshPath();
    const premises = go(path);
    rmSync(path, { recursive: true });
    expect(premises.intact()).toBe(false);
  });

  test('is not waited for without end', () => {
    const path = freshPath();
    const [premises, other] = [go(path, { patience: 0 }), go(path)];
    other.exclusively(() => premises.leave());
    expect(headerOf(path).clean, 'nothing is vouched for').toBeNull();
    expect(readdirSync(join(path, 'users'))).toHaveLength(1);
    other.leave();
    expect(headerOf(path).clean).not.toBeNull();
  });
});

describe('data that LMDB refuses', () => {
  const refused = new Error('MDB_CORRUPTED: Located page was wrong type');

  test('are replaced', async () => {
    const path = freshPath();
    await lived(path);
    const premises = go(path);
    premises.condemn(refused);
    expect(premises.replaced).toMatchObject({ reason: 'damaged', detail: refused.message });
    expect(existsSync(join(premises.replaced?.movedTo ?? '', 'data.mdb'))).toBe(true);
    expect([premises.intact(), await count(path)]).toEqual([true, 0]);
    premises.leave();
    expect(headerOf(path).clean).not.toBeNull();
  });

  test('stay while others use them', async () => {
    const path = freshPath();
    await lived(path);
    const [premises, other] = [go(path), go(path)];
    expect(() => premises.condemn(refused)).toThrow(expect.objectContaining({ code: 'store_failed', cause: refused }));
    expect([premises.replaced, other.intact(), await count(path)]).toEqual([undefined, true, ROWS]);
  });

  test('stay when the error is of another kind', async () => {
    const path = freshPath();
    await lived(path);
    const premises = go(path);
    for (const error of [new Error('Cannot allocate memory'), new Error('MDB_READERS_FULL: too many'), 'no'])
      expect(() => premises.condemn(error)).toThrow(expect.objectContaining({ code: 'store_failed', cause: error }));
    expect([premises.replaced, await count(path)]).toEqual([undefined, ROWS]);
  });
});

test('a copy that was given a label is an environment of its own', async () => {
  const path = freshPath();
  const premises = go(path, { settings: { codec: 'json' } });
  await fill(path);
  const copy = `${path}-copy`;
  mkdirSync(copy);
  copyFileSync(join(path, 'data.mdb'), join(copy, 'data.mdb'));
  premises.labelCopy(copy);
  const next = go(copy, { settings: { codec: 'json' } });
  expect([next.replaced, next.alone(), await count(copy)]).toEqual([undefined, true, ROWS]);
});

test('a newcomer finds the data gone that others still hold, and begins anew', async () => {
  const path = freshPath();
  const first = go(path);
  await fill(path);
  rmSync(join(path, 'data.mdb'));
  const second = go(path);
  expect([first.intact(), second.intact()]).toEqual([false, true]);
  expect(await count(path)).toBe(0);
});
