/** Events: each is one change, made of all that its rules drop; a repository's write is an event as well. */
import { describe, expect, test } from 'vitest';
import { type Cache, createCache, type Key } from 'tidemark';
import {
  type Content,
  type ContentEvent,
  createContent,
  entityPolicies,
  memorySource,
  type Rule,
} from 'tidemark/content';
import { localLog } from 'tidemark/logs/local';

interface Post {
  readonly id: string;
  readonly title: string;
  readonly status: string;
}

function begin({
  rules = [],
  policies = entityPolicies(),
}: { rules?: readonly Rule[]; policies?: Content['policies'] } = {}) {
  const log = localLog();
  const cache = createCache({ log });
  const content = createContent({ cache, rules, policies });
  const head = async () => (await log.position({ signal: new AbortController().signal })).head;
  return { cache, content, head };
}

const bad = (named: string) =>
  expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(named) as string }) as Error;

/** Keys as texts parted by colons, kept in collections named after their namespaces. */
async function keep(cache: Cache, texts: readonly string[]) {
  const namespaces = new Set(texts.map((text) => text.split(':')[0]));
  const collections = new Map([...namespaces].map((name) => [name, cache.define<string, Key>(name)]));
  for (const text of texts) {
    const [namespace, ...key] = text.split(':');
    await collections.get(namespace)!.set(key, text);
  }
  return () =>
    texts.filter((text) => collections.get(text.split(':')[0])!.peek(text.split(':').slice(1)) === undefined);
}

describe('an event is one change', () => {
  test('whatever its rules drop is one append', async () => {
    const { cache, content, head } = begin({
      rules: [
        { on: 'shop.closed', drop: [{ pattern: 'a:*:{id}' }, { prefix: 'b' }] },
        { on: 'shop.closed', name: 'second', drop: [{ tags: ['shop#{id}'] }, { key: 'c:1' }] },
      ],
    });
    const fallen = await keep(cache, ['a:x:7', 'a:x:8', 'b:1:2', 'c:1', 'c:2']);
    const tagged = cache.define('tagged', { load: () => 'x', tags: () => ['shop#7'] });
    await tagged.get('1');
    const before = await head();
    const { rules, change } = await content.events.emit('shop.closed', { id: '7' }, { actor: 'ada' });
    expect(rules).toEqual(['shop.closed', 'second']);
    expect(change).toEqual({ mark: before + 1, reach: 'everywhere' });
    expect(await head()).toBe(before + 1);
    expect(fallen()).toEqual(['a:x:7', 'b:1:2', 'c:1']);
    expect(tagged.peek('1')).toBeUndefined();
  });

  test('an event without a rule changes nothing, and says so', async () => {
    const { content, head } = begin();
    expect(await content.events.emit('nobody.knows', { id: 1 })).toEqual({
      event: 'nobody.knows',
      rules: [],
      change: undefined,
    });
    expect(await head()).toBe(0);
  });

  test.each([
    [{}, "must bring 'id'"],
    [{ id: '' }, 'non-empty'],
    [{ id: null }, 'null'],
    [{ id: NaN }, 'NaN'],
    [{ id: { toString: () => '1' } }, 'a Object'],
    [{ id: ['1', undefined] }, 'undefined'],
    [Object.create({ id: '1' }), "must bring 'id'"],
  ])(
    'a payload %j that lacks what a rule asks for changes nothing',
    async (payload: Record<string, unknown>, named) => {
      const { content, head } = begin({ rules: [{ on: 'content.update', drop: [{ all: true }] }] });
      await expect(content.events.emit('content.update', payload)).rejects.toThrow(bad(named));
      expect(await head()).toBe(0);
      expect(content.log.count).toBe(0);
    },
  );

  test('no more than one list is filled item by item', async () => {
    const { content, head } = begin({ rules: [{ on: 'x.y', drop: [{ key: 'a:{one}:{other}' }] }] });
    await expect(content.events.emit('x.y', { one: ['1', '2'], other: ['3'] })).rejects.toThrow(
      bad('more than one list'),
    );
    expect(await head()).toBe(0);
  });

  test('what is no event is refused', async () => {
    const { content } = begin();
    await expect(content.events.emit('')).rejects.toThrow(bad('event'));
    await expect(content.events.emit('x', 'id' as never)).rejects.toThrow(bad('payload'));
    await expect(content.events.emit('x', {}, { actr: 'me' } as never)).rejects.toThrow(bad('actr'));
    await expect(content.events.emit('x', {}, { actor: '' })).rejects.toThrow(bad('actor'));
  });
});

