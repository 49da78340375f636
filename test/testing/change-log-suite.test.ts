/** Every change log keeps its contract, and the suite notices a log that doesn't. */
import { describe, expect, it, test } from 'vitest';
import type { Change, ChangeLog, Mark, MaybePromise, Page, Position } from 'tidemark';
import { localLog } from 'tidemark/logs/local';
import { changeLogSuite, nullLog, type TestRunner } from 'tidemark/testing';
import { type Outcomes, outcomesOf } from './outcomes.ts';

changeLogSuite(
  { describe, it },
  {
    name: 'localLog()',
    make: () => ({ log: localLog() }),
    makeSmall: () => ({ log: localLog({ keep: 50, stamps: 100 }) }),
  },
);

const LOST = 'a log that lost changes has another incarnation, whoever asks';
const AFTER_LOSS = 'after a loss every answer is of the new incarnation, and the log goes on';
const EXACT = 'what never changed in a new log is not said to have changed';

/** A log whose methods can be taken apart: a local one, of which a test can replace what it likes. */
interface PlainLog extends ChangeLog {
  readonly append: (change: Change) => Position;
  readonly position: () => Position;
  readonly read: (after: Mark) => Page;
  readonly stamps: (dependencies: readonly string[]) => Position & { readonly stamps: readonly Mark[] };
  readonly watch: (wake: () => void) => () => void;
}

const call = { signal: new AbortController().signal };

function plainLog(keep = 1024): PlainLog {
  const log = localLog({ keep });
  return {
    sync: true,
    append: (change) => log.append(change, call) as Position,
    position: () => log.position(call) as Position,
    read: (after) => log.read(after, call) as Page,
    stamps: (dependencies) => log.stamps(dependencies, call) as ReturnType<PlainLog['stamps']>,
    watch: (wake) => log.watch!(wake),
  };
}

/** A log that forgets, loses its changes and starts anew; `incarnationOf` says what it calls itself then. */
function losingLog(incarnationOf: (losses: number) => string): { log: ChangeLog; lose: () => void } {
  let log = plainLog(10);
  let losses = 0;
  const named = <P extends Position>(answer: P): P => ({ ...answer, incarnation: incarnationOf(losses) });
  return {
    log: {
      sync: true,
      append: (change) => named(log.append(change)),
      position: () => named(log.position()),
      read: (after) => named(log.read(after)),
      stamps: (dependencies) => named(log.stamps(dependencies)),
    },
    lose: () => {
      losses++;
      log = plainLog(10);
    },
  };
}

const run = (log: (small: PlainLog) => ChangeLog, only: string): Promise<Outcomes> => {
  const suite = (runner: TestRunner) =>
    changeLogSuite(runner, {
      name: 'broken',
      make: () => ({ log: log(plainLog()) }),
      makeSmall: () => ({ log: log(plainLog(40)) }),
    });
  return outcomesOf(suite, { only });
};

