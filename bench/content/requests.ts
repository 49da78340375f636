/** What a CMS is asked, always the same: posts and lists of sections by Zipf's law, one request in a hundred a write. */
import type { Query, Repository } from 'tidemark/content';
import { type Post, SECTIONS, sectionQuery } from './posts.ts';

/** How many posts there are. */
export const POSTS = 2000;
/** The share of writes among the requests, and of lists among the reads. */
export const WRITES = 0.01;
const LISTS = 0.3;

/** How many the Worker is asked that is measured over D1. */
export const REQUESTS = 10_000;

/** One request. */
export type Asked = { readonly id: string } | { readonly query: Query } | { readonly write: string };

/** The first so many requests. */
export function requests(count: number): Asked[] {
  const random = numbers();
  const [anyPost, anySection] = [zipf(POSTS, random), zipf(SECTIONS, random)];
  return Array.from({ length: count }, (): Asked => {
    if (random() < WRITES) return { write: String(anyPost()) };
    return random() < LISTS ? { query: sectionQuery(anySection()) } : { id: String(anyPost()) };
  });
}

/** Answer a request. Each write changes something. */
export async function answer(asked: Asked, n: number, items: Repository<Post>): Promise<void> {
  if ('write' in asked) await items.update(asked.write, { updatedAt: n });
  else await ('id' in asked ? items.findById(asked.id) : items.findMany(asked.query));
}

/** From 0 to 1, always in the same order (xorshift, Marsaglia 2003). */
function numbers(): () => number {
  let state = 20_301;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Numbers below `count`, of which the one of rank r is drawn in proportion to 1/r. */
function zipf(count: number, random: () => number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) sums.push((sum += 1 / rank));
  return () => {
    const at = random() * sum;
    return sums.findIndex((end) => at <= end);
  };
}
