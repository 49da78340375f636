/** The types of the main door: what is inferred, what is refused. Checked by the compiler; nothing here runs. */
import { expectTypeOf } from 'vitest';
import {
  type Cache,
  type ChangeResult,
  type Collection,
  createCache,
  type Events,
  type Key,
  memory,
  type NotModified,
  type Previous,
  type Schema,
  TidemarkError,
  type ErrorCode,
  type Duration,
  type Size,
} from 'tidemark';

interface Post {
  readonly id: string;
  readonly authorId: number;
}

declare const post: Post;
declare const signal: AbortSignal;
const cache: Cache = createCache({ name: 'shop', tiers: [memory({ maxBytes: '50mb' })], consistency: 'strong' });

// A collection is of its value, and of text keys unless told otherwise.
{
  const posts = cache.define<Post>('post', {
    load: (key, ctx) => {
      expectTypeOf(key).toEqualTypeOf<string>();
      expectTypeOf(ctx.previous).toEqualTypeOf<Previous<Post> | undefined>();
      expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(ctx.notModified()).toEqualTypeOf<NotModified>();
      ctx.ttl('5m');
      ctx.tag('a', 'b');
      ctx.dependsOn('a', ['user', 7], 9n);
      // @ts-expect-error: a TTL has a unit
      ctx.ttl('5');
      return ctx.previous ? ctx.notModified() : post;
    },
    tags: (value, key) => {
      expectTypeOf(value).toEqualTypeOf<Post>();
      expectTypeOf(key).toEqualTypeOf<string>();
      return [`author:${value.authorId}`];
    },
  });
  expectTypeOf(posts).toEqualTypeOf<Collection<Post, string>>();
  expectTypeOf(posts.get('1')).toEqualTypeOf<Promise<Post>>();
  expectTypeOf(posts.get('1', {})).toEqualTypeOf<Promise<Post>>();
  expectTypeOf(posts.get('1', { signal })).toEqualTypeOf<Promise<Post>>();
  expectTypeOf(posts.get('1', { load: false })).toEqualTypeOf<Promise<Post | undefined>>();
  expectTypeOf(posts.get('1', { load: false, signal })).toEqualTypeOf<Promise<Post | undefined>>();
  expectTypeOf(posts.peek('1')).toEqualTypeOf<Post | undefined>();
  expectTypeOf(posts.getMany(['1', '2'])).toEqualTypeOf<Promise<Post[]>>();
  expectTypeOf(posts.getMany(['1'] as const, { load: false })).toEqualTypeOf<Promise<(Post | undefined)[]>>();
  expectTypeOf(posts.set('1', post, { ttl: '1h', tags: ['x'] })).toEqualTypeOf<Promise<ChangeResult>>();
  expectTypeOf(posts.invalidate()).toEqualTypeOf<Promise<ChangeResult>>();
  expectTypeOf(posts.delete('1')).toEqualTypeOf<Promise<ChangeResult>>();
  expectTypeOf<ChangeResult['reach']>().toEqualTypeOf<'everywhere' | 'local'>();

  // @ts-expect-error: the key is text
  void posts.get(7);
  // @ts-expect-error: every key is text
  void posts.getMany(['1', 2]);
  // @ts-expect-error: a set needs a whole value
  void posts.set('1', { id: '1' });
  // @ts-expect-error: no such option
  void posts.get('1', { loads: false });
  // @ts-expect-error: a delete needs a key
  void posts.delete();
}

// Keys of other kinds are asked for by the second parameter.
{
  const reports = cache.define<number, readonly [string, number]>('report', {
    load: (key) => {
      expectTypeOf(key).toEqualTypeOf<readonly [string, number]>();
      return key[1];
    },
    loadMany: (keys, ctx) => {
      expectTypeOf(keys).toEqualTypeOf<readonly (readonly [string, number])[]>();
      expectTypeOf(ctx.at(0).previous).toEqualTypeOf<Previous<number> | undefined>();
      return keys.map(([, n], i) => (n > 0 ? n : n < 0 ? new Error('negative') : ctx.at(i).notModified()));
    },
  });
  expectTypeOf(reports.get(['day', 5])).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error: a key is a pair
  void reports.get(['day']);

  const byId = cache.define<Post, number | bigint>('by id', { load: (id) => ({ ...post, id: String(id) }) });
  void byId.get(7n);
  // @ts-expect-error: text is no id
  void byId.get('7');
  // @ts-expect-error: an object is no key
  cache.define<Post, { id: string }>('by object');
}

// A value that may be absent says so everywhere but in `tags`.
{
  const maybe = cache.define<Post | undefined>('maybe', {
    load: () => Promise.resolve(undefined),
    tags: (value) => {
      expectTypeOf(value).toEqualTypeOf<Post>();
      return [value.id];
    },
  });
  expectTypeOf(maybe.get('1')).toEqualTypeOf<Promise<Post | undefined>>();
}