const broken: readonly (readonly [promise: string, noticedBy: string, spoil: (log: PlainLog) => Partial<ChangeLog>])[] =
  [
    [
      'gives two changes one mark',
      'each change gets a larger mark than all before it, and is the new head',
      ({ append }) => ({ append: (change) => ({ ...append(change), head: 1 }) }),
    ],
    [
      'gives marks that are no whole numbers',
      'each change gets a larger mark than all before it, and is the new head',
      ({ append }) => ({
        append: (change) => {
          const answer = append(change);
          return { ...answer, head: answer.head + 0.5 };
        },
      }),
    ],
    [
      'tells an old head',
      'each change gets a larger mark than all before it, and is the new head',
      ({ position }) => ({ position: () => ({ ...position(), head: Math.max(0, position().head - 1) }) }),
    ],
    [
      'shows a change only when the next one has come',
      'what was appended can be read at once, in order, from any mark on',
      ({ read }) => ({
        read: (after) => {
          const page = read(after);
          return { ...page, head: Math.max(after, page.head - 1), changes: page.changes.slice(0, -1) };
        },
      }),
    ],
    [
      'lists the newest change first',
      'what was appended can be read at once, in order, from any mark on',
      ({ read }) => ({ read: (after) => ({ ...read(after), changes: read(after).changes.toReversed() }) }),
    ],
    [
      'leaves out one change of many',
      'what was appended can be read at once, in order, from any mark on',
      ({ read }) => ({
        read: (after) => ({ ...read(after), changes: read(after).changes.filter(({ mark }) => mark % 5 !== 0) }),
      }),
    ],
    [
      'stops in the middle',
      'what was appended can be read at once, in order, from any mark on',
      ({ read }) => ({ read: (after) => (after >= 20 ? { ...read(after), changes: [] } : read(after)) }),
    ],
    [
      'changes names that it stores',
      'a change comes back as it was said, whatever its names are',
      ({ append }) => ({ append: (change) => append(change.map((name) => name.slice(0, 200))) }),
    ],
    [
      'stores one name of each change',
      'what was appended can be read at once, in order, from any mark on',
      ({ append }) => ({ append: (change) => append(change.slice(0, 1)) }),
    ],
    [
      'says that it has all when it has forgotten',
      'a log that has forgotten tells from where on it is complete',
      ({ read }) => ({ read: (after) => ({ ...read(after), complete: after }) }),
    ],
    [
      'knows only the stamps of what it can still list',
      'a log that has forgotten tells from where on it is complete',
      ({ read, position }) => ({
        stamps: (dependencies) => ({ ...position(), stamps: dependencies.map((name) => lastOf(read(0), name)) }),
      }),
    ],
    [
      'has stamps that are a change behind',
      'the stamp of a key, a prefix and a tag is at least the mark of its last change',
      ({ stamps }) => ({
        stamps: (dependencies) => ({
          ...stamps(dependencies),
          stamps: stamps(dependencies).stamps.map((mark) => mark - 1),
        }),
      }),
    ],
    [
      'answers for tags only',
      'the stamp of a key, a prefix and a tag is at least the mark of its last change',
      ({ stamps }) => ({
        stamps: (dependencies) => ({
          ...stamps(dependencies),
          stamps: stamps(dependencies).stamps.map((mark, i) => (dependencies[i].includes('#') ? mark : 0)),
        }),
      }),
    ],
    [
      'answers each name once',
      'stamps are answered by position, a name asked twice twice',
      ({ stamps }) => ({ stamps: (dependencies) => stamps([...new Set(dependencies)]) }),
    ],
    [
      'takes a soft change for one of something else',
      'a soft change is one of the soft twin',
      ({ append }) => ({ append: (change) => append(change.map((name) => name.replace(/^\?/, '!'))) }),
    ],
    [
      'does not know rules',
      'a rule that matches a key changes it, a soft rule its soft twin',
      ({ append }) => ({ append: (change) => append(change.map((name) => name.replace('*', '#'))) }),
    ],
    [
      'does not know soft rules',
      'a rule that matches a key changes it, a soft rule its soft twin',
      ({ append }) => ({ append: (change) => append(change.map((name) => name.replace('?*', '*'))) }),
    ],
    [
      'takes names of different case for one, and so answers too small a stamp for the other',
      'names that look alike have stamps of their own',
      ({ append }) => ({ append: (change) => append(change.map((name) => name.toLowerCase())) }),
    ],
    [
      'says of everything that it has changed',
      EXACT,
      ({ position }) => ({ stamps: (names) => ({ ...position(), stamps: names.map(() => position().head) }) }),
    ],
    [
      'takes a soft change for a hard one',
      EXACT,
      ({ append }) => ({ append: (change) => append(change.flatMap((name) => [name, name.replace(/^\?/, '')])) }),
    ],
    [
      'has another incarnation for each question',
      'the incarnation stays the same while nothing is lost',
      ({ position }) => {
        let asked = 0;
        return { position: () => ({ ...position(), incarnation: `${++asked}` }) };
      },
    ],
    [
      'has no incarnation',
      'a new log stands somewhere and has an incarnation',
      ({ position }) => ({ position: () => ({ ...position(), incarnation: '' }) }),
    ],
    [
      'answers reads with a promise though it is synchronous',
      'a synchronous log never answers a read with a promise',
      ({ stamps }) => ({ stamps: async (names) => stamps(names) }),
    ],
    [
      'appends what has been given up',
      'an append to a synchronous log that is given up has no effect afterwards',
      ({ append }) => ({ append: async (change) => (await Promise.resolve(), append(change)) }),
    ],
    [
      'lets two who append at the same time have one mark',
      'changes appended at the same time get marks of their own',
      ({ append, position }) => ({
        sync: false,
        append: async (change) => {
          const { head } = position();
          await Promise.resolve();
          return { ...append(change), head: head + 1 };
        },
      }),
    ],
    [
      'shows a later mark before an earlier one',
      'whoever reads on while others append misses nothing',
      ({ append, read, position }) => {
        const hidden = new Set<Mark>();
        const shown = () => read(0).changes.filter(({ mark }) => !hidden.has(mark));
        const head = () => Math.max(0, ...shown().map(({ mark }) => mark));
        return {
          sync: false,
          append: async (change) => {
            const answer = append(change);
            hidden.add(answer.head);
            for (let i = 0; i < (answer.head % 3) * 5; i++) await Promise.resolve();
            hidden.delete(answer.head);
            return answer;
          },
          position: async () => ({ ...position(), head: head() }),
          read: async (after) => ({
            ...read(after),
            head: head(),
            changes: shown().filter(({ mark }) => mark > after),
          }),
        };
      },
    ],
    [
      'wakes whoever has stopped watching',
      'whoever has stopped watching is not woken any more',
      ({ watch }) => ({ watch: (wake) => (watch(wake), () => {}) }),
    ],
    [
      'forgets all watchers when one stops',
      'when one stops watching, a synchronous log still wakes the others',
      ({ append }) => {
        const wakes = new Set<() => void>();
        return {
          watch: (wake) => (wakes.add(wake), () => wakes.clear()),
          append: (change) => {
            const answer = append(change);
            for (const wake of wakes) wake();
            return answer;
          },
        };
      },
    ],
    [
      'loses changes while it is watched',
      'watching disturbs neither appending nor reading',
      ({ watch, append, position }) => {
        let watched = false;
        return {
          watch: (wake) => ((watched = true), watch(wake)),
          append: (change) => (watched ? { ...position(), head: position().head + 1 } : append(change)),
        };
      },
    ],
  ];

