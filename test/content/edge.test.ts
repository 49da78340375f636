/**
 * Repositories in Workers, in two isolates that share KV and D1 alone: whoever brings the bookmark of a write reads what was
 * written, whichever isolate answers; whoever brings none reads nothing older than the bound.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { seededRandom } from 'tidemark/testing';
import { bundled, isolates } from '../support/worker.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 }); // a runtime is started

const MAX_SILENCE = 10_000;
const STEPS = 160;

const PROGRAM = `
  import { env, waitUntil } from 'cloudflare:workers';
  import { createCache, createRepository, d1Backend, d1Source, memory, workersKv } from './tidemark.js';

  let shift = 0; // the isolate's clock is put forward by hand
  const clock = {
    now: () => Date.now() + shift,
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
  let keep = true;
  const cache = createCache({
    name: 'site',
    tiers: [memory({ maxEntries: 6 }), workersKv({ namespace: env.CACHE, defer: waitUntil, clock })],
    log: d1Backend({ database: env.DB }).log,
    maxSilence: ${MAX_SILENCE},
    joinTimeout: '200ms',
    background: (work) => keep && waitUntil(work),
    clock,
  });
  const columns = { id: 'text', status: 'text', version: 'number' };
  const source = d1Source({ database: env.DB, table: 'posts', columns });
  const posts = createRepository({ cache, name: 'post', source, fields: { status: 'text' } });

  const reads = {
    item: (id) => posts.findById(id),
    list: (status) => posts.findMany({ where: { status }, sort: ['id'] }),
  };

  const routes = {
    async table() {
      await env.DB.prepare('CREATE TABLE posts (id TEXT PRIMARY KEY, status TEXT, version INTEGER)').run();
    },
    async write(id, version, status) {
      const changed = { status, version: Number(version) };
      if (version === '1') await posts.create({ id, ...changed });
      else await posts.update(id, changed);
      return cache.bookmark();
    },
    async read(what, of, bookmark) {
      if (bookmark && !(await cache.catchUp(decodeURIComponent(bookmark)))) throw new Error('the log does not answer');
      return reads[what](of);
    },
    /** A request that is answered before it has read anything, and that nobody keeps alive. */
    async drop(what, of) {
      keep = false;
      void reads[what](of).catch(() => {});
      await null;
      keep = true;
    },
    async later(ms) {
      shift += Number(ms);
    },
    async stats() {
      const { hits, loads, tiers } = cache.stats();
      return { hits, loads, fromKv: tiers[1].found };
    },
  };

  export default {
    async fetch(request) {
      const [, route, ...rest] = new URL(request.url).pathname.split('/');
      try {
        return Response.json((await routes[route](...rest)) ?? null);
      } catch (error) {
        return new Response(String(error?.stack ?? error), { status: 500 });
      }
    },
  };
