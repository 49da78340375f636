/** The demo's other processes: they restart warm and right, make one load together, and never outlive it. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Check } from '../../demo/checks.ts';
import { Client } from '../../demo/client.ts';
import { createSourceService, RemoteSource } from '../../demo/remote.ts';
import { Replica } from '../../demo/replica.ts';
import { ReplicaSet } from '../../demo/replica-set.ts';
import { openCache } from '../../demo/repository.ts';
import { restart } from '../../demo/restart.ts';
import { listen } from '../../demo/server.ts';
import { createService } from '../../demo/service.ts';
import { closeAll, emptyFile, type Open, setUp, type Stage } from '../../demo/stage.ts';
import { tell } from '../../demo/story.ts';
import { changedAgain } from '../../demo/subject.ts';
import { Terminal } from '../../demo/terminal.ts';
import { showTogether } from '../../demo/together.ts';
import { Careless, installed, isThere, MANIFESTS, screen, UNHEARD } from './fixtures.ts';

const AMPLE = 60_000; // milliseconds for tests that start processes

const wrongOf = (checks: readonly Check[]) => checks.filter(({ right }) => !right);

/** The numbers and folders that a text tells of. */
const pidsIn = (text: string): number[] =>
  [...text.matchAll(/process (\d+)$|\((\d+(?:, \d+)*)\) started/gm)].flatMap(([, one, some]) =>
    (one ?? some).split(', ').map(Number),
  );
const fileIn = (text: string): string => /an LMDB file in (.*), until the end/.exec(text)?.[1] ?? '';

describe('the program', () => {
  const run = (args: readonly string[], out = screen(), signal = new AbortController().signal) => {
    const err = screen();
    return { done: tell({ args, env: {}, out, err, signal, folder: installed(MANIFESTS) }), out, err };
  };

  test(
    'shows several processes on one file, and leaves nothing behind',
    async () => {
      const { done, out, err } = run(['--processes', '3']);
      expect([await done, err.text]).toEqual([0, '']);
      for (const line of [
        /2 · 3 processes on one file/,
        /while all 3 wait for it +1 load at the database/,
        /when all have got it +1 load at the database/,
        /the process \d+ +the new text after [\d.]+ [mµ]?s/,
        /for all of them +1 load at the database/,
        /all \d+ pages, from all 3 +say what the database says/,
        /All 8 checks hold\./,
      ])
        expect(out.text).toMatch(line);
      const pids = pidsIn(out.text);
      expect(pids).toHaveLength(3);
      expect([pids.filter(isThere), existsSync(fileIn(out.text))]).toEqual([[], false]);
    },
    AMPLE,
  );

  test(
    'ends its processes and removes its file when it is stopped in the middle',
    async () => {
      const stopping = new AbortController();
      let pids: number[] = [];
      const out = screen({
        wrote() {
          pids = pidsIn(out.text);
          if (pids.length > 0) stopping.abort();
        },
      });
      const { done, err } = run(['--requests', '0'], out, stopping.signal);
      expect([await done, err.text]).toEqual([130, '\ndemo: stopped\n']);
      expect(pids).toHaveLength(1);
      expect([pids.filter(isThere), existsSync(fileIn(out.text))]).toEqual([[], false]);
    },
    AMPLE,
  );
});

