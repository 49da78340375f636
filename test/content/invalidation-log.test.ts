/** The log of invalidations: every event, write and direct change, how far it reached and by whom; bounded, newest first. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type ChangeLog, createCache } from 'tidemark';
import { type ContentOptions, createContent, memorySource } from 'tidemark/content';
import { hostileLog, manualClock } from 'tidemark/testing';
import { localLog } from 'tidemark/logs/local';
import { timedCache } from '../support/timed-cache.ts';

vi.setConfig({ testTimeout: 60_000 }); // a machine that does other things, too, takes its time

interface Post {
  readonly id: string;
  readonly title: string;
}

function begin(options: Partial<ContentOptions> = {}) {
  const { cache, clock } = timedCache();
  const content = createContent({ cache, clock, ...options });
  const posts = content.repository<Post>({ name: 'post', source: memorySource<Post>() });
  return { cache, clock, content, posts };
}

const newest = ({ content }: Pick<ReturnType<typeof begin>, 'content'>) => content.log.list().invalidations[0];

describe('a record says', () => {
  test('of an event: its rules, what they dropped, how much memory held of it, how far it reached, who and how long', async () => {
    const { cache, clock, content } = begin();
    const api = cache.define<string>('api', { load: (key) => key });
    await api.getMany(['1', '2', '3']);
    clock.advance(5);
    const { change } = await content.events.emit('plugin.activate', { id: 'seo' }, { actor: 'ada' });
    expect(newest({ content })).toEqual({
      id: 1,
      at: clock.now(),
      kind: 'event',
      event: 'plugin.activate',
      rules: ['policy config', 'policy api', 'policy plugin'],
      write: undefined,
      dependencies: ['^/cache/config', '^/cache/api', '^/cache/plugin'],
      dependencyCount: 3,
      entries: 3,
      reach: 'everywhere',
      mark: change?.mark,
      actor: 'ada',
      ms: 0,
    });
  });

  test('of an event without a rule, that nothing was dropped', async () => {
    const { content } = begin();
    await content.events.emit('nobody.knows');
    expect(newest({ content })).toMatchObject({ event: 'nobody.knows', rules: [], dependencyCount: 0, entries: 0 });
    expect(newest({ content }).mark).toBeUndefined();
  });

  test('of a write: the repository, its ids, what it touched and what rules dropped beside', async () => {
    const { content, posts } = begin();
    await posts.as({ user: 'ada' }).createMany([
      { id: '1', title: 'x' },
      { id: '2', title: 'y' },
    ]);
    const record = newest({ content });
    expect(record).toMatchObject({ kind: 'write', event: 'content.create', actor: 'ada', reach: 'everywhere' });
    expect(record.write).toEqual({ repository: 'post', ids: ['1', '2'], count: 2 });
    expect(record.dependencies).toEqual(expect.arrayContaining(['#/cache/post#1', '#/cache/post#2', '^/cache/api']));
    expect(record.entries).toBeUndefined();
  });

  test('of a direct change: the selector in dependencies, and the actor', async () => {
    const { content } = begin();
    const { mark } = await content.invalidate({ tags: ['a'] }, { actor: 'ops', soft: true });
    expect(newest({ content })).toMatchObject({ kind: 'direct', event: undefined, actor: 'ops', mark });
    expect(newest({ content }).dependencies).toEqual(['?#/cache/a']);
  });

  test('that a change did not reach the log', async () => {
    const log = hostileLog({ log: localLog() });
    const cache = createCache({ log });
    const content = createContent({ cache });
    log.fault = 'throw';
    await content.events.emit('config.update');
    expect(newest({ content })).toMatchObject({ reach: 'local', mark: undefined });
    log.fault = undefined;
    await cache.close();
  });

  test('the first of many dependencies and ids, and how many there were', async () => {
    const { content, posts } = begin();
    await posts.createMany(Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, title: 'x' })));
    const { dependencies, dependencyCount, write } = newest({ content });
    expect([dependencies.length, write?.ids.length, write?.count]).toEqual([20, 20, 300]);
    expect(dependencyCount).toBeGreaterThan(300);
  });

  test('nothing about what a change that was refused would have dropped', async () => {
    const { content } = begin();
    await expect(content.invalidate({})).rejects.toThrow('invalidate needs');
    await expect(content.invalidate({ tags: ['a'] }, { actr: 'x' } as never)).rejects.toThrow('actr');
    expect(content.log.count).toBe(0);
  });

  test('how much memory held only if that is little', async () => {
    const { cache, content } = begin({ countUpTo: 2 });
    const api = cache.define<string>('api', { load: (key) => key });
    await api.getMany(['1', '2']);
    await content.invalidate({ tags: ['a'] });
    expect(newest({ content }).entries).toBe(0);
    await api.get('3');
    await content.invalidate({ prefix: 'api' });
    expect(newest({ content }).entries).toBeUndefined();
  });
});

test('how long a change took is measured', async () => {
  const clock = manualClock();
  const log = localLog();
  const slow: ChangeLog = {
    sync: true,
    append: (...said) => (clock.advance(7), log.append(...said)),
    position: (...asked) => log.position(...asked),
    read: (...asked) => log.read(...asked),
    stamps: (...asked) => log.stamps(...asked),
  };
  const content = createContent({ cache: createCache({ log: slow, clock }), clock });
  await content.invalidate({ tags: ['a'] });
  expect(newest({ content }).ms).toBe(7);
});

describe('listed', () => {
  test('page by page it is what the newest records are, whatever is added meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 3 }),
        async (logSize, count, limit, meanwhile) => {
          const { content } = begin({ logSize });
          for (let i = 0; i < count; i++) await content.events.emit(`e.${i}`);
          const seen: string[] = [];
          let added = 0;
          let after: string | undefined;
          do {
            const page = content.log.list({ limit, ...(after !== undefined && { after }) });
            expect(page.invalidations.length).toBeLessThanOrEqual(limit);
            seen.push(...page.invalidations.map(({ event }) => event!));
            after = page.next;
            for (let i = 0; i < meanwhile; i++, added++) await content.events.emit('later');
          } while (after !== undefined);
          const all = Array.from({ length: count }, (_, i) => `e.${count - 1 - i}`);
          expect(seen).toEqual(all.slice(0, seen.length)); // what was pushed out meanwhile is missing at the end
          if (meanwhile === 0) expect(seen).toEqual(all.slice(0, logSize));
          expect(content.log.count).toBe(count + added);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a page that was pushed out altogether is empty, and the last', async () => {
    const { content } = begin({ logSize: 2 });
    for (let i = 0; i < 9; i++) await content.events.emit('e.x');
    expect(content.log.list({ after: '3' })).toEqual({ invalidations: [], next: undefined });
  });

  test.each([[{ after: 'x' }], [{ after: '0' }], [{ after: 3 }], [{ limit: 0 }], [{ before: 1 }]])(
    '%j is refused',
    (options) => {
      const { content } = begin();
      expect(() => content.log.list(options as never)).toThrow(expect.objectContaining({ code: 'bad_option' }));
    },
  );

  test('no more records are kept than were asked for', () => {
    expect(() => begin({ logSize: 0 })).toThrow(/log: size/);
  });
});
