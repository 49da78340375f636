/** A source that counts how often it is read. */
import type { Source } from 'tidemark/content';
import type { Post } from './posts.ts';

/** The same source, and how often it has been read by now. */
export function counted(inner: Source<Post>): { readonly source: Source<Post>; readonly reads: () => number } {
  let reads = 0;
  const source: Source<Post> = {
    ...inner,
    findByIds(ids, asked) {
      reads++;
      return inner.findByIds(ids, asked);
    },
    findMany(query, asked) {
      reads++;
      return inner.findMany(query, asked);
    },
  };
  return { source, reads: () => reads };
}
