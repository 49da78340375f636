/** Policies: the planned table, exceptions by kind, by collection and by deploy, and what is refused. */
import { describe, expect, test } from 'vitest';
import { type EntityPolicy, entityPolicies } from 'tidemark/content';

const minutes = 60_000;

test('the planned table has its times, tiers and namespaces', () => {
  const policies = entityPolicies();
  const shown = (policy: EntityPolicy) => [policy.entity, policy.namespace, policy.ttl / minutes, policy.tiers];
  expect(policies.table.map(shown)).toEqual([
    ['content', 'content', 60, undefined],
    ['user', 'user', 15, undefined],
    ['config', 'config', 120, undefined],
    ['media', 'media', 60, undefined],
    ['api', 'api', 5, undefined],
    ['session', 'session', 30, ['memory']],
    ['plugin', 'plugin', 60, undefined],
    ['collection', 'collection', 60, undefined],
  ]);
});

test('the planned table is dropped by the planned events', () => {
  const policies = entityPolicies();
  const planned: Record<string, string[]> = {
    content: ['content.update', 'content.delete', 'content.publish'],
    user: ['user.update', 'user.delete', 'auth.login'],
    config: ['config.update', 'plugin.activate', 'plugin.deactivate'],
    media: ['media.upload', 'media.delete', 'media.update'],
    api: ['content.update', 'content.publish'],
    session: ['auth.logout'],
  };
  for (const [entity, events] of Object.entries(planned))
    expect(policies.of(entity).invalidateOn, entity).toEqual(expect.arrayContaining(events));
});

test('a kind without a TTL takes the default', () => {
  const policies = entityPolicies({ menu: {} }, { defaultTtl: '7m' });
  expect(policies.of('menu').ttl).toBe(7 * minutes);
  expect(policies.of('plugin').ttl).toBe(7 * minutes);
  expect(policies.of('content').ttl).toBe(60 * minutes);
});

test('later settings win, one by one: the kind, its collection, the deploy', () => {
  const policies = entityPolicies(
    { content: { staleFor: '1m', overrides: { news: { ttl: '1m', graceFor: '1h' }, archive: { ttl: '1d' } } } },
    { deploy: JSON.parse('{"content":{"ttl":"2h","overrides":{"news":{"ttl":30000}}}}') },
  );
  const { ttl, staleFor, graceFor, invalidateOn } = policies.of('content', 'news');
  expect({ ttl, staleFor, graceFor }).toEqual({ ttl: 30_000, staleFor: minutes, graceFor: 60 * minutes });
  expect(invalidateOn).toEqual(policies.of('content').invalidateOn);
  expect(policies.of('content').ttl).toBe(120 * minutes);
  expect(policies.of('content', 'archive').ttl).toBe(24 * 60 * minutes);
  expect(policies.of('content', 'pages')).toEqual(policies.of('content'));
});

test("what isn't there is remembered as long as what is, unless it is said", () => {
  const policies = entityPolicies({ user: { ttl: '3m' }, media: { negativeTtl: '10s' } });
  expect(policies.of('user').negativeTtl).toBe(3 * minutes);
  expect(policies.of('media').negativeTtl).toBe(10_000);
});

test('the table shows exceptions after their kind', () => {
  const policies = entityPolicies({ user: { overrides: { admins: { ttl: 0 } } } }, { deploy: { menu: { ttl: '1d' } } });
  const shown = policies.table.map(({ entity, collection, ttl }) => [entity, collection, ttl]);
  expect(shown.slice(1, 3)).toEqual([
    ['user', undefined, 15 * minutes],
    ['user', 'admins', 0],
  ]);
  expect(shown.at(-1)).toEqual(['menu', undefined, 24 * 60 * minutes]);
});

test('what was handed in may change afterwards', () => {
  const tiers = ['memory'];
  const given = { content: { ttl: 1, tiers } };
  const policies = entityPolicies(given);
  given.content.ttl = 2;
  tiers.push('elsewhere');
  expect(policies.of('content')).toMatchObject({ ttl: 1, tiers: ['memory'] });
});

test('names that objects have by themselves are names like others', () => {
  const deploy = JSON.parse('{"__proto__":{"ttl":1},"content":{"overrides":{"constructor":{"ttl":2}}}}');
  const policies = entityPolicies({}, { deploy });
  expect(policies.of('__proto__').ttl).toBe(1);
  expect(policies.of('content', 'constructor').ttl).toBe(2);
  expect(policies.of('content', 'toString')).toEqual(policies.of('content'));
  expect(() => policies.of('toString')).toThrow(expect.objectContaining({ code: 'bad_option' }));
});

describe('what is refused is named by its place', () => {
  test.each([
    [{ content: { ttl: 'soon' } }, 'policies.content.ttl'],
    [{ content: { ttl: null } }, 'policies.content.ttl'],
    [{ content: { tll: '1m' } }, 'policies.content.tll'],
    [{ content: { overrides: { news: { ttl: -1 } } } }, 'policies.content.overrides.news.ttl'],
    [{ content: { overrides: { news: { overrides: {} } } } }, 'policies.content.overrides.news.overrides'],
    [{ content: { overrides: [] } }, 'policies.content.overrides'],
    [{ content: 5 }, 'policies.content'],
    [{ content: { tiers: 'memory' } }, 'policies.content.tiers'],
    [{ content: { tiers: ['memory', ''] } }, 'policies.content.tiers[1]'],
    [{ content: { namespace: '' } }, 'policies.content.namespace'],
    [{ content: { invalidateOn: [7] } }, 'policies.content.invalidateOn[0]'],
    [[], 'policies'],
  ])('%j: %s', (overrides, place) => {
    const named = (where: string) =>
      expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(`${where} `) as string });
    expect(() => entityPolicies(overrides as never)).toThrow(named(place));
    expect(() => entityPolicies({}, { deploy: overrides })).toThrow(named(place.replace('policies', 'deploy')));
  });

  test('a kind that nobody knows, and a default that is no time', () => {
    expect(() => entityPolicies().of('page')).toThrow(/there is no "page"; there are content, user/);
    expect(() => entityPolicies({}, { defaultTtl: 'x' as never })).toThrow(/defaultTtl/);
    expect(() => entityPolicies({}, { deploys: {} } as never)).toThrow(/deploys/);
  });
});
