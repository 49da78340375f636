/** `tidemark` as people call it: one process for each call, with a store and a memory that are the demo's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Explanation, RunResult } from 'tidemark/build';
import { Trouble } from '../trouble.ts';

const PATIENCE = 180_000; // milliseconds for one call
const LAST_WORDS = 2_000; // characters of what a call said to its error stream

/** What a call said, and how it ended. */
interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  /** From its start to its end, in milliseconds. */
  readonly ms: number;
}

/** What became of tasks, by `package#task`, and what they printed. */
export interface Ran {
  readonly results: ReadonlyMap<string, RunResult>;
  readonly printed: string;
  readonly ms: number;
}

/** Where something is called, and what it finds in its environment besides. */
interface Where {
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line. */
export class CommandLine {
  readonly #program: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;
  readonly #running = new Set<Call>();

  constructor(options: {
    /** The compiled program. */
    readonly program: string;
    readonly store: string;
    readonly state: string;
    /** Ends what is called. */
    readonly signal: AbortSignal;
  }) {
    this.#program = options.program;
    this.#signal = options.signal;
    // Whoever starts the demo may have settings of their own, which are for their own builds.
    const inherited = Object.entries(process.env).filter(([name]) => !/^(TIDEMARK|GIT)_/.test(name));
    const own = { TIDEMARK_CACHE_DIR: options.store, TIDEMARK_CACHE_STATE: options.state };
    this.#environment = { ...Object.fromEntries(inherited), ...own };
  }

  /** Start a call, to be waited for or killed. */
  start(words: readonly string[], { directory, env = {} }: Where): Call {
    this.#signal.throwIfAborted();
    const started = spawn(process.execPath, [this.#program, ...words], {
      cwd: directory,
      env: { ...this.#environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const call = new Call(started, this.#signal);
    this.#running.add(call);
    const forget = (): void => void this.#running.delete(call);
    void call.said.then(forget, forget);
    return call;
  }

  /** Call it and answer with what it said. Throws {@link Trouble} if it takes longer than 3 minutes, or the signal's reason. */
  async said(words: readonly string[], where: Where): Promise<Said> {
    const said = await this.start(words, where).said;
    this.#signal.throwIfAborted();
    return said;
  }

  /** Run tasks of a workspace; those that they rest on are among the results. Throws {@link Trouble} if one fails. */
  async tasks(names: readonly string[], where: Where): Promise<Ran> {
    const said = await this.said(['run', '--json', ...names], where);
    const told = jsonOf(said) as Readonly<Record<string, RunResult | 'skipped'>>;
    const results = Object.entries(told).filter((entry): entry is [string, RunResult] => entry[1] !== 'skipped');
    const failed = results.find(([, { exitCode }]) => exitCode !== 0);
    if (failed) {
      const [id] = failed;
      const own = said.stderr.split('\n').filter((line) => line.startsWith(`${id}: `));
      throw new Trouble(`${id} failed.${lastWords(own.join('\n'))}`);
    }
    return { results: new Map(results), printed: said.stderr, ms: said.ms };
  }

  /** Run a command. */
  async command(words: readonly string[], where: Where, flags: readonly string[] = []): Promise<RunResult> {
    return jsonOf(await this.said(['run', '--json', ...flags, '--', ...words], where)) as RunResult;
  }

  /** Why a task would run. */
  async why(name: string, where: Where): Promise<Explanation> {
    const [explanation] = jsonOf(await this.said(['why', '--json', name], where)) as readonly Explanation[];
    return explanation;
  }

  /** What there is to say of the store. */
  async cache(words: readonly string[], where: Where): Promise<unknown> {
    return jsonOf(await this.said(['cache', ...words, '--json'], where));
  }

  /** Wait until nothing runs any more: what was aborted takes down what it has started. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#running].map((call) => call.said));
  }
}

/** A call under way. */
class Call {
  readonly said: Promise<Said>;
  readonly #process: ChildProcess;

  constructor(started: ChildProcess, signal: AbortSignal) {
    this.#process = started;
    this.said = this.#saidAtEnd(signal);
    this.said.catch(() => {}); // told to who waits
  }

  /** As `kill -9` does, in the middle of whatever it does. Resolves to whether it was still at work. */
  async kill(): Promise<boolean> {
    const isKilled = this.#process.exitCode === null && this.#process.kill('SIGKILL');
    await this.said;
    return isKilled && this.#process.signalCode === 'SIGKILL';
  }

  async #saidAtEnd(signal: AbortSignal): Promise<Said> {
    const began = performance.now();
    const { stdout, stderr } = this.#process;
    const end = (): void => void this.#process.kill('SIGTERM');
    signal.addEventListener('abort', end, { once: true });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#process.kill('SIGKILL');
    }, PATIENCE);
    try {
      const exit = once(this.#process, 'exit');
      const [out, err, [code]] = await Promise.all([text(stdout!), text(stderr!), exit]);
      if (late) throw new Trouble(`tidemark didn't end for ${PATIENCE / 1000} seconds.${lastWords(err)}`);
      return { stdout: out, stderr: err, code: code as number | null, ms: performance.now() - began };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }
}

function jsonOf({ stdout, stderr, code }: Said): unknown {
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    throw new Trouble(`tidemark ended with code ${code} and without an answer.${lastWords(stderr)}`);
  }
}

function lastWords(said: string): string {
  return said === '' ? '' : `\n${said.slice(-LAST_WORDS).trim()}`;
}