// Options that can't be.
{
  // @ts-expect-error: a loader returns the collection's value
  cache.define<Post>('bad', { load: () => 5 });
  // @ts-expect-error: a batch loader returns a list
  cache.define<Post>('bad', { loadMany: () => post });
  // @ts-expect-error: a misspelt option
  cache.define<Post>('bad', { tll: '5s' });
  // @ts-expect-error: no such isolation
  cache.define<Post>('bad', { values: 'cloned' });
  // @ts-expect-error: a duration is a number or text with a unit
  cache.define<Post>('bad', { ttl: 'soon' });
  // @ts-expect-error: tags are a list
  cache.define<Post>('bad', { tags: (value) => value.id });
  // @ts-expect-error: no such consistency
  createCache({ consistency: 'eventual' });
  // @ts-expect-error: a tier is a store, or an object with one
  createCache({ tiers: [{ timeout: '5s' }] });
  // @ts-expect-error: a size has a unit
  memory({ maxBytes: '50' });
  // @ts-expect-error: no such policy
  memory({ policy: 'fifo' });
  expectTypeOf<'1.5s'>().toExtend<Duration>();
  expectTypeOf<'5w'>().not.toExtend<Duration>();
  expectTypeOf<'5mb'>().toExtend<Size>();
  expectTypeOf<'5s'>().not.toExtend<Size>();
}

// A schema is of the collection's value.
{
  const schema = {} as Schema<Post>;
  expectTypeOf(cache.define<Post>('checked', { schema }).get('1')).toEqualTypeOf<Promise<Post>>();
  // @ts-expect-error: of another value
  cache.define<number>('checked', { schema });
}

// A read without a collection infers its value from the loader.
{
  expectTypeOf(cache.getOrLoad({ key: ['report', 5], load: () => 5 })).toEqualTypeOf<Promise<number>>();
  expectTypeOf(cache.getOrLoad({ key: 'a', load: () => Promise.resolve(post) })).toEqualTypeOf<Promise<Post>>();
  expectTypeOf(
    cache.getOrLoad({ key: 'a', ttl: '5m', load: () => Promise.resolve(post), tags: (value) => [value.id] }),
  ).toEqualTypeOf<Promise<Post>>();
  void cache.getOrLoad<Post>({
    key: 'a',
    load: (key, ctx) => {
      expectTypeOf(key).toEqualTypeOf<Key>();
      return ctx.previous ? ctx.notModified() : post;
    },
  });
  // @ts-expect-error: without a loader there is nothing to load with
  void cache.getOrLoad({ key: 'a' });
  // @ts-expect-error: no key
  void cache.getOrLoad({ load: () => 5 });
}

// Changes.
{
  void cache.invalidate(
    { key: 'a', keys: [['a', 1]], prefix: [], tags: ['t'], pattern: ['a', '*', 7], all: true },
    { soft: true },
  );
  // @ts-expect-error: tags are a list
  void cache.invalidate({ tags: 'author:7' });
  // @ts-expect-error: all is true or not there
  void cache.invalidate({ all: false });
  // @ts-expect-error: a misspelt selector
  void cache.invalidate({ tag: ['t'] });
}

// Events are of their kind.
{
  cache.on('hit', (event) => expectTypeOf(event).toEqualTypeOf<Events['hit']>());
  const off = cache.on('load', ({ ms, kept }) => {
    expectTypeOf(ms).toEqualTypeOf<number>();
    expectTypeOf(kept).toEqualTypeOf<boolean>();
  });
  expectTypeOf(off).toEqualTypeOf<() => void>();
  // @ts-expect-error: no such event
  cache.on('hits', () => {});
  createCache({
    on: { gap: ({ reason }) => expectTypeOf(reason).toEqualTypeOf<'missed' | 'incarnation' | 'silence'>() },
  });
}

// A memo, a warm-up, and the rest, take a collection as it is.
{
  const posts = cache.define<Post>('memo');
  const numbers = cache.define<number, number>('numbers');
  expectTypeOf(cache.memo().get(posts, '1')).toEqualTypeOf<Promise<Post>>();
  expectTypeOf(cache.memo().get(numbers, 1)).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error: the key is a number
  void cache.memo().get(numbers, '1');
  void cache.warm([{ collection: posts, keys: ['1'] }]);
  void cache.warm([{ collection: numbers, keys: [1] }]);
  expectTypeOf(cache.stats().collections['post']).toExtend<{ readonly hits: number }>();
  expectTypeOf(cache.close()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(new TidemarkError('closed', 'message').code).toEqualTypeOf<ErrorCode>();
}
