/** The breaker, against its description: closed, open for a pause, one probe, twice the pause after a vain one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Breaker } from '../../src/engine/breaker.ts';

const options = { failures: 3, pause: 100, longestPause: 350 };

test('it opens after so many failures in a row, and not before', () => {
  const breaker = new Breaker(options);
  expect([breaker.failed(0), breaker.failed(0), breaker.state]).toEqual([false, false, 'closed']);
  expect([breaker.succeeded(), breaker.failed(0), breaker.failed(0)]).toEqual([false, false, false]);
  expect([breaker.failed(0), breaker.state, breaker.allows(99)]).toEqual([true, 'open', false]);
});

test('after the pause one probe passes, and nothing else until its outcome is known', () => {
  const breaker = new Breaker({ ...options, failures: 1 });
  breaker.failed(0);
  expect([breaker.allows(99), breaker.allows(100), breaker.state, breaker.allows(1e9)]).toEqual([
    false,
    true,
    'half-open',
    false,
  ]);
  expect([breaker.succeeded(), breaker.state, breaker.allows(100)]).toEqual([true, 'closed', true]);
});

test('vain probes double the pause up to the longest; success makes it short again', () => {
  const breaker = new Breaker({ ...options, failures: 1 });
  let now = 0;
  breaker.failed(now);
  for (const pause of [100, 200, 350, 350]) {
    expect(breaker.allows(now + pause - 1)).toBe(false);
    now += pause;
    expect(breaker.allows(now)).toBe(true);
    expect(breaker.failed(now)).toBe(true);
  }
  now += 350;
  breaker.allows(now);
  breaker.succeeded();
  breaker.failed(now);
  expect([breaker.allows(now + 99), breaker.allows(now + 100)]).toEqual([false, true]);
});

test('what was begun before it opened and ends afterwards does no harm', () => {
  const breaker = new Breaker({ ...options, failures: 1 });
  expect([breaker.failed(0), breaker.failed(50), breaker.allows(100)]).toEqual([true, false, true]);
  expect([breaker.succeeded(), breaker.succeeded()]).toEqual([true, false]);
});

test('it never stays shut for longer than the longest pause, and never lets two probes pass at once', () => {
  const step = fc.oneof(fc.constant('ask'), fc.constant('fail'), fc.constant('succeed'), fc.nat(400));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const breaker = new Breaker(options);
      let now = 0;
      let probing = false;
      for (const one of steps) {
        if (typeof one === 'number') now += one;
        else if (one === 'ask') {
          const before = breaker.state;
          const allowed = breaker.allows(now);
          expect(allowed).toBe(before === 'closed' || (before === 'open' && breaker.state === 'half-open'));
          if (allowed && before !== 'closed') expect(probing).toBe(false);
          probing = breaker.state === 'half-open';
        } else {
          if (one === 'fail') breaker.failed(now);
          else breaker.succeeded();
          probing = false;
        }
      }
      if (breaker.state === 'open') expect(breaker.allows(now + options.longestPause)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('a probe of which nothing is heard is lost after its time, and another one may pass', () => {
  const breaker = new Breaker({ ...options, failures: 1, lost: 50 });
  breaker.failed(0);
  expect([breaker.allows(100), breaker.allows(149), breaker.allows(150), breaker.allows(199)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect([breaker.succeeded(), breaker.state]).toEqual([true, 'closed']);
});
