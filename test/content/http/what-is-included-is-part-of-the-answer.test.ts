/** An answer that includes what its items lead to falls when that changes, at whatever depth, and with no other write. */
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import { createRepository, memorySource } from 'tidemark/content';
import { engineHttpStore, httpCache, httpContent, itemOf, listOf } from 'tidemark/content/http';
import { get } from './posts.ts';

interface Country {
  readonly id: string;
  readonly name: string;
}
interface Author extends Country {
  readonly countryId: string;
}
interface Post {
  readonly id: string;
  readonly title: string;
  readonly authorId: string;
}

const include = { author: { include: { country: true } } } as const;

async function begin() {
  const cache = createCache();
  const countries = createRepository<Country>({ cache, name: 'country', source: memorySource() });
  const authors = createRepository<Author>({
    cache,
    name: 'author',
    source: memorySource(),
    relations: { country: { to: countries, by: 'countryId' } },
  });
  const posts = createRepository<Post>({
    cache,
    name: 'post',
    source: memorySource(),
    fields: { authorId: 'text' },
    relations: { author: { to: authors, by: 'authorId' } },
  });
  await countries.createMany(['uk', 'us'].map((id) => ({ id, name: id })));
  await authors.createMany([
    { id: 'ada', name: 'Ada', countryId: 'uk' },
    { id: 'grace', name: 'Grace', countryId: 'us' },
  ]);
  await posts.createMany([
    { id: '1', title: 'first', authorId: 'ada' },
    { id: '2', title: 'second', authorId: 'grace' },
  ]);
  const http = httpContent({ cache, policies: { post: { public: true, sMaxage: 60 } } });
  const item = (id: string) => http.respond(get(`/${id}`), itemOf(posts, id, { include }));
  const ofAda = () => http.respond(get('/'), listOf(posts, { where: { authorId: 'ada' } }, { include }));
  return { cache, countries, authors, posts, http, item, ofAda };
}

const isHit = (response: Response) => response.headers.get('cache-status') === 'content; hit';

test.each([
  ['the item', ({ posts }: Awaited<ReturnType<typeof begin>>) => posts.update('1', { title: 'new' }), 'new'],
  ['what it leads to', ({ authors }) => authors.update('ada', { name: 'Augusta' }), 'Augusta'],
  ['what that leads to', ({ countries }) => countries.update('uk', { name: 'Albion' }), 'Albion'],
  ['where it leads', ({ posts }) => posts.update('1', { authorId: 'grace' }), 'Grace'],
])('an answer falls with a change of %s', async (_, change, shown) => {
  const site = await begin();
  await site.item('1');
  expect(isHit(await site.item('1'))).toBe(true);
  await change(site);
  const after = await site.item('1');
  expect(isHit(after)).toBe(false);
  expect(await after.text()).toContain(shown);
});

test('a write to what it does not include leaves it', async () => {
  const site = await begin();
  await Promise.all([site.item('1'), site.ofAda()]);
  await site.authors.update('grace', { name: 'Rear Admiral Hopper' });
  await site.countries.update('us', { name: 'United States' });
  await site.posts.update('2', { title: 'another' });
  await site.authors.create({ id: 'barbara', name: 'Barbara', countryId: 'us' });
  expect(isHit(await site.item('1'))).toBe(true);
  expect(isHit(await site.ofAda())).toBe(true);
});

test('a CDN is told of what is included, and so is a shared cache, which lets it fall', async () => {
  const site = await begin();
  const tags = (await site.item('1')).headers.get('cache-tag');
  for (const tag of ['post#1', 'author#ada', 'country#uk']) expect(tags?.split(',')).toContain(tag);

  const shared = httpCache({ fetch: () => site.item('1'), store: engineHttpStore({ cache: site.cache }) });
  const ask = () => shared(get('/1'));
  await ask();
  expect((await ask()).headers.get('cache-status')).toMatch(/tidemark; hit/);
  await site.countries.update('uk', { name: 'Albion' });
  expect(await (await ask()).text()).toContain('Albion');
});

test('whoever keeps something made of a read is told all that it rests on', async () => {
  const { posts } = await begin();
  const told: string[] = [];
  const restsOn = (tags: readonly string[]) => told.push(...tags);
  for (let i = 0; i < 2; i++) {
    told.length = 0;
    await posts.findById('1', { include, restsOn }); // read, then from the cache
    expect(told).toEqual(expect.arrayContaining(['post#1', 'author#ada', 'country#uk']));
  }
  told.length = 0;
  await posts.findMany({ where: { authorId: 'ada' } }, { restsOn });
  expect(told).toEqual(expect.arrayContaining([...posts.restsOn({ where: { authorId: 'ada' } })]));
  told.length = 0;
  await posts.findById('nobody', { restsOn });
  expect(told).toContain('post#nobody');
});
