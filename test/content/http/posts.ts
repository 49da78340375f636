/** Posts behind a cache, and a responder over them, for tests: what the source is asked is counted. */
import { createCache } from 'tidemark';
import { createRepository, memorySource, type Repository, type Source } from 'tidemark/content';
import { httpContent, type HttpContent, type HttpContentOptions } from 'tidemark/content/http';
import { type ManualClock, manualClock } from 'tidemark/testing';

export interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly updatedAt: string;
}

/** 2026-01-01. */
export const START = Date.UTC(2026, 0, 1);

export const post = (id: string, more: Partial<Post> = {}): Post => ({
  id,
  title: `post ${id}`,
  status: 'published',
  updatedAt: new Date(START - 60_000).toISOString(),
  ...more,
});

/** A source whose reads are counted. */
function counted<T extends Source<Post>>(source: T): { readonly source: T; readonly reads: () => number } {
  let reads = 0;
  const counts = new Proxy(source, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      if (['findByIds', 'findMany', 'count'].includes(String(name)))
        return (...all: unknown[]) => {
          reads++;
          return (member as (...all: unknown[]) => unknown).apply(target, all);
        };
      return member.bind(target) as unknown;
    },
  });
  return { source: counts, reads: () => reads };
}

export interface Shop {
  readonly clock: ManualClock;
  readonly cache: ReturnType<typeof createCache>;
  readonly posts: Repository<Post>;
  readonly http: HttpContent;
  readonly source: Source<Post>;
  /** How often the source was read. */
  readonly reads: () => number;
}

export async function shop(
  options: Partial<HttpContentOptions> = {},
  items: readonly Post[] = [post('1')],
): Promise<Shop> {
  const clock = manualClock({ now: START });
  const cache = createCache({ clock });
  const { source, reads } = counted(memorySource<Post>());
  const posts = createRepository<Post>({ cache, name: 'post', source, fields: { status: 'text' } });
  if (items.length > 0) await posts.createMany(items);
  return { clock, cache, posts, source, reads, http: httpContent({ cache, clock, ...options }) };
}

export function get(path = '/', headers: Record<string, string> = {}, init: RequestInit = {}): Request {
  return new Request(`https://site.test${path}`, { headers, ...init });
}
