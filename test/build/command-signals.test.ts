/** A process that runs a command is, to whoever started it, as the command itself: signals go in, exit codes and signals come out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunningCommand } from '../../src/build/command.ts';
import { passOnSignals } from '../../src/build/signals.ts';
import { until } from './commands.ts';

const SOURCES = join(import.meta.dirname, '../../src/build');
const DRIVER = `
import { runCommand } from ${JSON.stringify(join(SOURCES, 'command.ts'))};
import { endAs, passOnSignals } from ${JSON.stringify(join(SOURCES, 'signals.ts'))};
const [first] = process.argv.slice(2).map((command) => {
  const running = runCommand({
  command, cwd: '/', env: { PATH: process.env.PATH }, maxLogBytes: 1000,
  onOutput: (stream, bytes) => void process[stream].write(bytes),
});
  passOnSignals(running);
  return running;
});
await endAs(await first.ended);
`;

const place = mkdtempSync(join(tmpdir(), 'tidemark-signals-'));
const driver = join(place, 'driver.mjs');

beforeAll(async () => {
  writeFileSync(join(place, 'source.mjs'), DRIVER);
  const bundle = await rolldown({ input: join(place, 'source.mjs'), platform: 'node' });
  await bundle.write({ file: driver, format: 'esm' });
  await bundle.close();
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Driven {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown[]>;
  readonly text: () => string;
}

function drive(...commands: readonly string[]): Driven {
  const child = spawn(process.execPath, [driver, ...commands], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.on('data', (bytes) => (text += String(bytes)));
  return { child, ended: once(child, 'close'), text: () => text };
}

describe.skipIf(process.platform === 'win32')('a process that runs a command (Windows has no such signals)', () => {
  test('ends with the exit code of the command, all of its output written', async () => {
    const { ended, text } = drive('head -c 300000 /dev/zero; exit 7');
    expect(await ended).toEqual([7, null]);
    expect(text()).toHaveLength(300_000);
  });

  test.each(['SIGINT', 'SIGKILL'])('ends by %s if the command does', async (signal) => {
    expect(await drive(`kill -${signal.slice(3)} $$`).ended).toEqual([null, signal]);
  });

  test('passes on what it is sent, as often as it is sent, and goes on until the command ends', async () => {
    const program = `trap 'n=$((n + 1)); echo $n; [ $n = 3 ] && exit 5' INT TERM HUP; echo up; for i in $(seq 500); do sleep 0.02; done`;
    const { child, ended, text } = drive(program);
    await until(() => text() === 'up\n');
    let said = 'up\n';
    for (const [i, signal] of (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).entries()) {
      child.kill(signal);
      said += `${i + 1}\n`;
      await until(() => text() === said);
    }
    expect(await ended).toEqual([5, null]);
  });

  test('ends by the signal that it was sent if the command ends by that', async () => {
    const { child, ended, text } = drive('echo up; exec sleep 30');
    await until(() => text() === 'up\n');
    child.kill('SIGQUIT');
    expect(await ended).toEqual([null, 'SIGQUIT']);
  });

  test.skipIf(process.platform !== 'linux')(
    'stops and goes on together with all its commands (seen in /proc)',
    async () => {
      const command = 'echo $$; exec sleep 30';
      const { child, ended, text } = drive(command, command);
      await until(() => text().split('\n').length === 3);
      const pids = [child.pid!, ...text().trim().split('\n')];
      const state = (pid: string | number): string =>
        /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
      for (let times = 0; times < 2; times++) {
        child.kill('SIGTSTP');
        await until(() => pids.map(state).join('') === 'TTT');
        child.kill('SIGCONT');
        await until(() => !pids.map(state).includes('T'));
      }
      child.kill('SIGTERM');
      expect(await ended).toEqual([null, 'SIGTERM']);
    },
  );
});

test('signals mean this process again once the command has ended, or when they are no longer to be passed on', async () => {
  const count = (): number =>
    ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGTSTP', 'SIGCONT'].reduce(
      (n, name) => n + process.listenerCount(name),
      0,
    );
  const before = count();
  for (const ended of [Promise.reject(new Error('aborted')), Promise.resolve()]) {
    passOnSignals({ pid: 1, kill: () => expect.unreachable(), ended } as unknown as RunningCommand);
    expect(count()).toBeGreaterThan(before);
    const both = count();
    passOnSignals({ pid: 1, kill: () => expect.unreachable(), ended } as unknown as RunningCommand);
    expect(count()).toBe(both);
    await ended.catch(() => {});
    expect(count()).toBe(before);
  }
  const stop = passOnSignals({ ended: new Promise(() => {}) } as unknown as RunningCommand);
  expect(count()).toBeGreaterThan(before);
  stop();
  expect(count()).toBe(before);
});