describe('the planned events drop what the plan says', () => {
  const keys = [
    'content:post:123:v1',
    'content:post:123:meta:v1',
    'content:post:124:v1',
    'content:list:limit=10:v1',
    'content:posts:list:limit=10:v1',
    'content:featured:v1',
    'content:123',
    'content:125',
    'api:posts:v1',
    'user:profile:456:v1',
    'user:profile:457:v1',
    'user:list:v1',
    'config:site:v1',
    'config:plugins:active:v1',
    'media:file:789:metadata:v1',
    'media:file:790:v1',
    'media:list:v1',
    'session:token:456:v1',
    'session:token:457:v1',
    'plugin:seo:v1',
    'collection:posts:v1',
  ];
  const item = ['content:post:123:v1', 'content:post:123:meta:v1', 'content:123'];
  const lists = ['content:list:limit=10:v1', 'content:posts:list:limit=10:v1', 'content:featured:v1', 'api:posts:v1'];
  test.each<[string, Record<string, string>, string[]]>([
    ['content.create', { id: '123' }, lists],
    ['content.update', { id: '123' }, [...item, ...lists]],
    ['content.publish', { id: '123' }, [...item, ...lists]],
    ['content.unpublish', { id: '123' }, [...item, ...lists]],
    ['content.delete', { id: '123' }, [...item, ...lists]],
    ['user.update', { id: '456' }, ['user:profile:456:v1', 'user:list:v1']],
    ['user.delete', { id: '456' }, ['user:profile:456:v1', 'user:list:v1']],
    ['auth.login', { id: '456' }, ['user:profile:456:v1']],
    ['auth.logout', { id: '456' }, ['session:token:456:v1']],
    ['plugin.activate', {}, ['api:posts:v1', 'config:site:v1', 'config:plugins:active:v1', 'plugin:seo:v1']],
    ['plugin.deactivate', {}, ['api:posts:v1', 'config:site:v1', 'config:plugins:active:v1', 'plugin:seo:v1']],
    ['config.update', {}, ['config:site:v1', 'config:plugins:active:v1']],
    ['media.upload', {}, ['media:list:v1']],
    ['media.update', { id: '789' }, ['media:file:789:metadata:v1', 'media:list:v1']],
    ['media.delete', { id: '789' }, ['media:file:789:metadata:v1', 'media:list:v1']],
    ['collection.update', {}, ['collection:posts:v1']],
  ])('%s', async (event, payload, expected) => {
    const { cache, content, head } = begin();
    const fallen = await keep(cache, keys);
    const before = await head();
    await content.events.emit(event, payload);
    expect(fallen().toSorted()).toEqual(expected.toSorted());
    expect(await head()).toBe(before + 1);
  });

  test('another namespace, and other events, as policies say', async () => {
    const policies = entityPolicies({
      api: { namespace: 'web{*}', invalidateOn: ['menu.update'] },
      content: { namespace: 'pages' },
    });
    const { cache, content } = begin({ policies });
    const fallen = await keep(cache, ['api:1', 'web{*}:1', 'content:post:1', 'pages:post:1', 'pages:post:2']);
    await content.events.emit('content.update', { id: '1' });
    expect(fallen()).toEqual(['pages:post:1']);
    await content.events.emit('menu.update');
    expect(fallen()).toEqual(['web{*}:1', 'pages:post:1']);
  });
});

function blog(given: Parameters<typeof begin>[0] = {}) {
  const begun = begin(given);
  const source = memorySource<Post>();
  const posts = begun.content.repository<Post>({ name: 'post', source, fields: { status: 'text' } });
  const pages = begun.content.repository<Post>({ name: 'page', source: memorySource<Post>() });
  const api = begun.content.define<string>('front', { policy: 'api', load: () => 'page' });
  const create = (id: string, status: string) => posts.create({ id, title: `post ${id}`, status });
  return { ...begun, source, posts, pages, api, create };
}

