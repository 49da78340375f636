/** The demo's outage: two processes stay right while their Redis server is killed and returns, and nothing outlives it. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { showOutage } from '../../demo/outage.ts';
import { RedisServer } from '../../demo/redis-server.ts';
import { Replica } from '../../demo/replica.ts';
import { ReplicaSet } from '../../demo/replica-set.ts';
import { closeAll, emptyFile, type Open, setUp, type Stage } from '../../demo/stage.ts';
import { tell } from '../../demo/story.ts';
import { Terminal } from '../../demo/terminal.ts';
import { until } from '../../demo/until.ts';
import { withoutRedis } from '../support/redis-server.ts';
import { installed, isThere, MANIFESTS, screen, UNHEARD } from './fixtures.ts';

const AMPLE = 120_000; // milliseconds for tests that start processes
const { signal } = new AbortController();

afterEach(() => vi.unstubAllEnvs());

/** The processes that a text tells of. */
const pidsIn = (text: string): number[] =>
  [...text.matchAll(/process (\d+)|\((\d+(?:, \d+)*)\) started/g)].flatMap(([, one, some]) =>
    (one ?? some).split(', ').map(Number),
  );

const run = (out = screen(), stopping: AbortSignal = signal) => {
  const err = screen();
  return {
    done: tell({ args: ['--redis'], env: {}, out, err, signal: stopping, folder: installed(MANIFESTS) }),
    out,
    err,
  };
};

test('without a redis-server it says how to install one', async () => {
  vi.stubEnv('PATH', '/nowhere');
  const { done, out, err } = run();
  expect(await done).toBe(1);
  expect(err.text).toMatch(/^\ndemo: redis-server isn't installed.* apt install redis-server/);
  expect(out.text).not.toContain('PGlite');
});

describe.skipIf(withoutRedis)('with a Redis server', () => {
  test(
    'every check holds, and nothing is left behind',
    async () => {
      const { done, out, err } = run();
      expect([await done, err.text]).toEqual([0, '']);
      for (const line of [
        /2 · 2 processes on one Redis server/,
        /when all have got it +1 load at the database/,
        /the process \d+ +the new text after [\d.]+ [mµ]?s/,
        /Killed the Redis server with SIGKILL\./,
        /a page that they hold +[\d.]+ [mµ]?s, \d loads?/,
        /a page that nobody has asked for +[\d.]+ [mµ]?s, 2 loads/,
        /how far the change is known +local/,
        /the very next read in the process \d+ +the new text/,
        /the process \d+, bound 3\.00 s +the new text after/,
        /the change that waited +was said after/,
        /the log that they follow +is a new one/,
        /how far the change is known +everywhere/,
        /Stopped the server with SIGSTOP/,
        /both follow its log +after/,
        /All 28 checks hold\./,
      ])
        expect(out.text).toMatch(line);
      expect(out.text.match(/all \d+ pages, from (both|all 2) +say what the database says/g)).toHaveLength(5);
      const pids = new Set(pidsIn(out.text));
      expect(pids.size, 'two processes, and a server that was started twice').toBe(4);
      expect([...pids].filter(isThere)).toEqual([]);
    },
    AMPLE,
  );

  test(
    'stopped in the middle of the outage it ends its processes and its server',
    async () => {
      const stopping = new AbortController();
      const out = screen({
        wrote(text) {
          if (text.includes('From its answer') && out.text.includes('SIGKILL')) stopping.abort();
        },
      });
      const { done, err } = run(out, stopping.signal);
      expect([await done, err.text]).toEqual([130, '\ndemo: stopped\n']);
      expect(pidsIn(out.text).filter(isThere)).toEqual([]);
    },
    AMPLE,
  );
});

describe.skipIf(withoutRedis)('a process that believes what it holds for longer than it is said to', () => {
  const open: Open = [];
  let stage: Stage;

  beforeAll(async () => {
    stage = await setUp(
      { terminal: new Terminal(screen(), {}), open, signal, folder: installed(MANIFESTS) },
      emptyFile,
    );
  }, AMPLE);

  afterAll(() => closeAll(open), AMPLE);

  test(
    'is found out',
    async () => {
      const server = await RedisServer.start();
      open.push(() => server.close());
      const place = { redis: server.url, maxSilence: 600_000 };
      const all = await Promise.all([0, 1].map(() => Replica.start({ ...stage.order, place }, signal)));
      open.push(...all.map((replica) => () => replica.kill()));
      const replicas = new ReplicaSet(all, signal);
      expect(await replicas.joined(AMPLE)).toBe(true);
      await replicas.askAll(Object.values(stage.site).flat() as string[]);

      const { subject, order } = stage;
      const now = { ...subject, before: subject.after, after: subject.before };
      const options = { ...stage, subject: now, replicas, server, maxSilence: 0, token: order.token, report: UNHEARD };
      const wrong = (await showOutage(options)).filter(({ right }) => !right);
      expect(wrong.map(({ found }) => found)).toEqual([
        'the old text still',
        expect.stringContaining('differ from the database'),
      ]);
      await server.close();
    },
    AMPLE,
  );
});

describe('waiting until something is so', () => {
  test('the last look begins when patience is over, so there is always one', async () => {
    const looks: number[] = [];
    const began = performance.now();
    expect(await until(() => looks.push(performance.now() - began) < 0, { patience: 20 })).toBeUndefined();
    expect(looks.at(-1)).toBeGreaterThanOrEqual(20);
    expect(await until(() => true, { patience: 0 })).toBeLessThan(AMPLE);
  });

  test('ends with the reason of the signal, or with what looking failed with', async () => {
    const stopped = new Error('stopped');
    const waiting = until(() => false, { patience: AMPLE, signal: AbortSignal.abort(stopped) });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError', cause: stopped });
    const failing = until(() => Promise.reject(new Error('no look')), { patience: AMPLE });
    await expect(failing).rejects.toThrow('no look');
  });
});
