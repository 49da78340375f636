/** The store suite notices a mirror that doesn't remember what it says it does. */
import { describe, expect, test } from 'vitest';
import type { Mark, Mirror, Page, Store } from 'tidemark';
import { Disk, diskStore, type DiskStoreOptions, storeSuite } from 'tidemark/testing';
import { outcomesOf } from './outcomes.ts';

type Changes = Page['changes'];

/** A disk whose methods a test replaces: `disk` is a good one. */
type Spoil = (disk: Disk) => Partial<Pick<Disk, 'record' | 'stamps'>> & { readonly position?: Disk['position'] };

/** The methods as they were before they were replaced. */
const good = (disk: Disk) => ({
  record: Disk.prototype.record.bind(disk),
  stamps: Disk.prototype.stamps.bind(disk),
});

const broken: readonly (readonly [promise: string, noticedBy: string, spoil: Spoil])[] = [
  [
    'goes on over a gap',
    'a mirror that has missed something begins anew',
    (disk) => ({
      record: (incarnation: string, from: Mark, to: Mark, changes: Changes) =>
        good(disk).record(incarnation, disk.position ? Math.min(from, disk.position.head) : from, to, changes),
    }),
  ],
  [
    'takes all logs for one',
    'a mirror of another incarnation begins anew, even at a smaller mark',
    (disk) => ({
      record: (_: string, from: Mark, to: Mark, changes: Changes) => good(disk).record('one', from, to, changes),
    }),
  ],
  [
    'goes back when it is told something old',
    'telling again, or what is known in part, or something old, takes nothing back',
    (disk) => ({
      record: (incarnation: string, from: Mark, to: Mark, changes: Changes) => {
        if (disk.position && from < disk.position.head) disk.forget();
        good(disk).record(incarnation, from, to, changes);
      },
    }),
  ],
  [
    'answers for the time before it began',
    'what was recorded is remembered, from where it began',
    (disk) => ({
      stamps: (names: readonly string[]) => good(disk).stamps(names, Infinity),
    }),
  ],
  [
    'says of what it does not know that it never changed',
    'what was recorded is remembered, from where it began',
    (disk) => ({
      stamps: (names: readonly string[]) => {
        const answer = good(disk).stamps(names, Infinity);
        return answer && { ...answer, stamps: answer.stamps.map((stamp) => (stamp <= 10 ? 0 : stamp)) };
      },
    }),
  ],
  [
    'says of what changed last that it changed before',
    'what follows is added to what was there',
    (disk) => {
      const first = new Map<string, Mark>();
      return {
        record: (incarnation: string, from: Mark, to: Mark, changes: Changes) => {
          const fresh = changes.filter(({ change }) => change.every((name) => !first.has(name)));
          for (const { mark, change } of fresh) for (const name of change) first.set(name, mark);
          good(disk).record(incarnation, from, to, fresh);
        },
      };
    },
  ],
  [
    'forgets rules',
    'rules, prefixes and soft changes are remembered as a log does',
    (disk) => ({
      record: (incarnation: string, from: Mark, to: Mark, changes: Changes) => {
        const names = (change: readonly string[]) => change.filter((name) => !/^\??\*/.test(name));
        const ruleless = changes.map(({ mark, change }) => ({ mark, change: names(change) }));
        good(disk).record(incarnation, from, to, ruleless);
      },
    }),
  ],
  ['remembers before it was told', 'a new mirror remembers nothing', (disk) => (disk.record('log', 0, 0, []), {})],
  [
    'forgets that nothing has changed',
    'a mirror that begins at the head knows that nothing changed since',
    (disk) => ({
      record: (incarnation: string, from: Mark, to: Mark, changes: Changes) => {
        if (changes.length > 0) good(disk).record(incarnation, from, to, changes);
      },
    }),
  ],
  [
    'goes on where a batch was lost',
    'random stretches, seed 1: what is answered is never less than the truth',
    (disk) => ({
      record: (incarnation: string, from: Mark, to: Mark, changes: Changes) =>
        good(disk).record(incarnation, Math.min(from, disk.position?.head ?? from), to, changes),
    }),
  ],
];

