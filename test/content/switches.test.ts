/** Switches: a share of the keys that only grows, off and on at run time, and off by itself while tiers keep failing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCache } from 'tidemark';
import { contentSwitches } from 'tidemark/content';
import { hostileStore, manualClock } from 'tidemark/testing';
import { MapStore } from '../support/map-store.ts';

const keys = Array.from({ length: 20_000 }, (_, i) => `post/${i}`);
const allowed = (rollout: number) => {
  const switches = contentSwitches({ rollout });
  return keys.filter((key) => switches.allows('content', key));
};

describe('a rollout', () => {
  test('allows about its share of the keys', () => {
    for (const percent of [0.5, 10, 50, 99]) {
      const share = (allowed(percent).length / keys.length) * 100;
      expect(Math.abs(share - percent), `${percent} %`).toBeLessThan(1);
    }
    expect(allowed(0)).toEqual([]);
    expect(allowed(100)).toEqual(keys);
  });

  test('keeps in whatever a smaller one had in', () => {
    const percent = fc.float({ min: 0, max: 100, noNaN: true });
    fc.assert(
      fc.property(percent, percent, fc.string(), fc.string(), (a, b, namespace, key) => {
        const [small, large] = [
          contentSwitches({ rollout: Math.min(a, b) }),
          contentSwitches({ rollout: Math.max(a, b) }),
        ];
        expect(!small.allows(namespace, key) || large.allows(namespace, key)).toBe(true);
      }),
    );
  });

  test('is the same in every process, and may be changed at run time', () => {
    const ten = allowed(10);
    expect(ten).toEqual(allowed(10));
    expect(ten.slice(0, 3)).toEqual(FIRST_TEN_PERCENT);
    const switches = contentSwitches({ rollout: 10 });
    switches.rollOut(50);
    expect(keys.filter((key) => switches.allows('content', key))).toEqual(allowed(50));
  });
});

/** A number that must never change: with another hash a deploy would cache other keys than the one beside it. */
const FIRST_TEN_PERCENT = ['post/2', 'post/7', 'post/47'];

describe('switched by hand', () => {
  test('off is off for all until it is on', () => {
    const switches = contentSwitches();
    switches.off('pages look wrong');
    expect(switches.allows('content', '1')).toBe(false);
    expect(switches.state.off).toBe('pages look wrong');
    switches.on();
    expect(switches.allows('content', '1')).toBe(true);
  });

  test('a namespace alone', () => {
    const switches = contentSwitches();
    switches.off('too large', { namespace: 'api' });
    expect([switches.allows('api', '1'), switches.allows('content', '1')]).toEqual([false, true]);
    expect(switches.state.namespaces).toEqual({ api: 'too large' });
    switches.on({ namespace: 'api' });
    expect(switches.allows('api', '1')).toBe(true);
  });

  test('what is not enabled stays off', () => {
    const switches = contentSwitches({ enabled: false });
    switches.on();
    expect(switches.allows('content', '1')).toBe(false);
    expect(switches.state.enabled).toBe(false);
  });

  test('no more namespaces are remembered than there can be', () => {
    const switches = contentSwitches();
    for (let i = 0; i < 1000; i++) switches.off('x', { namespace: `n${i}` });
    expect(() => switches.off('x', { namespace: 'one more' })).toThrow(/namespace/);
    switches.off('another reason', { namespace: 'n1' });
    expect(switches.state.namespaces['n1']).toBe('another reason');
  });
});

describe('failing tiers', () => {
  function failing(kill: { failures?: number; window?: number; pause?: number } | false) {
    const clock = manualClock();
    const switches = contentSwitches({ kill, clock });
    let fail = () => {};
    const stop = switches.watch({
      on: (event: string, listener: (event: never) => void) => {
        expect(event).toBe('tierFailed');
        fail = () => listener({} as never);
        return () => (fail = () => {});
      },
    });
    return { clock, switches, stop, fail: (times = 1) => Array.from({ length: times }, () => fail()) };
  }

  test('so many within the window switch off, for the pause', () => {
    const { clock, switches, fail } = failing({ failures: 3, window: 1000, pause: 5000 });
    fail(2);
    expect(switches.allows('content', '1')).toBe(true);
    fail();
    expect(switches.allows('content', '1')).toBe(false);
    expect(switches.state).toMatchObject({ killedFor: 5000, kills: 1 });
    clock.advance(4999);
    expect(switches.allows('content', '1')).toBe(false);
    clock.advance(1);
    expect(switches.allows('content', '1')).toBe(true);
    expect(switches.state).toMatchObject({ killedFor: 0, kills: 1 });
  });

  test('the same number over a longer time does not', () => {
    const { clock, switches, fail } = failing({ failures: 3, window: 1000, pause: 5000 });
    for (let i = 0; i < 20; i++) {
      fail();
      clock.advance(501);
    }
    expect(switches.state.kills).toBe(0);
  });

  test('after the pause the count begins anew', () => {
    const { clock, switches, fail } = failing({ failures: 3, window: 100_000, pause: 10 });
    fail(3);
    fail(5); // while off nothing is counted
    clock.advance(10);
    fail(2);
    expect(switches.allows('content', '1')).toBe(true);
    fail();
    expect(switches.state.kills).toBe(2);
  });

  test('one failure may be enough; a hand can end the pause; a clock set back makes it no longer', () => {
    const { switches, fail } = failing({ failures: 1, pause: 1000 });
    fail();
    expect(switches.allows('content', '1')).toBe(false);
    switches.on();
    expect(switches.allows('content', '1')).toBe(true);
    let now = 1_000_000;
    const back = contentSwitches({
      kill: { failures: 1, pause: 1000 },
      clock: { now: () => now, after: () => () => {} },
    });
    back.watch({ on: (_event: string, listener: (event: never) => void) => (listener({} as never), () => {}) });
    now = 0;
    expect(back.state.killedFor).toBe(1000);
  });

  test('can be left out of it', () => {
    const { switches, fail } = failing(false);
    fail(1000);
    expect(switches.allows('content', '1')).toBe(true);
  });

  test('are those of a real cache', async () => {
    const switches = contentSwitches({ kill: { failures: 2 } });
    const cache = createCache({ tiers: [hostileStore({ store: new MapStore(), fault: 'throw' })] });
    const stop = switches.watch(cache);
    const items = cache.define('item', { load: (key: string) => key });
    await items.get('1');
    await items.get('2');
    expect(switches.state.kills).toBe(1);
    stop();
    await cache.close();
  });
});

test.each([
  [{ rollout: 101 }, 'rollout'],
  [{ rollout: NaN }, 'rollout'],
  [{ enabled: 'no' }, 'enabled'],
  [{ kill: { failures: 0 } }, 'failures'],
  [{ kill: { window: 'x' } }, 'window'],
  [{ kill: { often: 1 } }, 'often'],
  [{ enabledd: true }, 'enabledd'],
])('%j is refused', (options, named) => {
  expect(() => contentSwitches(options as never)).toThrow(
    expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(named) as string }),
  );
});

test('a reason must be given', () => {
  expect(() => contentSwitches().off('')).toThrow(/reason/);
  expect(() => contentSwitches().off('x', { namespace: '' })).toThrow(/namespace/);
});
