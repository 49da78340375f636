/** A clock moved by hand: timers fire in order, at their own times, and only when the clock is moved. */
import { describe, expect, test } from 'vitest';
import { manualClock } from 'tidemark/testing';

describe('manualClock', () => {
  test('stands still until it is advanced', () => {
    const clock = manualClock({ now: 500 });
    expect([clock.now(), clock.now()]).toEqual([500, 500]);
    clock.advance(250);
    expect(clock.now()).toBe(750);
  });

  test('fires timers in the order they are due, those of one moment in the order they were set, at their own times', () => {
    const clock = manualClock({ now: 0 });
    const fired: string[] = [];
    const set = (name: string, ms: number) => clock.after(ms, () => fired.push(`${name}@${clock.now()}`));
    set('late', 30);
    set('first', 10);
    set('second', 10);
    set('middle', 20);
    clock.advance(20);
    expect(fired).toEqual(['first@10', 'second@10', 'middle@20']);
    expect([clock.now(), clock.pending]).toEqual([20, 1]);
    clock.advance(10);
    expect(fired.at(-1)).toBe('late@30');
    expect(clock.pending).toBe(0);
  });

  test('fires a timer that a timer sets, if it is due in the same stretch', () => {
    const clock = manualClock({ now: 0 });
    const fired: number[] = [];
    const again = () => {
      fired.push(clock.now());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.pending).toBe(1);
  });

  test('a cancelled timer never fires, and cancelling twice or too late is harmless', () => {
    const clock = manualClock();
    const fired: string[] = [];
    const cancel = clock.after(10, () => fired.push('cancelled'));
    const cancelLate = clock.after(10, () => fired.push('kept'));
    cancel();
    cancel();
    expect(clock.pending).toBe(1);
    clock.advance(10);
    cancelLate();
    clock.advance(10);
    expect(fired).toEqual(['kept']);
  });

  test('a timer of no time fires at the next advance, even by nothing; one of infinite time never does', () => {
    const clock = manualClock();
    const fired: string[] = [];
    clock.after(0, () => fired.push('now'));
    clock.after(-5, () => fired.push('past'));
    clock.after(Infinity, () => fired.push('never'));
    clock.advance(0);
    expect(fired).toEqual(['now', 'past']);
    clock.advance(1e15);
    expect([fired.length, clock.pending]).toEqual([2, 1]);
  });

  test('refuses to go back, to go nowhere known, and to fire one moment for ever', () => {
    const clock = manualClock();
    for (const ms of [-1, Number.NaN, Infinity]) expect(() => clock.advance(ms)).toThrow(RangeError);
    const again = () => void clock.after(0, again);
    again();
    expect(() => clock.advance(1)).toThrow(/at one moment/);
  });

  test('advanceAsync lets promises settle before the first timer and between timers', async () => {
    const clock = manualClock({ now: 0 });
    const seen: string[] = [];
    const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
    const program = async () => {
      await Promise.resolve().then(() => Promise.resolve());
      await wait(10);
      for (let i = 0; i < 50; i++) await Promise.resolve();
      seen.push(`after 10 at ${clock.now()}`);
      await wait(10);
      seen.push(`after 20 at ${clock.now()}`);
    };
    const done = program();
    await clock.advanceAsync(20);
    expect(seen).toEqual(['after 10 at 10', 'after 20 at 20']);
    await done;
  });

  test('advance fires without letting promises settle', async () => {
    const clock = manualClock();
    let resumed = false;
    const program = new Promise<void>((resolve) => void clock.after(1, resolve)).then(() => (resumed = true));
    clock.advance(1);
    expect(resumed).toBe(false);
    await program;
    expect(resumed).toBe(true);
  });
});
