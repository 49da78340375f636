/** Whatever is written, wherever, and however requests overlap with it: no answer is older than its request. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createCache, memory } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { engineHttpStore, httpCache, httpContent, itemOf, listOf, withBookmark } from 'tidemark/content/http';
import { manualClock, sharedBackend, SharedSpace } from 'tidemark/testing';
import { idle } from '../../support/deferred.ts';
import { get, post, type Post, START } from './posts.ts';

vi.setConfig({ testTimeout: 60_000 }); // thirty histories

const IDS = ['1', '2', '3'];
const STATUSES = ['draft', 'published'];
const PATHS = [...IDS.map((id) => `/posts/${id}`), ...STATUSES.map((status) => `/lists/${status}`)];

/** Two processes over one source and one place, each with all that there is between a client and the data. */
function site() {
  const space = new SharedSpace();
  const source = memorySource<Post>();
  const nodes = [0, 1].map(() => {
    const clock = manualClock({ now: START });
    const gate = async (operation: string) => {
      if (operation.startsWith('wake')) throw new Error('lost'); // a process hears of the other by bookmarks alone
    };
    const cache = createCache({ clock, tiers: [memory(), sharedBackend({ space, gate })] });
    const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } });
    const policy = { public: true, sMaxage: 3600, missing: { maxAge: 3600 } } as const;
    const http = httpContent({ cache, clock, policies: { post: policy } });
    const application = async (request: Request): Promise<Response> => {
      const [, kind, name] = new URL(request.url).pathname.split('/');
      if (request.method === 'PUT') {
        const fields = (await request.json()) as Partial<Post>;
        if (!(await posts.update(name, fields))) await posts.create(post(name, fields));
        return new Response(null, { status: 204 });
      }
      if (request.method === 'DELETE') return new Response(String(await posts.delete(name)));
      return kind === 'posts'
        ? http.respond(request, itemOf(posts, name))
        : http.respond(request, listOf(posts, { where: { status: name } }));
    };
    const store = engineHttpStore({ cache });
    return withBookmark(cache, httpCache({ clock, fetch: application, store, hiddenFields: ['Cache-Tag'] }));
  });
  /** What an uncached application would answer now. */
  const truth = async (path: string): Promise<string> => {
    const [, kind, name] = path.split('/');
    if (kind === 'posts') {
      const [item] = await source.findByIds([name]);
      return item ? JSON.stringify(item) : '404';
    }
    const where = { field: 'status', is: 'eq', value: name } as const;
    return JSON.stringify(await source.findMany({ where, sort: [], limit: undefined, offset: 0 }));
  };
  return { nodes, truth };
}

type Step =
  | { readonly do: 'write'; readonly node: number; readonly id: string; readonly fields: Partial<Post> }
  | { readonly do: 'delete'; readonly node: number; readonly id: string }
  | { readonly do: 'read'; readonly node: number; readonly path: string }
  | { readonly do: 'begin'; readonly node: number; readonly path: string };

const node = fc.nat({ max: 1 });
const id = fc.constantFrom(...IDS);
const path = fc.constantFrom(...PATHS);
const fields = fc.record(
  { title: fc.constantFrom('a', 'b', 'c'), status: fc.constantFrom(...STATUSES) },
  { requiredKeys: [] },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), node, id, fields }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), node, id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), node, path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('begin' as const), node, path }) },
);

test('a client that has written reads no less than that, from either process, from any cache on the way', async () => {
  let notModified = 0;
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const { nodes, truth } = site();
      const seen = new Map<string, string>(); // what was answered under each ETag
      let bookmark = '';
      const open: Promise<{ path: string; answer: string; from: number; to: number }>[] = [];
      const states: Record<string, string>[] = [];
      const now = async () => {
        const all = await Promise.all(PATHS.map(async (one) => [one, await truth(one)] as const));
        states.push(Object.fromEntries(all));
      };
      /** One client, who keeps what he was answered and asks whether it is still right. */
      const ask = async (at: number, one: string): Promise<string> => {
        const [etag, kept] = [...seen].findLast(([key]) => key.startsWith(one + ' ')) ?? [];
        const response = await nodes[at](
          get(one, {
            ...(bookmark && { 'x-tidemark-bookmark': bookmark }),
            ...(etag && { 'if-none-match': etag.slice(one.length + 1) }),
          }),
        );
        const text = await response.text();
        if (/tidemark; hit/.test(response.headers.get('cache-status') ?? '')) hits++;
        if (response.status === 304) return (notModified++, kept!);
        const given = response.headers.get('etag');
        if (given !== null) {
          seen.delete(`${one} ${given}`);
          seen.set(`${one} ${given}`, text);
        }
        return response.status === 404 ? '404' : text;
      };
      await now();
      for (const one of steps) {
        if (one.do === 'read') expect(await ask(one.node, one.path)).toBe(await truth(one.path));
        else if (one.do === 'begin') {
          const from = states.length - 1; // it may see any state from here up to the write that is on its way when it ends
          open.push(
            ask(one.node, one.path).then((answer) => ({ path: one.path, answer, from, to: states.length + 1 })),
          );
        } else {
          const body = one.do === 'write' ? { method: 'PUT', body: JSON.stringify(one.fields) } : { method: 'DELETE' };
          const response = await nodes[one.node](get(`/posts/${one.id}`, {}, body));
          await now();
          bookmark = response.headers.get('x-tidemark-bookmark')!;
        }
      }
      await idle();
      for (const { path: one, answer, from, to } of await Promise.all(open))
        expect(states.slice(from, to).map((state) => state[one])).toContain(answer);
      for (const at of [0, 1]) for (const one of PATHS) expect(await ask(at, one)).toBe(await truth(one));
    }),
    { numRuns: 30 },
  );
  expect(notModified).toBeGreaterThan(50); // or nothing was tried
  expect(hits).toBeGreaterThan(50);
});
