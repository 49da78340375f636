/** Starts processes whose stdout and stderr are pipes that we read. */
import { type ChildProcess, spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** A process, and our ends of its pipes. */
export interface PipedProcess {
  readonly child: ChildProcess;
  /** In this order: stdout, stderr. Fewer where the process couldn't be started. */
  readonly outputs: readonly Readable[];
}

interface Pipe {
  readonly ours: Readable;
  readonly theirs: number;
}

/**
 * As `spawn`, with nothing to read from stdin. What Node calls pipes are sockets, and a process can't open a socket by
 * its name: `echo oh >/dev/stderr` would fail in a script that works elsewhere. So these are the system's pipes, where it
 * has them under names.
 */
export function spawnPiped(program: string, words: readonly string[], options: SpawnOptions): PipedProcess {
  const pipes = namedPipes();
  const [out, err] = pipes?.map(({ theirs }) => theirs) ?? (['pipe', 'pipe'] as const);
  try {
    const child: ChildProcess = spawn(program, words, { ...options, stdio: ['ignore', out, err] });
    const sockets = [child.stdout, child.stderr].filter((socket) => socket !== null && socket !== undefined);
    return { child, outputs: pipes?.map(({ ours }) => ours) ?? sockets };
  } catch (error) {
    for (const { ours } of pipes ?? []) ours.destroy();
    throw error;
  } finally {
    for (const { theirs } of pipes ?? []) closeSync(theirs);
  }
}

function namedPipes(): readonly Pipe[] | undefined {
  if (process.platform === 'win32') return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-pipes-'));
  try {
    const paths = ['stdout', 'stderr'].map((name) => join(folder, name));
    const made = spawnSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
    return made.status === 0 ? paths.map(opened) : undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function opened(path: string): Pipe {
  const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
  const fd = openSync(path, O_RDONLY | O_NONBLOCK); // first, and without waiting for a writer, or each would wait for the other
  return { theirs: openSync(path, O_WRONLY), ours: new Socket({ fd, readable: true, writable: false }) };
}