/** Run one test of the suite on stores that a test makes. */
function failing(only: string, make: () => Store, rest: { reopen?: (closed: Store) => Store } = {}) {
  return outcomesOf((runner) => storeSuite(runner, { name: 'broken', make, mirror: true, ...rest }), { only });
}

describe('the suite notices a mirror that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoil) => {
    const { failed } = await failing(noticedBy, () => {
      const disk = new Disk();
      return diskStore({ disk: Object.assign(disk, spoil(disk)) });
    });
    expect([...failed.keys()]).toEqual([noticedBy]);
  });

  test('is lost when the store is closed', async () => {
    const only = 'what is remembered is there after closing and opening again';
    const make = () => diskStore({ disk: new Disk() });
    expect([...(await failing(only, make, { reopen: make })).failed.keys()]).toEqual([only]);
  });

  test('answers with promises though its store is synchronous', async () => {
    const only = 'the mirror of a synchronous store answers at once';
    const { failed } = await failing(only, () => {
      const store = diskStore({ disk: new Disk() });
      const { mirror } = store;
      const position: Mirror['position'] = async (call) => mirror.position(call);
      return Object.assign(store, { mirror: { ...mirror, position } });
    });
    expect([...failed.keys()]).toEqual([only]);
  });

  const OFFERED = 'a mirror is offered if and only if the suite was told so';

  test('nobody was told of', async () => {
    const make = () => diskStore({ disk: new Disk() });
    const { failed } = await outcomesOf((runner) => storeSuite(runner, { name: 'silent', make }), { only: OFFERED });
    expect([...failed.keys()]).toEqual([OFFERED]);
  });

  test('is promised and not there', async () => {
    const make = () => Object.assign(diskStore({ disk: new Disk() }), { mirror: undefined }) as unknown as Store;
    expect([...(await failing(OFFERED, make)).failed.keys()]).toEqual([OFFERED]);
  });
});

describe('diskStore', () => {
  const call = { signal: new AbortController().signal };
  const record = { key: '/s/a~v1', entry: entryOf(1) };

  test('a gate holds or loses what it is told, and reads that answer at once pass by', async () => {
    const disk = new Disk();
    const seen: string[] = [];
    const gate: DiskStoreOptions['gate'] = async (operation) => {
      seen.push(operation);
      if (operation === 'mirror record') throw new Error('lost');
    };
    const store = diskStore({ disk, gate });
    expect(await store.setMany([record], call)).toEqual([true]);
    await expect(store.mirror.record('log', 0, 1, [], call)).rejects.toThrow('lost');
    expect([store.mirror.position(call), store.getMany([record.key], call)]).toMatchObject([undefined, [{ value: 1 }]]);
    expect(seen).toEqual(['setMany', 'mirror record']);
  });

  test('what was given up, or is of a dead process, is not done', async () => {
    const disk = new Disk();
    let pass = () => {};
    const gate = () => new Promise<void>((resolve) => (pass = resolve));
    const [store, other] = [diskStore({ disk, gate }), diskStore({ disk })];
    const given = new AbortController();
    const late = store.setMany([record], { signal: given.signal });
    given.abort(new Error('given up'));
    pass();
    await expect(late).rejects.toThrow('given up');
    const dying = store.mirror.record('log', 0, 1, [], call);
    store.cut();
    pass();
    await expect(dying).rejects.toThrow('dead');
    expect(() => store.getMany([record.key], call)).toThrow('dead');
    expect([disk.keys, disk.position, other.getMany([record.key], call)]).toEqual([[], undefined, [undefined]]);
  });
});

function entryOf(value: unknown) {
  return { value, mark: 1, incarnation: 'log', dependencies: [], freshUntil: Infinity, keptUntil: Infinity };
}
