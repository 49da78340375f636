/** A small real project in a directory of its own, with this repository's tools installed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { collect, type Collected } from '../../../src/build/collectors/collect.ts';
import { outputsByGlobs } from '../../../src/build/output-globs.ts';
import { changes, snapshot } from '../../../src/build/snapshot.ts';

/** Files by their paths; what isn't text is written as JSON. */
export type Files = Readonly<Record<string, unknown>>;

export interface Project {
  readonly root: string;
  /** Writes files. */
  write(files: Files): void;
  /** What a collector says of a command line. */
  collect(line: string, at?: At): Collected | undefined;
  /** Runs the command line, and tells what it wrote and what a collector had said before. */
  run(line: string, at?: At): Ran;
}

interface At {
  readonly cwd?: string;
  /** The package. Default: the project. */
  readonly root?: string;
}

interface Ran {
  readonly collected: Collected;
  /** What was created or changed. */
  readonly written: readonly string[];
  /** What the collector's globs name after the run. */
  readonly told: readonly string[];
  /** What was there before the run and is told to be an output. */
  readonly swallowed: readonly string[];
}

// The compiler's own program: Node is only started to start it.
const { default: compiler } = await import('../../../node_modules/typescript/lib/getExePath.js');

const REPOSITORY = resolve(import.meta.dirname, '../../..');

export function project(files: Files): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-collect-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  const here: Project = {
    root,
    write(more) {
      for (const [path, content] of Object.entries(more)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content));
      }
    },
    collect: (line, { cwd = '.', root: inside = '.' } = {}) =>
      collect({ words: line.split(' '), cwd: join(root, cwd), root: join(root, inside), workspace: root }),
    run(line, at = {}) {
      const inside = join(root, at.root ?? '.');
      const collected = here.collect(line, at);
      if (collected === undefined) throw new Error(`no collector knows ${line}`);
      const before = snapshot(inside);
      const [program, ...words] = line.split(' ');
      execFileSync(program === 'tsc' ? compiler() : join(root, 'node_modules', '.bin', program), words, {
        cwd: join(root, at.cwd ?? '.'),
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 60_000,
      });
      const { created, changed } = changes(before, snapshot(inside));
      const told = outputsByGlobs(inside, collected.outputs);
      return {
        collected,
        written: [...created, ...changed].toSorted(),
        told,
        swallowed: told.filter((path) => before.has(path)),
      };
    },
  };
  here.write(files);
  return here;
}
