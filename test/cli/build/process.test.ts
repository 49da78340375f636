/** `tidemark run` as a process: to whoever started it, it is the command that it runs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../build/commands.ts';
import { program, source } from '../../support/program.ts';
import { DECLARED, Place } from './place.ts';

let binary = '';
let remove = (): void => {};

beforeAll(async () => {
  binary = await program(`import ${source('src/cli/main.ts')};`, (afterwards) => (remove = afterwards));
});

afterAll(() => remove());

interface Started {
  readonly child: ChildProcess;
  /** Exit code and signal. */
  readonly ended: Promise<readonly unknown[]>;
  readonly text: () => string;
  readonly errors: () => string;
}

function start(place: Place, args: readonly string[], stdin: 'ignore' | number = 'ignore'): Started {
  const child = spawn(process.execPath, [binary, ...args], {
    cwd: place.root,
    env: place.environment(),
    stdio: [stdin, 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const read = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('latin1').on('data', (text: string) => (read[name] += text));
  return { child, ended: once(child, 'close'), text: () => read.stdout, errors: () => read.stderr };
}

function shell(script: string): readonly string[] {
  return ['run', ...DECLARED, '--', 'sh', '-c', script];
}

/** Goes on until it is told to end, for ten seconds at most. */
const WAITING = 'echo up; for i in $(seq 500); do sleep 0.02; done';

describe.skipIf(process.platform === 'win32')('tidemark run (Windows has no such signals)', () => {
  test('gives every byte as the command did, when it runs and when it doesn’t', async () => {
    const place = new Place();
    const script = 'head -c 200000 /dev/zero; printf "\\377\\r\\n"; printf "\\0e" >&2';
    for (let i = 0; i < 2; i++) {
      const { ended, text, errors } = start(place, shell(script));
      expect(await ended).toEqual([0, null]);
      expect(text() === `${'\0'.repeat(200_000)}\u00ff\r\n`).toBe(true);
      expect(errors()).toBe('\0e');
    }
    expect((await place.call(['cache', 'stats'])).out).toContain('hits: 1 of 2 (50.0 %)');
  });

  test('ends with its exit code, or by the signal that ended it', async () => {
    const place = new Place();
    const all = [
      start(place, shell('exit 7')),
      start(place, shell('kill -KILL $$')),
      start(place, shell('kill -TERM $$')),
    ];
    expect(await Promise.all(all.map(({ ended }) => ended))).toEqual([
      [7, null],
      [null, 'SIGKILL'],
      [null, 'SIGTERM'],
    ]);
  });

  test('a shell sees 127 and 126 for what can’t be started, and 128 and the signal for what was ended', async () => {
    const place = new Place({ 'plain.txt': '' });
    const codes = ['no-such-program', './plain.txt', 'sh -c "kill -TERM \\$\\$"'].map(
      (command) => `${process.execPath} ${binary} run --in x --no-out -- ${command} 2>/dev/null; echo $?`,
    );
    const child = spawn('sh', ['-c', codes.join('; ')], {
      cwd: place.root,
      env: place.environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (bytes) => (text += String(bytes)));
    await once(child, 'close');
    expect(text.split('\n')).toEqual(['127', '126', '143', '']);
  });

  test('Ctrl-C is the command’s to answer', async () => {
    const place = new Place();
    const own = start(place, shell(`trap 'echo bye; exit 5' INT; ${WAITING}`));
    await until(() => own.text() === 'up\n');
    own.child.kill('SIGINT');
    expect([await own.ended, own.text(), own.errors()]).toEqual([[5, null], 'up\nbye\n', '']);
    expect(place.stored('records')).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends a command that has no answer, and us like it',
    async (signal) => {
      const place = new Place();
      const { child, ended, text } = start(place, shell(`trap - INT; echo up; exec sleep 20`));
      await until(() => text() === 'up\n');
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(place.stored('records')).toEqual([]);
    },
  );

  test('who doesn’t want to read on ends it, as with any command', async () => {
    const place = new Place();
    const { child, ended, text, errors } = start(place, shell('while :; do echo more || exit 1; done'));
    await until(() => text() !== '');
    child.stdout!.destroy();
    expect(await ended).toEqual([141, null]);
    expect(errors()).toBe('');
  });

  test('nor is it an error to read less than what is brought back, or listed', async () => {
    const place = new Place();
    const script = 'seq 100000';
    await place.call(shell(script));
    for (const args of [shell(script), ['cache', 'ls'], ['run', '--json', ...shell(script).slice(1)]]) {
      const { child, ended, errors } = start(place, args);
      child.stdout!.destroy();
      const [code] = await ended;
      const isJson = args.includes('--json'); // then the text goes to the standard error
      expect({ args, code, errors: isJson ? '' : errors() }).toEqual({ args, code: 0, errors: '' });
    }
  });

  test('the command finds nothing on its standard input, whatever ours is', async () => {
    const place = new Place({ 'src/typed.txt': 'typed\n' });
    const descriptor = openSync(join(place.root, 'src/typed.txt'), 'r');
    const { ended, text } = start(place, shell('cat; echo end'), descriptor);
    closeSync(descriptor);
    expect([await ended, text()]).toEqual([[0, null], 'end\n']);
    const closed = spawn('sh', ['-c', `exec ${process.execPath} ${binary} run --in y --no-out -- cat <&-`], {
      cwd: place.root,
      env: place.environment(),
      stdio: 'ignore',
    });
    expect(await once(closed, 'close')).toEqual([0, null]);
  });
});

describe.skipIf(process.platform === 'win32')('tidemark run with tasks (Windows has no such signals)', () => {
  const tasks = {
    slow: { command: `trap 'echo bye; exit 9' INT; ${WAITING}` },
    after: { command: 'touch ran', dependsOn: ['slow'] },
    other: { command: `trap 'exit 0' INT; echo on; ${WAITING}` },
    late: { command: 'touch ran' },
  };

  test('Ctrl-C reaches all that run, ends the rest, and the first that failed says how', async () => {
    const inputs = Object.entries(tasks).map(([name, task]) => [name, { inputs: [], outputs: [], ...task }]);
    const place = new Place({ 'tidemark.build.json': JSON.stringify({ tasks: Object.fromEntries(inputs) }) });
    mkdirSync(join(place.root, 'empty'));
    const { child, ended, text } = start(place, ['run', 'after', 'other', 'late', '--concurrency', '2', '--continue']);
    await until(() => text().includes('slow: up\n') && text().includes('other: up\n'));
    child.kill('SIGINT');
    expect(await ended).toEqual([9, null]);
    expect(text()).toContain('.#slow: bye\n');
    expect(place.has('ran')).toBe(false);
  });
});
