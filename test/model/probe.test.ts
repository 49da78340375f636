import { expect, test } from 'vitest';
const S = process.env['SRC']!;
const { createCache, memory } = (await import(`${S}/index.ts`)) as typeof import('../../src/index.ts');
const { SharedSpace, sharedBackend } = (await import(`${S}/testing/shared-backend.ts`)) as typeof import('../../src/testing/shared-backend.ts');
const { manualClock } = (await import(`${S}/testing/manual-clock.ts`)) as typeof import('../../src/testing/manual-clock.ts');
const { Stamps } = (await import(`${S}/engine/stamps.ts`)) as typeof import('../../src/engine/stamps.ts');
import { Gates, drain } from './gates.ts';

test('a load that reads through the cache', async () => {
  const clock = manualClock();
  const space = new SharedSpace({ clock });
  const gates = new Gates();
  let holdReads = false;
  const truth: Record<string, number> = { k: 1, other: 1 };
  const make = (gate?: (o: string) => Promise<void>) => {
    const cache = createCache({ name: 's', clock, tiers: [memory(), sharedBackend({ space, ...(gate ? { gate } : {}) })] });
    const plain = cache.define<number>('plain', { load: (key) => truth[key] });
    const sum = cache.define<number>('sum', { load: async (_, ctx) => { ctx.dependsOn(['plain', 'k']); return plain.get('k'); } });
    return { cache, plain, sum };
  };
  const a = make(async (o) => { if (holdReads && o.startsWith('read')) await gates.hold('a', o); });
  const b = make();
  await drain();
  expect(await a.plain.get('k')).toBe(1);
  holdReads = true;
  truth['k'] = 2;
  await b.cache.invalidate({ key: ['plain', 'k'] }); // mark 1
  await a.cache.invalidate({ key: ['plain', 'other'] }); // mark 2: known 2, applied 0
  expect(await a.sum.get('x')).toBe(1); // lag is allowed
  holdReads = false;
  gates.releaseAll();
  await clock.advanceAsync(2000);
  expect(a.cache.stats().log.applied).toBe(2);
  expect(await a.plain.get('k')).toBe(2);
  expect(await a.sum.get('x')).toBe(2);
});

test('late page goes back', () => {
  const s = new Stamps(manualClock(), () => {});
  s.join({ incarnation: 'i', head: 5 });
  s.apply(8, ['=/s/o']);
  const mark = s.known; // a load begins
  s.apply(9, ['=/s/k']);
  s.join({ incarnation: 'i', head: 8 }); // a late page: trimmed
  expect(s.verdict(['s', 'k'], [], mark, 'i')).not.toBe('valid');
});
