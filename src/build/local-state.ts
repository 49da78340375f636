/** What a machine remembers of one workspace, beside no repository: file digests, what tasks made here, how runs ended. */
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../engine/clock.ts';
import { type Digest, digestOf } from './digest.ts';
import type { InputEntry, OutputEntry } from './record.ts';
import { StatIndex } from './stat-index.ts';
import { quietly, unique } from './store-files.ts';

/** What a task made here last, and what it was made of. */
export interface Made {
  /** The package, by its path from the workspace: outputs are named from there. */
  readonly root: string;
  /** The task (see `identityOf`), whatever its variables. */
  readonly task: string;
  readonly outputs: readonly OutputEntry[];
  /** What else it wrote, from the workspace: what it keeps for itself, and what nobody has declared. */
  readonly beside: readonly OutputEntry[];
  /** Paths of its inputs, for who cleans when one is gone. */
  readonly inputs: readonly InputEntry['path'][];
}

/** The same with the key of the result: the rest is only read by who asks for it. */
export interface MadeBy {
  readonly key: Digest;
  all(): Made;
}

/** How a run ended. */
export interface Attempt {
  readonly task: string;
  readonly key: Digest | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: string;
  /** Why nothing was stored, if so. */
  readonly reason?: string;
}

/** How a note of what was made begins. */
const MADE = /^[0-9a-f]{64}\n\{/;

/** Works of which it is known what they made: those that were done longest ago are forgotten. */
const WORKS = 500;

/** Bytes of the list of attempts at which its older half goes. */
const ATTEMPTS = 256 * 1024;

/** The state of one workspace. What can't be written is not remembered, which costs time and nothing else. */
export class LocalState {
  /** Its directory, where journals of restores are, too. */
  readonly directory: string;
  readonly index: StatIndex;

  constructor(home: string, workspace: string, clock: Clock) {
    this.directory = join(home, digestOf(workspace).slice(0, 32));
    this.index = new StatIndex({ file: join(this.directory, 'index'), clock });
  }

  /** What a work (see `workOf`) made here last. */
  made(work: string): MadeBy | undefined {
    return madeIn(this.#madeFile(work));
  }

  /** What a task made here last, with these variables first, then with others. */
  *madeByTask(task: string, work: string): Generator<Made> {
    const made = this.made(work)?.all();
    if (made) yield made;
    for (const other of this.madeByOthers(work)) if (other.task === task) yield other;
  }

  /** What all works but this one made here last. */
  *madeByOthers(work: string): Generator<Made> {
    const own = this.#madeFile(work);
    for (const file of this.#madeFiles()) {
      const made = file === own ? undefined : madeIn(file)?.all();
      if (made) yield made;
    }
  }

  /** Remember what a work made. */
  remember(work: string, key: Digest, made: Made): void {
    const body = `${key}\n${JSON.stringify(made)}`;
    const file = this.#madeFile(work);
    quietly(() => {
      const isNew = statSync(file, { throwIfNoEntry: false }) === undefined;
      this.#replace(file, `${digestOf(body)}\n${body}`);
      if (isNew) this.#forgetOldWorks();
    });
  }

  /** Note how a run ended. */
  note(attempt: Attempt): void {
    const file = join(this.directory, 'attempts');
    quietly(() => {
      mkdirSync(this.directory, { recursive: true });
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > ATTEMPTS) {
        const lines = readFileSync(file, 'utf8').split('\n');
        this.#replace(file, lines.slice(lines.length / 2).join('\n'));
      }
      appendFileSync(file, `${JSON.stringify(attempt)}\n`);
    });
  }

  /** How runs ended, the latest last. */
  attempts(): readonly Attempt[] {
    let text = '';
    quietly(() => (text = readFileSync(join(this.directory, 'attempts'), 'utf8')));
    return text.split('\n').flatMap((line): readonly Attempt[] => {
      try {
        return [JSON.parse(line) as Attempt];
      } catch {
        return []; // cut short, or damaged
      }
    });
  }

  /** Whether this much time, in milliseconds, has passed since it was true last; then it counts as done now. Never, where that can't be noted. */
  isDue(what: string, interval: number, now: number): boolean {
    const file = join(this.directory, `due-${what}`);
    let isDue = false;
    quietly(() => {
      const last = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
      if (Math.abs(now - last) < interval) return;
      this.#replace(file, '');
      isDue = true;
    });
    return isDue;
  }

  #madeFile(work: string): string {
    return join(this.directory, `made-${digestOf(work).slice(0, 32)}`);
  }

  #madeFiles(): readonly string[] {
    let names: readonly string[] = [];
    quietly(() => (names = readdirSync(this.directory)));
    return names.filter((name) => /^made-[0-9a-f]{32}$/.test(name)).map((name) => join(this.directory, name));
  }

  #forgetOldWorks(): void {
    const files = this.#madeFiles();
    if (files.length <= WORKS) return;
    const byAge = files.map((file) => ({ file, at: statSync(file).mtimeMs })).toSorted((a, b) => a.at - b.at);
    for (const { file } of byAge.slice(0, files.length - WORKS)) rmSync(file, { force: true });
  }

  #replace(file: string, text: string): void {
    mkdirSync(this.directory, { recursive: true });
    const staged = `${file}.${unique()}.tmp`;
    writeFileSync(staged, text);
    renameSync(staged, file);
  }
}

function madeIn(file: string): MadeBy | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const [seal, body] = [text.slice(0, 64), text.slice(65)];
    if (digestOf(body) !== seal || !MADE.test(body)) return undefined;
    return { key: body.slice(0, 64), all: () => JSON.parse(body.slice(65)) as Made };
  } catch {
    return undefined;
  }
}

/** Where caches and states of a user are, as the platform has it. */
export function userDirectory(kind: 'cache' | 'state', environment: NodeJS.ProcessEnv = process.env): string {
  const { LOCALAPPDATA, XDG_CACHE_HOME, XDG_STATE_HOME } = environment;
  if (process.platform === 'win32')
    return join(
      LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'),
      'tidemark',
      kind === 'cache' ? 'build' : 'build-state',
    );
  if (process.platform === 'darwin')
    return join(homedir(), 'Library', kind === 'cache' ? 'Caches' : 'Application Support', 'tidemark', 'build');
  const named = kind === 'cache' ? XDG_CACHE_HOME : XDG_STATE_HOME;
  // The specification of these variables: a path that isn't absolute doesn't count.
  const base = named?.startsWith('/') === true ? named : join(homedir(), kind === 'cache' ? '.cache' : '.local/state');
  return join(base, 'tidemark', 'build');
}