describe('on a stage of their own', () => {
  const { signal } = new AbortController();
  const open: Open = [];
  let stage: Stage<{ readonly path: string }>;

  beforeAll(async () => {
    stage = await setUp(
      { terminal: new Terminal(screen(), {}), open, signal, folder: installed(MANIFESTS) },
      emptyFile,
    );
  }, AMPLE);

  afterAll(() => closeAll(open), AMPLE);

  test(
    'a process that nobody tells of changes is found out when it starts again',
    async () => {
      const { token } = stage.order;
      const cache = openCache(stage.place.path);
      open.push(() => cache.close());
      const { site, subject, gate, database } = stage;
      const careless = new Careless({ cache, source: gate, database });
      const server = await listen(0);
      open.push(() => server.close());
      server.serve(createService({ source: database, repository: careless, cache, token }));
      const client = new Client(server.url);
      open.push(() => client.close());
      for (const page of Object.values(site).flat() as string[]) await client.ask(page);

      const shown = { ...subject, before: subject.after, after: subject.before };
      const checks = await restart({ ...stage, subject: shown, client, token, report: UNHEARD });
      const wrong = wrongOf(checks);
      expect(wrong.map(({ found }) => found)).toContain('the old text');
      expect(wrong.map(({ found }) => found).join()).toContain('differ from the database');
      expect(checks[0], 'before the first change all is well').toMatchObject({ right: true });
    },
    AMPLE,
  );

  test(
    'processes that share no file are found out',
    async () => {
      const apart = await Promise.all(
        [0, 1].map(() =>
          Replica.start({ ...stage.order, place: { path: mkdtempSync(join(stage.place.path, 'apart-')) } }, signal),
        ),
      );
      open.push(...apart.map((replica) => () => replica.kill()));
      const { token } = stage.order;
      const checks = await showTogether({
        ...stage,
        replicas: new ReplicaSet(apart, signal),
        token,
        report: UNHEARD,
        patience: 300,
      });
      expect(wrongOf(checks).map(({ what, found }) => [what.replace(/\d+/g, 'n'), found.replace(/\d+/g, 'n')])).toEqual(
        expect.arrayContaining([
          ['while all n wait for it', 'n loads at the database'],
          ['the process n', 'the old text still'],
        ]),
      );
    },
    AMPLE,
  );

  test(
    'a process that can not open its file says why, and is gone',
    async () => {
      const path = join(stage.place.path, 'no-folder');
      writeFileSync(path, 'a file stands where the folder should be');
      await expect(Replica.start({ ...stage.order, place: { path } }, signal)).rejects.toThrow(
        /process \d+ can't serve: .+/,
      );
    },
    AMPLE,
  );

  test(
    'a process ends well when it is let go of, and says when it was killed instead',
    async () => {
      const [one, two] = [await stage.start(), await stage.start()];
      await one.stop();
      expect(isThere(one.pid)).toBe(false);
      process.kill(two.pid, 'SIGKILL');
      await expect(two.stop()).rejects.toThrow(`The process ${two.pid} ended with SIGKILL.`);
      await expect(two.ask('/')).rejects.toThrow(`The process ${two.pid} didn't answer /`);
    },
    AMPLE,
  );

  test('the database answers at a distance as it does here', async () => {
    const { order, database, gate, subject } = stage;
    const { loads } = gate;
    const far = new RemoteSource(order);
    open.push(() => far.close());
    const { id } = subject;
    expect(await far.package(id)).toEqual(await database.package(id));
    expect(await far.dependents(id)).toEqual(await database.dependents(id));
    expect(await far.list({ licence: undefined, page: 2 })).toEqual(
      await database.list({ licence: undefined, page: 2 }),
    );
    expect(await far.search('leaf', 1)).toEqual(await database.search('leaf', 1));
    expect(await far.licences()).toEqual(await database.licences());
    expect([await far.package('none'), await far.change('none', { licence: 'ISC' })]).toEqual([null, undefined]);
    const { licence } = (await database.package(id))!.package;
    expect(await far.change(id, changedAgain(subject).after)).toMatchObject({ id, licence });
    expect([far.queries, gate.loads - loads], 'changes are no loads').toEqual([8, 6]);
  });

  test('the database answers nobody without the token, and no other question', async () => {
    const service = createSourceService(stage.database, 'a-token');
    const ask = async (token: string, question: object) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      return (await service.request('/', { method: 'POST', headers, body: JSON.stringify(question) })).status;
    };
    const before = stage.database.queries;
    expect(await ask('another', { ask: 'licences', of: [] })).toBe(401);
    expect(await ask('a-token', { ask: 'close', of: [] })).toBe(400);
    expect(stage.database.queries).toBe(before);
    expect(await ask('a-token', { ask: 'licences', of: [] })).toBe(200);
  });
});
