/** The simulator finds what is wrong with a backend, tells it so that it can be looked at, and nothing else. */
import { describe, expect, test } from 'vitest';
import type { Backend, Change, Entry, Position } from 'tidemark';
import {
  carried,
  ClusterPlace,
  type Link,
  type Place,
  sharedBackend,
  SharedPlace,
  SharedSpace,
  simulate,
  simulateMany,
  type Site,
} from 'tidemark/testing';

/** A server of one's own, over which a test has some power. */
class OwnPlace implements Place {
  readonly space: SharedSpace;
  readonly faults = { flush: () => this.space.flush(), trim: () => this.space.trim(1) };

  constructor({ clock }: Site, spoil: (space: SharedSpace) => object = () => ({})) {
    this.space = new SharedSpace({ clock, limits: { stamps: 6, rules: 2 } });
    Object.assign(this.space, spoil(this.space));
  }

  connect(link: Link): Backend {
    return carried(sharedBackend({ space: this.space, sync: true }), link, { sync: false });
  }

  position(): Position {
    return this.space.position;
  }
}

const broken: readonly (readonly [promise: string, spoil: (space: SharedSpace) => object])[] = [
  [
    'acknowledges changes that it does not append',
    (space) => {
      let appended = 0;
      const append = space.append.bind(space);
      return { append: (change: Change) => (++appended % 3 === 0 ? space.position : append(change)) };
    },
  ],
  [
    'forgets changes without a word',
    (space) => {
      const read = space.read.bind(space);
      return { read: (after: number) => ({ ...read(after), complete: after }) };
    },
  ],
  [
    'says of what it has forgotten that it never changed',
    (space) => ({
      stamp: (name: string) =>
        space.read(0).changes.some(({ change }) => change.includes(name)) ? space.position.head : 0,
    }),
  ],
  [
    'keeps what its log has overtaken',
    (space) => {
      const put = space.put.bind(space);
      return {
        put: (key: string, entry: Entry) => {
          if (entry.incarnation !== space.position.incarnation) return false;
          const stamp = space.stamp.bind(space);
          space.stamp = () => 0;
          const kept = put(key, entry);
          space.stamp = stamp;
          return kept;
        },
      };
    },
  ],
  ['gives a lease to all who ask', () => ({ lease: () => () => {} })],
];

describe('the simulator notices a backend that', () => {
  test.each(broken)('%s', { timeout: 120_000 }, async (_, spoil) => {
    const place = (site: Site) => new OwnPlace(site, spoil);
    await expect(simulateMany({ schedules: 3000, place })).rejects.toThrow(/Again with: simulate\(\{ seed: \d+/);
  });
});

test('nothing is wrong with a backend that keeps its promises', { timeout: 60_000 }, async () => {
  const { schedules, reads } = await simulateMany({ schedules: 100, place: (site) => new OwnPlace(site) });
  expect(schedules).toBe(100);
  expect(reads).toBeGreaterThan(2000);
});

test(
  'what is found is told with its seed, reduced, and comes out the same each time',
  { timeout: 60_000 },
  async () => {
    const place = (site: Site) => new OwnPlace(site, broken[0][1]);
    const failure = await simulateMany({ schedules: 3000, place }).then(
      () => '',
      (error: Error) => error.message,
    );
    const seed = Number(/seed: (\d+)/.exec(failure)?.[1]);
    const [first, second] = [await simulate({ seed, place }), await simulate({ seed, place })];
    expect(first.violation).toBe(failure.split('\n')[0]);
    expect(first).toEqual(second);
    expect(first.trace.at(-1)).toMatch(/^WRONG/);
    const steps = first.trace.filter((line) => line.startsWith('-- ')).length;
    expect(steps).toBeGreaterThan(0);
    expect(steps).toBeLessThan(30);
  },
);

test('a schedule has as many steps and nodes as it is told', async () => {
  const links: string[] = [];
  const place = (site: Site): Place => {
    const own = new SharedPlace(site);
    const connect = (link: Link) => (links.push(link.node), own.connect(link));
    return { connect, position: () => own.position(), faults: {} };
  };
  const { violation, reads } = await simulate({ seed: 3, place, nodes: 4, steps: 1 });
  expect(violation).toBeUndefined();
  expect(links).toEqual(['p1', 'p2', 'p3', 'p4']);
  const more = await simulate({ seed: 3, place, nodes: 4, steps: 120 });
  expect(more.reads).toBeGreaterThan(reads);
});

test('a place of one’s own may be read strongly, and beside disks', { timeout: 60_000 }, async () => {
  for (const setup of ['strong', 'disk'] as const)
    await expect(
      simulateMany({ schedules: 40, setup, place: (site) => new ClusterPlace(site) }),
    ).resolves.toBeDefined();
});

test.each([
  ['a seed that is none', { seed: 1.5 }],
  ['an unknown setup', { seed: 1, setup: 'space station' as 'shared' }],
  ['a place that is no factory', { seed: 1, place: {} as never }],
  ['no nodes', { seed: 1, nodes: 0 }],
  ['no steps', { seed: 1, steps: 0 }],
  ['an option that does not exist', { seed: 1, sed: 2 } as never],
])('refuses %s', async (_, options) => {
  await expect(simulate(options)).rejects.toMatchObject({ code: 'bad_option' });
});
