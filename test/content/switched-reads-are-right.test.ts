/** Whatever is switched off and on, loaded slowly and changed meanwhile: no read answers with what a change before it has made wrong. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache } from 'tidemark';
import { type ContentSwitches, contentSwitches, createContent } from 'tidemark/content';
import { idle } from '../support/deferred.ts';

type Command =
  | { readonly kind: 'read' | 'write'; readonly key: 0 | 1; readonly how: 0 | 1 | 2 | 3 }
  | { readonly kind: 'answer'; readonly which: number }
  | { readonly kind: 'switch'; readonly how: 0 | 1 | 2 | 3 };

const KEYS = ['a', 'b'];
const CHANGES = ['key', 'collection', 'event', 'everything'] as const;
const SWITCHES: readonly ((switches: ContentSwitches) => void)[] = [
  (switches) => switches.off('a test'),
  (switches) => switches.off('a test', { namespace: 'api' }),
  (switches) => switches.rollOut(50),
  (switches) => (switches.rollOut(100), switches.on()),
];

const key = fc.constantFrom<0 | 1>(0, 1);
const how = fc.constantFrom<0 | 1 | 2 | 3>(0, 1, 2, 3);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), key, how }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('write' as const), key, how }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('answer' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('switch' as const), how }) },
);

test('reads that pass by the cache and reads that do not', { timeout: 60_000 }, async () => {
  const seen = { bypassed: 0, hits: 0, joined: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 8, maxLength: 40 }), async (commands) => {
      const cache = createCache();
      const content = createContent({ cache, switches: contentSwitches() });
      const versions = [0, 0]; // of the source
      const loads: (() => void)[] = [];
      const load = async (asked: string): Promise<number> => {
        const loaded = versions[KEYS.indexOf(asked)];
        await new Promise<void>((resolve) => loads.push(resolve));
        return loaded;
      };
      const pages = content.define('page', { policy: 'api', load });
      const reads: Promise<void>[] = [];
      const change = {
        key: (which: 0 | 1) => pages.invalidate(KEYS[which]),
        collection: () => pages.invalidate(),
        event: () => content.events.emit('content.publish', { id: '1' }),
        everything: () => content.clear(),
      };
      for (const one of commands) {
        if (one.kind === 'switch') SWITCHES[one.how](content.switches);
        else if (one.kind === 'answer') loads.splice(one.which % Math.max(1, loads.length), 1)[0]?.();
        else if (one.kind === 'write') {
          versions[one.key]++;
          await change[CHANGES[one.how]](one.key);
        } else {
          const since = versions[one.key];
          const answered = (value: number) => expect(value).toBeGreaterThanOrEqual(since);
          const read = pages.get(KEYS[one.key]).then(answered);
          read.catch(() => {}); // it is looked at when all have ended
          reads.push(read);
        }
        await idle();
      }
      const pending = new Set(reads);
      for (const read of reads) void read.catch(() => {}).finally(() => pending.delete(read));
      while (pending.size > 0) {
        for (const answer of loads.splice(0)) answer();
        await idle();
      }
      await Promise.all(reads);
      const { bypassed, hits, joined } = content.stats();
      seen.bypassed += bypassed;
      seen.hits += hits;
      seen.joined += joined;
    }),
    { numRuns: 60 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(10);
});
