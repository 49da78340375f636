/** A command can be ended, with all that it started, and what it leaves behind holds nobody up. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { manualClock } from '../../src/testing/manual-clock.ts';
import { kept, passing, run, until } from './commands.ts';
import { folder } from './stores.ts';

/** Collects what is printed, as text. */
function watched(): { readonly onOutput: (stream: string, bytes: Uint8Array) => void; readonly text: () => string } {
  let text = '';
  return { onOutput: (_, bytes) => void (text += Buffer.from(bytes).toString()), text: () => text };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('an abort', () => {
  test('ends the command and all that it started, and is the reason', async () => {
    const controller = new AbortController();
    const { onOutput, text } = watched();
    const { ended } = run('sleep 30 & echo $!; wait', { onOutput, signal: controller.signal });
    await until(() => text().endsWith('\n'));
    controller.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
    expect(isRunning(Number(text()))).toBe(false);
  });

  test('is a SIGKILL after five seconds to what does not end by SIGTERM', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const { onOutput, text } = watched();
    // The command itself ends at once; what it started doesn't.
    const { signal } = controller;
    const { ended } = run(`sh -c 'trap "echo no" TERM; echo $$; for i in $(seq 500); do sleep 0.02; done' & wait`, {
      onOutput,
      clock,
      signal,
    });
    await until(() => text().endsWith('\n'));
    const pid = Number(text());
    controller.abort(new Error('enough'));
    await until(() => text().includes('no\n'));
    clock.advance(4999);
    expect(isRunning(pid)).toBe(true);
    clock.advance(1);
    await expect(ended).rejects.toThrow('enough');
    await until(() => !isRunning(pid));
    expect(clock.pending).toBe(0);
  });

  test('before the start starts nothing', async () => {
    const place = folder();
    const running = run('echo > started', { cwd: place, signal: AbortSignal.abort(new Error('no')) });
    running.kill('SIGTERM');
    await expect(running.ended).rejects.toThrow('no');
    expect(running.pid).toBeUndefined();
    expect(() => readFileSync(join(place, 'started'))).toThrow('ENOENT');
  });

  test('does not wait for a sink', async () => {
    const controller = new AbortController();
    let called = false;
    const onOutput = (): Promise<void> => {
      called = true;
      return new Promise(() => {});
    };
    const { ended } = run('yes', { onOutput, signal: controller.signal });
    await until(() => called);
    controller.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
  });
});

test('what a sink throws ends the command, and is the reason', async () => {
  const thrown = new Error('full');
  const sinks = [
    () => {
      throw thrown;
    },
    () => Promise.reject(thrown),
  ];
  for (const onOutput of sinks) await expect(run('yes', { onOutput }).ended).rejects.toBe(thrown);
});

test('a signal reaches all that the command started', async () => {
  const { onOutput, text } = watched();
  const program = `process.on('SIGUSR2', () => { console.log('got it'); process.exit(); }); console.log('up'); setTimeout(() => {}, 30_000)`;
  const running = run(`trap : USR2; "$NODE" -e "$PROGRAM" & wait; wait`, {
    env: { NODE: process.execPath, PROGRAM: program },
    onOutput,
  });
  await until(() => text() === 'up\n');
  running.kill('SIGUSR2');
  expect(await kept(await running.ended)).toBe('o(up\ngot it\n)');
  expect(() => running.kill('SIGUSR2')).not.toThrow();
});

describe('what a command leaves behind', () => {
  test.each(['', '>/dev/null 2>&1'])('is told, and holds nobody up: sleep %s', async (outputs) => {
    const clock = manualClock();
    const { ended } = run(`sleep 30 ${outputs} & echo $!; exit 5`, { clock });
    const result = await passing(clock, { step: 100, atMost: 10_000 }, ended);
    const text = await kept(result);
    process.kill(Number(/\d+/.exec(text)), 'SIGKILL');
    expect(result).toMatchObject({ exitCode: 5, leftBehind: true });
    expect(text).toMatch(/^o\(\d+\n\)$/);
    expect(clock.pending).toBe(0);
  });

  test('is told even if it prints without end into a sink that takes its time', async () => {
    const clock = manualClock();
    const onOutput = (): Promise<void> => delay(1);
    const { ended } = run(`timeout 30 yes & echo $! >&2; exit 0`, { clock, onOutput });
    const result = await passing(clock, { step: 100, atMost: 60_000 }, ended);
    expect(result).toMatchObject({ exitCode: 0, leftBehind: true });
  });

  test('is waited for if it ends soon', async () => {
    const clock = manualClock();
    const { onOutput, text } = watched();
    const { ended } = run('{ sleep 0.1; echo late; } & echo early', { clock, onOutput });
    await until(() => text() === 'early\nlate\n');
    const result = await passing(clock, { step: 2, atMost: 900 }, ended);
    expect(result).toMatchObject({ exitCode: 0, leftBehind: false });
    expect(await kept(result)).toBe('o(early\nlate\n)');
  });

  test('is not what a slow sink has yet to take', async () => {
    const clock = manualClock();
    const place = folder();
    let release = (): void => {};
    let shown = 0;
    const onOutput = (_: string, { length }: Uint8Array): Promise<void> | void => {
      shown += length;
      if (shown === length) return new Promise((resolve) => (release = resolve));
    };
    const { pid, ended } = run('head -c 50000 /dev/zero; echo end >&2', { cwd: place, clock, onOutput });
    await until(() => !isRunning(pid!));
    await clock.advanceAsync(60_000);
    release();
    expect(await passing(clock, { step: 2, atMost: 900 }, ended)).toMatchObject({ exitCode: 0, leftBehind: false });
    expect(shown).toBe(50_004);
  });
});