describe("a repository's write is an event", () => {
  test('what its rules drop falls with the write, in one append', async () => {
    const { cache, posts, api, create, head } = blog();
    await create('1', 'draft');
    const fallen = await keep(cache, ['content:post:1:v1', 'content:post:2:v1', 'api:posts']);
    await api.get('/');
    const before = await head();
    await posts.update('1', { title: 'new' });
    expect(await head()).toBe(before + 1);
    expect(fallen()).toEqual(['content:post:1:v1', 'api:posts']);
    expect(api.peek('/')).toBeUndefined();
  });

  test('it drops no more of its own repository, or of others of its kind, than the write touched', async () => {
    const { posts, pages, create } = blog();
    await create('1', 'draft');
    await create('2', 'published');
    const published = () => posts.findMany({ where: { status: 'published' } });
    const [kept, two, page] = [await published(), await posts.findById('2'), await pages.findMany()];
    await posts.update('1', { title: 'new' });
    expect(await published()).toBe(kept);
    expect(await posts.findById('2')).toBe(two);
    expect(await pages.findMany()).toBe(page);
  });

  test('many items are one event and one append', async () => {
    const { cache, content, posts, head } = blog();
    const fallen = await keep(cache, ['content:post:1:v1', 'content:post:2:v1', 'content:post:3:v1']);
    const told: ContentEvent[] = [];
    content.events.on('content.create', (event) => told.push(event));
    content.events.on('content.delete', (event) => told.push(event));
    await posts.createMany(['1', '2'].map((id) => ({ id, title: id, status: 'draft' })));
    const before = await head();
    await posts.deleteMany(['1', '2']);
    expect(await head()).toBe(before + 1);
    expect(fallen()).toEqual(['content:post:1:v1', 'content:post:2:v1']);
    expect(told.map(({ event, payload, from }) => [event, payload, from])).toEqual([
      ['content.create', { id: ['1', '2'], repository: 'post', action: 'create' }, 'repository'],
      ['content.delete', { id: ['1', '2'], repository: 'post', action: 'delete' }, 'repository'],
    ]);
  });

  test('a collection of the same kind falls as a whole: nobody knows what its loader has read', async () => {
    const { content, posts, create } = blog();
    const home = content.define('home', { policy: 'content', load: () => posts.findMany() });
    await create('1', 'draft');
    await home.get('/');
    await posts.update('1', { title: 'new' });
    expect((await home.get('/'))[0].title).toBe('new');
    await content.events.emit('content.update', { id: '1', repository: 'post' });
    expect(home.peek('/')).toBeUndefined();
  });

  test('where an id is none that a rule can name, more falls instead', async () => {
    const { cache, posts } = blog({
      rules: [
        { on: 'content.create', drop: [{ prefix: 'seen:{id}:page' }] },
        { on: 'content.update', drop: [{ tags: ['seen#{id}'] }] },
      ],
    });
    const fallen = await keep(cache, ['seen:1:page', 'seen:2:page', 'other:1']);
    await posts.create({ id: '', title: 'x', status: 'draft' });
    expect(fallen()).toEqual(['seen:1:page', 'seen:2:page']);
    await posts.updateMany([''], { title: 'y' });
    expect(fallen()).toEqual(['seen:1:page', 'seen:2:page', 'other:1']);
  });

  test('a write that fails may have been made: its event drops all the same', async () => {
    const { cache, source, posts, create } = blog();
    await create('1', 'draft');
    const fallen = await keep(cache, ['content:post:1:v1', 'content:post:2:v1', 'api:posts']);
    source.update = () => Promise.reject(new Error('the line broke'));
    await expect(posts.update('1', { title: 'new' })).rejects.toThrow('the line broke');
    expect(fallen()).toEqual(['content:post:1:v1', 'api:posts']);
  });

  test('the deeds of a principal are theirs', async () => {
    const { content, posts } = blog();
    await posts.as({ user: 'ada' }).create({ id: '1', title: 'x', status: 'draft' });
    const { invalidations } = content.log.list();
    expect(invalidations[0]).toMatchObject({ kind: 'write', event: 'content.create', actor: 'ada' });
  });

  test('a rule that asks for what no write brings is refused when the repository is made', () => {
    const { content } = begin({
      rules: [{ on: 'content.update', name: 'by slug', drop: [{ tags: ['slug:{slug}'] }] }],
    });
    const make = () => content.repository({ name: 'post', source: memorySource<Post>() });
    expect(make).toThrow(bad("'by slug' on 'content.update' asks for 'slug'"));
  });

  test('rules of the application may name the repository and the action', async () => {
    const { cache, posts } = blog({
      rules: [{ on: 'content.update', drop: [{ prefix: 'seen:{repository}:{action}' }] }],
    });
    const fallen = await keep(cache, ['seen:post:update', 'seen:post:delete', 'seen:page:update']);
    await posts.create({ id: '1', title: 'x', status: 'draft' });
    await posts.update('1', { title: 'y' });
    expect(fallen()).toEqual(['seen:post:update']);
  });
});

