/** The connections of a process break while others change things: it isn't stale beyond the bound. */
import { expect, test } from 'vitest';
import {
  becomesRight,
  begin,
  KINDS,
  LIMIT,
  MAX_SILENCE,
  type Member,
  NEWS,
  onEach,
  tagOf,
  TIMEOUT,
  withoutAny,
  type World,
} from './world.ts';
import { until } from '../support/redis-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

const KEYS = ['by key', 'by tag'];

/** Change things through one process while the way of the other is spoilt. */
async function changed(kind: (typeof KINDS)[number], spoil: (way: TcpProxy) => void | Promise<void>): Promise<Story> {
  const world = await begin(kind);
  const way = await world.way();
  const [a, b] = await Promise.all([world.join(), world.join({ via: way, timeout: TIMEOUT, maxSilence: MAX_SILENCE })]);
  for (const member of [a, b]) for (const key of KEYS) expect(await member.get(key)).toBe(1);
  await spoil(way);
  for (const key of KEYS) world.source.change(key);
  expect(await a.invalidate({ key: ['value', 'by key'] })).toMatchObject({ reach: 'everywhere' });
  expect(await a.invalidate({ tags: [tagOf('by tag')] })).toMatchObject({ reach: 'everywhere' });
  return { world, way, a, b };
}

interface Story {
  readonly world: World;
  readonly way: TcpProxy;
  readonly a: Member;
  readonly b: Member;
}

test.skipIf(withoutAny).for(['cutWhere', 'silenceWhere'] as const)(
  'the connection on which a process waits for news breaks (%s)',
  { timeout: LIMIT },
  (spoil) =>
    onEach(KINDS, async (kind) => {
      const { world, a, b } = await changed(kind, (way) =>
        until('it waits for news', () => way[spoil](NEWS[kind]) > 0),
      );
      for (const key of KEYS) {
        await becomesRight(b, key, 2);
        expect(await a.get(key)).toBe(2);
        expect(await b.get(key)).toBe(2);
      }
      await world.end();
    }),
);

test.skipIf(withoutAny).for(['cut', 'silence'] as const)(
  'a process loses every connection (%s) and never serves what is older than the bound',
  { timeout: LIMIT },
  (spoil) =>
    onEach(KINDS, async (kind) => {
      const { world, way, a, b } = await changed(kind, (lost) => lost[spoil]());
      for (const key of KEYS) await becomesRight(b, key, 2); // by the bound alone
      world.source.change('by tag');
      await a.invalidate({ tags: [tagOf('by tag')] });
      await becomesRight(b, 'by tag', 3); // what it has loaded meanwhile, too
      way.heal();
      await b.caughtUpWith(a);
      expect(await b.get('by key')).toBe(2);
      expect(await b.get('by tag')).toBe(3);
      await world.end();
    }),
);

test.skipIf(withoutAny)(
  'a connection that dies without a word while it is opened again is given up soon, too',
  { timeout: LIMIT },
  () =>
    onEach(KINDS, async (kind) => {
      const world = await begin(kind);
      const way = await world.way();
      const member = await world.join({ via: way, timeout: TIMEOUT });
      way.cut();
      await until('every connection has broken', () => way.links === 0);
      way.heal();
      way.stall();
      const opening = kind === 'postgres' ? 1 : 2; // a pool opens what it needs
      for (let reads = 0; way.links < opening; reads++) await member.get(`asked for ${reads}`);
      way.silence();
      way.heal();
      await until('what is said reaches all', async () => (await member.delete('k')).reach === 'everywhere');
      expect(await member.get('k')).toBe(1);
      await world.end();
    }),
);
