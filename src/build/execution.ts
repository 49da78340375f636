/** Running a task's command, with a look at everything before and after, as far as that isn't declared. */
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { settled } from './bring-back.ts';
import { breakLinks } from './restore.ts';
import type { BuildContext } from './build-context.ts';
import { type Ended, type OnOutput, runCommand, type RunningCommand } from './command.ts';
import type { Facts } from './fingerprint.ts';
import type { LocalState } from './local-state.ts';
import { outputsByGlobs } from './output-globs.ts';
import type { Overlap } from './overlap.ts';
import { workOf } from './resolved-task.ts';
import { type Changes, changes, snapshot, type Snapshot } from './snapshot.ts';
import { quietly, unique } from './store-files.ts';
import { type Observed, readTrace, TRACED_ENVIRONMENT, tracedCommand, whyNoTrace } from './trace/trace.ts';

/** What is said of an execution. */
export interface ExecutionOptions {
  /** Ends the command, and the run with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Is given what the command prints, as it does, or as it did. */
  readonly onOutput?: OnOutput;
  /** Is given the command once it runs, to pass on signals. */
  readonly onStart?: (running: RunningCommand) => void;
  /** Watch what the command reads and writes, even if that is declared. */
  readonly trace?: boolean;
}

/** A command that has ended, and what was seen meanwhile. */
export interface Execution {
  readonly ended: Ended;
  /** What differs in the workspace; nothing where nobody looked, since all is declared. */
  readonly changes: Changes | undefined;
  readonly before: Snapshot | undefined;
  /** What the command was seen to do; nothing where it wasn't watched. */
  readonly observed: Observed | undefined;
  /** Why it couldn't be seen what it did, though that was wanted. */
  readonly unseen?: string;
  readonly notes: readonly string[];
}

/** Run it. Rejects with `bad_option` if there is no such command, and with the signal's reason. */
export async function execute(
  facts: Facts,
  context: BuildContext,
  options: ExecutionOptions & { readonly keeps: boolean; readonly overlap: Overlap },
): Promise<Execution> {
  const { task, environment } = facts;
  const { settings } = context;
  const state = context.stateOf(task.workspace);
  const looks = options.keeps && (task.inputs === undefined || task.outputs === undefined);
  const notes: string[] = [];
  const trace = tracing(facts, context, options, state, notes);

  const work = workOf(task, facts.fields);
  const made = state.made(work)?.all();
  // Where outputs are links, it may write in what others have made, too.
  const others = settings.links === 'none' ? [] : [...state.madeByOthers(work)];
  const linked = others.flatMap(({ root, outputs }) => (root === task.rootPath ? outputs : []));
  await settled(task, context, options.signal, () =>
    breakLinks([...(made?.outputs ?? []), ...linked], { root: task.root, state: state.directory }),
  );
  clean(facts, made?.inputs ?? []);
  try {
    const sight = new Sight(settings);
    const before = looks ? sight.of(() => snapshot(task.workspace)) : undefined;
    const command =
      typeof task.command === 'string' && trace !== undefined ? ['/bin/sh', '-c', task.command] : task.command;
    const running = runCommand({
      command: trace === undefined ? command : tracedCommand(command as readonly string[], trace),
      cwd: task.cwd,
      env: trace === undefined ? environment.env : { ...environment.env, ...TRACED_ENVIRONMENT },
      maxLogBytes: settings.maxLog,
      ...(options.onOutput && { onOutput: options.onOutput }),
      ...(options.signal && { signal: options.signal }),
    });
    if (running.pid !== undefined) options.overlap.worksBy(running.pid);
    options.onStart?.(running);
    const ended = await running.ended;
    state.index.nextRun();
    const succeeded = ended.exitCode === 0;
    const differing = before && succeeded ? sight.of(() => changes(before, snapshot(task.workspace))) : undefined;
    const seenBefore = before === undefined ? {} : { before };
    const observed =
      trace === undefined
        ? undefined
        : sight.of(() => readTrace(trace, { cwd: task.cwd, workspace: task.workspace, ...seenBefore }));
    if (observed && !observed.complete)
      notes.push(`not all that it does could be seen: ${observed.why.slice(0, 3).join('; ')}`);
    return {
      ended,
      before,
      changes: differing,
      observed,
      notes,
      ...(sight.fault !== undefined && { unseen: sight.fault }),
    };
  } finally {
    if (trace !== undefined) quietly(() => rmSync(trace, { force: true }));
  }
}

/** Where a trace is written, if there is to be one. */
function tracing(
  { task }: Facts,
  context: BuildContext,
  options: ExecutionOptions & { readonly keeps: boolean },
  state: LocalState,
  notes: string[],
): string | undefined {
  const finds = task.inputs === undefined && context.settings.find !== 'everything';
  const isWanted = options.trace === true || (options.keeps && finds);
  if (!isWanted) return undefined;
  const why = whyNoTrace();
  if (why !== undefined) {
    if (options.trace === true || context.settings.find === 'observed') notes.push(`the command isn't watched: ${why}`);
    return undefined;
  }
  const file = join(state.directory, `trace-${unique()}`);
  try {
    mkdirSync(state.directory, { recursive: true });
    writeFileSync(file, '', { flag: 'wx' });
    return file;
  } catch {
    notes.push(`the command isn't watched: ${state.directory} can't be written to`);
    return undefined;
  }
}

/** Looks that may fail, which is no reason for the command to: what it does isn't kept then. */
class Sight {
  fault: string | undefined;
  readonly #settings: BuildContext['settings'];

  constructor(settings: BuildContext['settings']) {
    this.#settings = settings;
  }

  of<T>(look: () => T): T | undefined {
    try {
      return look();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (this.fault === undefined) this.#settings.onTrouble(text);
      this.fault ??= text;
      return undefined;
    }
  }
}

/** Remove what is to be made anew, if the task wants that. */
function clean({ task }: Facts, before: readonly string[]): void {
  const { root, workspace, outputs = [], excludedOutputs: exclude, clean: when } = task;
  const isStale = () => before.some((path) => !existsSync(resolve(workspace, path)));
  if (when === 'never' || outputs.length === 0 || (when === 'stale' && !isStale())) return;
  const directories = new Set<string>();
  for (const path of outputsByGlobs(root, outputs, { exclude })) {
    const place = resolve(root, path);
    rmSync(place, { force: true, recursive: true });
    for (let at = resolve(place, '..'); at.length > root.length; at = resolve(at, '..')) directories.add(at);
  }
  const innerFirst = [...directories].toSorted((a, b) => b.length - a.length);
  for (const directory of innerFirst) quietly(() => rmdirSync(directory));
}