`;

const NAMES = ['fra', 'syd'] as const;
type Name = (typeof NAMES)[number];
const IDS = ['a', 'b', 'c', 'd'];
const STATUSES = ['draft', 'published'];

interface Post {
  readonly id: string;
  readonly status: string;
  readonly version: number;
}

/** The version of each post, by its id. */
type Versions = Readonly<Record<string, number>>;

const statusOf = (id: string, version: number) => STATUSES[(version + IDS.indexOf(id)) % 2];

let world: Awaited<ReturnType<typeof isolates<Name>>>;

beforeAll(async () => {
  const sources = ['src/index.ts', 'src/backends/d1.ts', 'src/stores/workers-kv.ts', 'src/content/index.ts'];
  world = await isolates(NAMES, PROGRAM, await bundled(...sources));
  await world.ask('fra', 'table');
});
afterAll(() => world.dispose());

test('a schedule of writes and reads in both', async () => {
  const random = seededRandom(20_260_101);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  let truth: Versions = Object.fromEntries(IDS.map((id) => [id, 0]));
  const bookmarks: { readonly text: string; readonly versions: Versions }[] = [];
  const shifts = { fra: 0, syd: 0 };
  const now = (isolate: Name) => Date.now() + shifts[isolate];
  /** What was there at which time of each isolate. */
  const history: { readonly at: Readonly<Record<Name, number>>; readonly versions: Versions }[] = [];
  const own: Record<Name, Versions> = { fra: truth, syd: truth }; // what each has written, or caught up with
  const newer = (one: Versions, other: Versions): Versions =>
    Object.fromEntries(IDS.map((id) => [id, Math.max(one[id], other[id])]));

  const write = async () => {
    const [isolate, id] = [pick(NAMES), pick(IDS)];
    const version = truth[id] + 1;
    const text = await world.ask<string>(isolate, `write/${id}/${version}/${statusOf(id, version)}`);
    truth = { ...truth, [id]: version };
    own[isolate] = truth; // the log was asked when it was said
    bookmarks.push({ text, versions: truth });
    history.push({ at: { fra: now('fra'), syd: now('syd') }, versions: truth });
  };

  /** One read; answers what is wrong with it. */
  const read = async (): Promise<string[]> => {
    const isolate = pick(NAMES);
    const bookmark = random() < 0.2 ? bookmarks.at(random() < 0.7 ? -1 : -2) : undefined;
    const [what, of] = random() < 0.5 ? ['item', pick(IDS)] : ['list', pick(STATUSES)];
    const old = history.findLast(({ at }) => at[isolate] < now(isolate) - MAX_SILENCE)?.versions;
    const least = [own[isolate], old, bookmark?.versions].reduce<Versions>(
      (all, one) => (one ? newer(all, one) : all),
      Object.fromEntries(IDS.map((id) => [id, 0])),
    );
    const path = `read/${what}/${of}${bookmark ? `/${encodeURIComponent(bookmark.text)}` : ''}`;
    const answer = await world.ask<Post | null | readonly Post[]>(isolate, path);
    if (bookmark) own[isolate] = newer(own[isolate], bookmark.versions);
    const found = new Map([answer].flat().flatMap((post) => (post ? [[post.id, post]] : [])));
    const about = `${isolate} ${path} = ${JSON.stringify(answer)}`;
    return IDS.flatMap((id) => {
      if (what === 'item' && id !== of) return [];
      const version = found.get(id)?.version;
      const possible = Array.from({ length: truth[id] - least[id] + 1 }, (_, i) => least[id] + i);
      const right = possible.filter((one) =>
        what === 'item' ? one === (version ?? 0) : isIn(id, one, of) ? one === version : version === undefined,
      );
      return right.length > 0 ? [] : [`${about}: ${id} must be one of ${possible.join(', ')}`];
    });
  };

  const wrong: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    const chance = random();
    if (chance < 0.25) await write();
    else if (chance < 0.32) {
      const isolate = pick(NAMES);
      const ms = pick([500, 1500, 6000, 11_000, 11_000]);
      await world.ask(isolate, `later/${ms}`);
      shifts[isolate] += ms;
    } else if (chance < 0.38)
      await world.ask(pick(NAMES), random() < 0.5 ? `drop/item/${pick(IDS)}` : 'drop/list/draft');
    else if (chance < 0.7) wrong.push(...(await read()));
    else wrong.push(...(await Promise.all([read(), read(), read()])).flat()); // side by side
  }
  expect(wrong).toEqual([]);

  const stats = await Promise.all(
    NAMES.map((name) => world.ask<{ hits: number; loads: number; fromKv: number }>(name, 'stats')),
  );
  for (const { hits } of stats) expect(hits).toBeGreaterThan(0);
  expect(stats[0].fromKv + stats[1].fromKv).toBeGreaterThan(0);
});

/** Is a post of this version in the list of a status? */
const isIn = (id: string, version: number, status: string): boolean => version > 0 && statusOf(id, version) === status;
