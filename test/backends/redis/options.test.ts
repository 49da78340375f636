/** Bad options are named, before anything is connected to. */
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createCluster, createSentinel } from 'redis';
import { expect, test } from 'vitest';
import { redisBackend, type RedisOptions } from 'tidemark/backends/redis';

const client = createClient({ url: 'redis://127.0.0.1:1' });

const bad: Readonly<Record<string, readonly [object, RegExp]>> = {
  'no client': [{ client: undefined }, /client/],
  'a client that is text': [{ client: 'redis://localhost' }, /client/],
  'another object as client': [{ client: { get() {}, set() {} } }, /client/],
  'a pool as client': [{ client: createClientPool({ url: 'redis://127.0.0.1:1' }) }, /client/],
  'an empty prefix': [{ prefix: '' }, /prefix/],
  'a prefix with an opening brace': [{ prefix: 'a{b' }, /prefix/],
  'a prefix with a closing brace': [{ prefix: 'a}' }, /prefix/],
  'an empty name': [{ name: '' }, /name/],
  'a codec that is none': [{ codec: { name: 'x' } }, /codec/],
  'no changes': [{ keepChanges: 0 }, /keepChanges/],
  'half a stamp': [{ keepStamps: 0.5 }, /keepStamps/],
  'a life that is no duration': [{ maxLife: 'long' }, /maxLife/],
  "a log's life that is no duration": [{ logLife: -1 }, /logLife/],
  'a misspelt option': [{ keepChange: 1 }, /keepChange/],
};

test.each(Object.entries(bad))('%s is refused', (_name, [options, message]) => {
  const wrong = { client, ...options } as RedisOptions;
  expect(() => redisBackend(wrong)).toThrow(expect.objectContaining({ code: 'bad_option' }));
  expect(() => redisBackend(wrong)).toThrow(message);
});

test('clients of every kind are taken, and none is connected to', () => {
  const nodes = [{ host: '127.0.0.1', port: 1 }];
  const clients: readonly RedisOptions['client'][] = [
    client,
    createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }] }),
    createSentinel({ name: 'main', sentinelRootNodes: nodes }),
    new Redis({ ...nodes[0], lazyConnect: true }),
    new Redis({ sentinels: nodes, name: 'main', lazyConnect: true }),
    new Cluster(nodes, { lazyConnect: true }),
  ];
  for (const one of clients) expect(redisBackend({ client: one }).close()).toBeUndefined();
  expect(process.getActiveResourcesInfo()).not.toContain('TCPSocketWrap');
});