function lastOf({ changes }: Page, name: string): Mark {
  return changes.findLast(({ change }) => change.includes(name))?.mark ?? 0;
}

describe('the suite notices a log that', () => {
  test.each(broken)('%s', async (_, noticedBy, spoil) => {
    const { failed } = await run((log) => ({ ...log, ...spoil(log) }), noticedBy);
    expect([...failed.keys()]).toEqual([noticedBy]);
  });

  const lossy = (incarnationOf: (losses: number) => string) =>
    outcomesOf((runner) =>
      changeLogSuite(runner, { name: 'lossy', make: () => losingLog(incarnationOf), lose: ({ lose }) => lose() }),
    );

  test('keeps its incarnation when it loses changes', async () => {
    const { failed } = await lossy(() => 'always');
    expect([...failed.keys()]).toContain(LOST);
  });

  test('takes an incarnation for each change after a loss', async () => {
    let asked = 0;
    const { failed } = await lossy((losses) => (losses === 0 ? 'first' : `after, ${++asked}`));
    expect([...failed.keys()]).toContain(AFTER_LOSS);
  });

  test('sees what it appends itself, and not what another connection does', async () => {
    const make = (): { log: ChangeLog; other: ChangeLog } => ({ log: plainLog(), other: plainLog() });
    const another = ({ other }: { other: ChangeLog }): MaybePromise<ChangeLog> => other;
    const { failed } = await outcomesOf((runner) => changeLogSuite(runner, { name: 'apart', make, another }));
    expect([...failed.keys()]).toContain('another connection sees a change as soon as it is acknowledged');
  });
});

test('a synchronous log may take its time to append', async () => {
  const slow = (log: PlainLog): ChangeLog => ({
    ...log,
    append: async (change, { signal }) => {
      await Promise.resolve();
      signal.throwIfAborted();
      return log.append(change);
    },
  });
  const { failed } = await outcomesOf((runner) =>
    changeLogSuite(runner, { name: 'slow to append', make: () => ({ log: slow(plainLog()) }) }),
  );
  expect([...failed.keys()]).toEqual([]);
});

test('a log that changes its incarnation with each loss passes', async () => {
  const suite = (runner: TestRunner) =>
    changeLogSuite(runner, {
      name: 'lossy',
      make: () => losingLog((losses) => `incarnation ${losses}`),
      lose: ({ lose }) => lose(),
    });
  for (const only of [LOST, AFTER_LOSS]) expect((await outcomesOf(suite, { only })).passed).toEqual([only]);
});

test('a log that remembers nothing is truthful, and so passes all but what asks for memory', async () => {
  const { failed } = await outcomesOf((runner) =>
    changeLogSuite(runner, { name: 'null', make: () => ({ log: nullLog() }), makeSmall: () => ({ log: nullLog() }) }),
  );
  expect([...failed.keys()].toSorted()).toEqual(
    [
      EXACT,
      'a change comes back as it was said, whatever its names are',
      'changes appended at the same time get marks of their own',
      'watching disturbs neither appending nor reading',
      'what was appended can be read at once, in order, from any mark on',
      'whoever reads on while others append misses nothing',
    ].toSorted(),
  );
});
