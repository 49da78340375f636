/** A command runs as it would without us, is shown live, and is kept byte for byte. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CommandNotStarted } from '../../src/build/not-started.ts';
import { kept, node, run } from './commands.ts';
import { folder } from './stores.ts';

const MB = 2 ** 20;

describe('a command', () => {
  test('ends with its exit code, or by its signal', async () => {
    expect(await node('process.exit(3)').ended).toMatchObject({ exitCode: 3, signal: null, leftBehind: false });
    expect(await run('kill -TERM $$').ended).toMatchObject({ exitCode: null, signal: 'SIGTERM', leftBehind: false });
  });

  test('is a program with its arguments as they are, or a text for the shell', async () => {
    expect(await kept(await run(['printf', '%s|', 'a b', '$HOME', ''], {}).ended)).toBe('o(a b|$HOME||)');
    expect(await kept(await run('A=1; printf "$A" && printf 2 >&2').ended)).toBe('o(1)e(2)');
  });

  test('is found by the PATH of its own environment, and has no other variables', async () => {
    const place = folder();
    writeFileSync(join(place, 'tool'), '#!/bin/sh\n/usr/bin/env\n');
    chmodSync(join(place, 'tool'), 0o755);
    const ended = await run(['tool'], { env: { PATH: place, A: 'b' } }).ended;
    expect((await kept(ended)).match(/\b(PATH|A)=.*/g)).toEqual(expect.arrayContaining([`PATH=${place}`, 'A=b']));
    expect(await kept(ended)).not.toContain('HOME=');
  });

  test('reads nothing from stdin', async () => {
    expect(await kept(await node('process.stdout.write(`${fs.readFileSync(0).length}`)').ended)).toBe('o(0)');
  });

  test('may open its outputs by their names', async () => {
    expect(await kept(await run('echo out >/dev/stdout && echo oh >/dev/stderr').ended)).toBe('o(out\n)e(oh\n)');
  });

  test.each(['in vain', '/nowhere/at/all'])('%j that is not there is a bad option that names it', async (program) => {
    const { pid, ended } = run([program, 'x']);
    await expect(ended).rejects.toThrow(JSON.stringify(program));
    await expect(ended).rejects.toMatchObject({ code: 'bad_option', why: 'not found' });
    expect(pid).toBeUndefined();
  });

  test('that is not executable, or whose interpreter is missing, is told from one that is not there', async () => {
    const place = folder();
    for (const [name, mode] of Object.entries({ plain: 0o644, odd: 0o755 })) {
      writeFileSync(join(place, name), '#!/nowhere/at/all\n');
      chmodSync(join(place, name), mode);
    }
    mkdirSync(join(place, 'directory'));
    await expect(run(['./plain'], { cwd: place }).ended).rejects.toMatchObject({ why: 'not executable' });
    await expect(run(['./directory'], { cwd: place }).ended).rejects.toMatchObject({ why: 'not executable' });
    await expect(run(['./plain/x'], { cwd: place }).ended).rejects.toMatchObject({ why: 'not executable' });
    await expect(run(['./odd'], { cwd: place }).ended).rejects.toMatchObject({ why: 'not found' });
  });

  test('that the system refuses is a bad option that says why', async () => {
    for (const command of [
      ['true', 'x'.repeat(10 * MB)],
      ['true', 'a\0b'],
    ]) {
      const { ended } = run(command);
      await expect(ended).rejects.toMatchObject({ code: 'bad_option' });
      await expect(ended).rejects.not.toBeInstanceOf(CommandNotStarted);
    }
  });

  test.each([
    ['command', { command: [] }],
    ['command', { command: [''] }],
    ['command', { command: [1] }],
    ['cwd', { cwd: '/nowhere/at/all' }],
    ['cwd', { cwd: '' }],
    ['onOutput', { onOutput: 1 }],
    ['maxLogBytes', { maxLogBytes: 0 }],
    ['maxLogBytes', { maxLogBytes: 2 ** 31 }],
    ['signal', { signal: {} }],
    ['shell', { shell: true }],
  ])('with a wrong %s is refused before anything starts', (name, options) => {
    const error = expect.objectContaining({ code: 'bad_option', message: expect.stringContaining(name) });
    expect(() => run(['true'], options as never)).toThrow(error);
  });
});