describe('an event that the application emits', () => {
  test('drops all that repositories and collections keep whose policy says so', async () => {
    const { content, posts, pages, api, source, create } = blog();
    await create('1', 'draft');
    await Promise.all([posts.findMany(), posts.findById('1'), pages.findMany(), api.get('/')]);
    const page = await pages.findMany();
    await source.update(['1'], { title: 'written by another way' });
    const { rules } = await content.events.emit('content.update', { id: '1', repository: 'post' });
    expect(rules).toEqual(['policy content', 'policy api', 'repository post', 'collection front']);
    expect((await posts.findMany())[0].title).toBe('written by another way');
    expect((await posts.findById('1'))?.title).toBe('written by another way');
    expect(await pages.findMany()).toBe(page); // it was said which repository
    expect(api.peek('/')).toBeUndefined();
    await content.events.emit('content.update', { id: '1' });
    expect(await pages.findMany()).not.toBe(page);
  });

  test.each(['front', 'member', 'nobody'])(
    'drops all of its kind if it names none of these: %s',
    async (repository) => {
      const { content, posts, pages } = blog(); // in which 'front' is a collection
      content.repository<Post>({ policy: 'user', name: 'member', source: memorySource<Post>() });
      const [post, page] = [await posts.findMany(), await pages.findMany()];
      await content.events.emit('content.update', { id: '1', repository });
      expect(await posts.findMany()).not.toBe(post);
      expect(await pages.findMany()).not.toBe(page);
    },
  );

  test('drops a repository and a collection of the same name', async () => {
    const { content, posts } = blog();
    let loads = 0;
    const twin = content.define('post', { policy: 'api', load: () => ++loads });
    const [list] = [await posts.findMany(), await twin.get('a')];
    await content.events.emit('content.update', { id: '1' });
    expect(await posts.findMany()).not.toBe(list);
    expect(await twin.get('a')).toBe(2);
  });

  test('is told to listeners once its change is known', async () => {
    const { content, api } = blog();
    await api.get('/');
    const seen: unknown[] = [];
    content.events.on('plugin.activate', () => {
      throw new Error('a listener that fails');
    });
    const stop = content.events.on('plugin.activate', (event) =>
      seen.push([event.actor, event.change?.reach, api.peek('/')]),
    );
    const all: string[] = [];
    content.events.on('*', ({ event }) => all.push(event));
    await content.events.emit('plugin.activate', { id: 'seo' }, { actor: 'ada' });
    stop();
    await content.events.emit('plugin.activate', { id: 'seo' });
    await content.events.emit('custom.one');
    expect(seen).toEqual([['ada', 'everywhere', undefined]]);
    expect(all).toEqual(['plugin.activate', 'plugin.activate', 'custom.one']);
  });

  test('the events that have rules can be asked for', () => {
    const { content } = begin({ rules: [{ on: 'shop.closed', drop: [{ all: true }] }] });
    expect(content.events.names).toEqual(expect.arrayContaining(['content.publish', 'auth.logout', 'shop.closed']));
  });
});
