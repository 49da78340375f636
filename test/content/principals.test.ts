/** What was read for somebody is never the answer for another; a source that isn't told who asks can't answer by that. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import {
  type Asked,
  createRepository,
  memorySource,
  type Principal,
  type PrincipalInput,
  type Repository,
  type Scope,
} from 'tidemark/content';

interface Note {
  readonly id: string;
  readonly text: string;
  readonly bookId?: string;
}

/** Answers with who asked, as the source was told. */
function world(scope?: Scope) {
  const cache = createCache();
  const asked: (Principal | undefined)[] = [];
  const make = (name: string, its?: Scope) => {
    const source = memorySource<Note>();
    const sign = (note: Note, by?: Principal): Note => ({ ...note, text: `${note.text} for ${shown(by)}` });
    const told = ({ principal }: Asked = {}) => {
      asked.push(principal);
      return principal;
    };
    return createRepository<Note>({
      cache,
      name,
      ...(its && { scope: its }),
      fields: { bookId: 'text' },
      relations: { notes: { to: () => notes, by: 'bookId', kind: 'many' } },
      source: {
        ...source,
        async findByIds(ids, how) {
          const by = told(how);
          return (await source.findByIds(ids)).map((note) => note && sign(note, by));
        },
        async findMany(query, how) {
          const by = told(how);
          return (await source.findMany(query)).map((note) => sign(note, by));
        },
        async count(query, how) {
          told(how);
          return source.count(query);
        },
      },
    });
  };
  const notes = make('note', scope);
  const books = make('book');
  return { cache, notes, books, asked };
}

function shown(principal: Principal | undefined): string {
  return principal === undefined ? 'everyone' : JSON.stringify(principal);
}

const text = (note: Note | undefined) => note?.text;

/** Everything that one repository answers. */
async function answers(notes: Repository<Note>) {
  const [one] = await notes.findByIds(['1']);
  const [listed] = await notes.findMany();
  await notes.count();
  return [text(await notes.findById('1')), text(one), text(listed), text(await notes.findOne())];
}

const someone: fc.Arbitrary<PrincipalInput> = fc.oneof(
  fc.constant('anonymous' as const),
  fc
    .record({
      user: fc.constantFrom('7', 'user:7', 'anonymous', 'everyone', '["7",[]]', 'null', 'a/b', '~1', '', '\0', 'ü'),
      roles: fc.array(fc.constantFrom('admin', 'user:7', 'a,b', 'a', 'b', '7', '"', 'anonymous'), { maxLength: 3 }),
    })
    .map(({ user, roles }) => ({ ...(user !== '' && { user }), roles })),
);

test.each<Scope>(['user', 'role'])('in the scope of a %s everybody is answered for themselves', async (scope) => {
  const property = fc.asyncProperty(fc.array(someone, { minLength: 2, maxLength: 8 }), async (readers) => {
    const { notes } = world(scope);
    await notes.create({ id: '1', text: 'secret' });
    for (const reader of [...readers, ...readers]) {
      const { user, roles = [] } = reader === 'anonymous' ? {} : reader;
      const nobody = user === undefined && roles.length === 0;
      const known = { ...(scope === 'user' && user !== undefined && { user }), roles: [...new Set(roles)].toSorted() };
      const right = `secret for ${shown(nobody ? 'anonymous' : known)}`;
      expect(await answers(notes.as(reader))).toEqual([right, right, right, right]);
    }
  });
  await fc.assert(property, { numRuns: 100 });
});

test('what is the same for all is read once, and its source is told of nobody', async () => {
  const { notes, asked } = world();
  await notes.create({ id: '1', text: 'known' });
  for (const reader of ['anonymous', { user: '7' }, { user: '8', roles: ['admin'] }] as const)
    expect(await answers(notes.as(reader))).toEqual(new Array(4).fill('known for everyone'));
  expect(asked).toEqual([undefined, undefined, undefined, undefined]); // item, list, count, list of one
});

test('roles are a set', async () => {
  const { notes, asked } = world('role');
  await notes.create({ id: '1', text: 'known' });
  await notes.as({ user: '7', roles: ['b', 'a', 'b'] }).findById('1');
  await notes.as({ user: '8', roles: ['a', 'b'] }).findById('1');
  expect(asked).toEqual([{ roles: ['a', 'b'] }]);
  await notes.as({ user: '8', roles: [] }).findById('1'); // without roles is not without a name
  await notes.findById('1');
  expect(asked.slice(1)).toEqual([{ roles: [] }, 'anonymous']);
});

test('who wasn’t named is anonymous', async () => {
  const { notes } = world('user');
  await notes.create({ id: '1', text: 'secret' });
  expect(text(await notes.as({ user: '7' }).findById('1'))).toBe('secret for {"user":"7","roles":[]}');
  expect(text(await notes.findById('1'))).toBe('secret for "anonymous"');
  expect(text(await notes.as({}).findById('1'))).toBe('secret for "anonymous"');
});

test('those who read at the same time are not answered for one another', async () => {
  const { notes } = world('user');
  await notes.create({ id: '1', text: 'secret' });
  const users = ['1', '2', '3', '4'];
  const read = await Promise.all(users.map((user) => notes.as({ user }).findById('1')));
  expect(read.map(text)).toEqual(users.map((user) => `secret for {"user":"${user}","roles":[]}`));
});

test('a write by anyone is seen by all', async () => {
  const { notes } = world('user');
  await notes.as({ user: '7' }).create({ id: '1', text: 'old' });
  const readers = [notes, notes.as({ user: '7' }), notes.as({ user: '8', roles: ['x'] })];
  for (const reader of readers) expect(text(await reader.findById('1'))).toContain('old');
  await notes.as({ user: '9' }).update('1', { text: 'new' });
  for (const reader of readers) expect(await answers(reader)).toEqual(new Array(4).fill(expect.stringMatching(/^new/)));
});

test('what includes something of a narrower scope is of that scope', async () => {
  const { notes, books } = world('user');
  await books.create({ id: 'b', text: 'book' });
  await notes.create({ id: '1', text: 'note', bookId: 'b' });
  const read = async (reader: PrincipalInput) => {
    const found = await books.as(reader).findById<{ notes: Note[] }>('b', { include: { notes: true } });
    return [text(found), ...(found?.notes ?? []).map(text)];
  };
  expect(await read({ user: '7' })).toEqual(['book for everyone', 'note for {"user":"7","roles":[]}']);
  expect(await read({ user: '8' })).toEqual(['book for everyone', 'note for {"user":"8","roles":[]}']);
  expect(await read('anonymous')).toEqual(['book for everyone', 'note for "anonymous"']);
});

test('what is not cached is asked for on behalf of the same', async () => {
  const asked: unknown[] = [];
  const source = memorySource<Note>();
  const notes = createRepository<Note>({
    cache: createCache(),
    name: 'note',
    scope: 'role',
    cached: () => false,
    source: {
      ...source,
      async findByIds(ids, how) {
        asked.push(how?.principal);
        return source.findByIds(ids);
      },
    },
  });
  await notes.as({ user: '7', roles: ['b', 'a'] }).findById('1');
  expect(asked).toEqual([{ roles: ['a', 'b'] }]);
});

test.each<[string, unknown]>([
  ['an empty user', { user: '' }],
  ['a user that is no text', { user: 7 }],
  ['a role that is no text', { roles: [''] }],
  ['roles in one text', { roles: 'admin' }],
  ['another option', { users: ['7'] }],
  ['another word', 'everyone'],
])('%s is refused', (_, principal) => {
  const { notes } = world('user');
  expect(() => notes.as(principal as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
});