describe('what a command prints', () => {
  test('is kept in the order in which it came, with its streams', async () => {
    const place = folder();
    const wait = (name: string): string => `until [ -e ${name} ]; do sleep 0.01; done`;
    let seen = 0;
    const command = `echo a; ${wait('1')}; echo b >&2; ${wait('2')}; echo c; ${wait('3')}; echo d >&2; echo e >&2`;
    const { ended } = run(command, { cwd: place, onOutput: () => writeFileSync(join(place, `${++seen}`), '') });
    expect(await kept(await ended)).toBe('o(a\n)e(b\n)o(c\n)e(d\ne\n)');
  });

  test('is shown and kept byte for byte', async () => {
    const shown: Uint8Array[] = [];
    const program = 'fs.writeSync(1, Buffer.from(Array.from({ length: 70000 }, (_, i) => (i * 7) % 256)))';
    const ended = await node(program, { onOutput: (_, bytes) => void shown.push(bytes) }).ended;
    const expected = Buffer.from(Array.from({ length: 70000 }, (_, i) => (i * 7) % 256));
    expect(Buffer.concat(shown).equals(expected)).toBe(true);
    expect(await kept(ended)).toBe(`o(${expected.toString('latin1')})`);
  });

  test('may be nothing', async () => {
    const ended = await run('true', { onOutput: () => expect.unreachable() }).ended;
    expect(await kept(ended)).toBe('');
  });

  test('is all shown, though the log is bounded', async () => {
    let bytes = 0;
    const { ended } = run('head -c 100000000 /dev/zero; echo end >&2; exit 4', {
      maxLogBytes: MB,
      onOutput: (_, { length }) => void (bytes += length),
    });
    expect(await ended).toMatchObject({ exitCode: 4, log: 'too long', leftBehind: false });
    expect(bytes).toBe(100_000_004);
  });

  test.each(['with named pipes', 'where none can be made'])(
    'holds the command up while a sink takes its time: %s',
    async (where) => {
      // What makes them is looked for in this process's own PATH.
      if (where !== 'with named pipes') vi.stubEnv('PATH', '/nowhere/at/all');
      onTestFinished(() => void vi.unstubAllEnvs());
      const place = folder();
      const progress = join(place, 'progress');
      const written = (): number => Number(existsSync(progress) ? readFileSync(progress, 'utf8') : 0);
      const program = `
      const bytes = Buffer.alloc(2 ** 16);
      for (let i = 1; i <= 256; i++) {
        fs.writeSync(1, bytes);
        fs.writeFileSync('progress.new', String(i * bytes.length));
        fs.renameSync('progress.new', 'progress');
      }`;
      let [shown, calls, ahead, atOnce, mostAtOnce] = [0, 0, 0, 0, 0];
      const onOutput = async (_: string, bytes: Uint8Array): Promise<void> => {
        mostAtOnce = Math.max(mostAtOnce, ++atOnce);
        shown += bytes.length;
        // Time enough for a command that nobody holds up to be far ahead.
        if (calls++ === 0) for (let i = 0; i < 30 && written() < 4 * MB; i++) await delay(10);
        ahead = Math.max(ahead, written() - shown);
        await new Promise(setImmediate);
        atOnce--;
      };
      expect(await node(program, { cwd: place, onOutput }).ended).toMatchObject({ exitCode: 0, log: 'too long' });
      expect(shown).toBe(16 * MB);
      expect(mostAtOnce).toBe(1);
      expect(ahead).toBeLessThan(MB);
    },
  );
});
