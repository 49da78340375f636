/** The build cache: what tasks made comes back when nothing that they rest on has changed. */
import { TidemarkError } from '../engine/errors.ts';
import type { BuildContext } from './build-context.ts';
import { mayRead, mayWrite } from './build-context.ts';
import { type BroughtBack, restoreOutputs } from './bring-back.ts';
import { type BuildCacheOptions, buildSettings } from './build-options.ts';
import { type BuildStore, type BuildStoreStats, openBuildStore, type PruneOptions } from './build-store.ts';
import { explain, type Explanation } from './explaining.ts';
import { candidateBy, declaredSpec, type Facts, factsOf } from './fingerprint.ts';
import { findHere, findResult, isDeclared } from './finding.ts';
import { LocalState } from './local-state.ts';
import { apartFrom } from './own-places.ts';
import type { Pruned } from './pruning.ts';
import type { ActionRecord, Digest, InputEntry } from './record.ts';
import type { Lookup, Stored } from './records.ts';
import { sweepMarks } from './overlap.ts';
import { Sharing } from './remote/sharing.ts';
import { type ResolvedTask, resolvedTask } from './resolved-task.ts';
import type { RunResult } from './run-result.ts';
import { type RunOptions, runTask } from './run-task.ts';
import { allOf, type Steps } from './steps.ts';
import type { BuildTask } from './task.ts';
import type { Verified } from './verifying.ts';

/** What a task's result depends on, now. */
export interface Fingerprint {
  /** Null where it isn't known what the command reads: nobody says, and it has never run. */
  readonly key: Digest | null;
  readonly inputs: readonly InputEntry[];
  /** Everything else that the key is made of, by name. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Milliseconds after which the limits are looked at again. */
const PRUNED = 3_600_000;

/**
 * Open a build cache. Its store is made by the first write.
 *
 * @throws `bad_option`; `newer_format` or `foreign_directory`, with nothing changed; `store_failed`.
 * @example
 * const cache = openBuildCache({ directory: '.cache/build' });
 * const result = await cache.run({ workspace: '.', command: ['tsc', '-p', '.'] });
 * console.log(result.outcome, result.exitCode);
 * await cache.close();
 */
export function openBuildCache(options: BuildCacheOptions = {}): BuildCache {
  return new BuildCache(options);
}

/** A build cache. Any number of processes may share its store. */
export class BuildCache {
  readonly #context: BuildContext;
  readonly #states = new Map<string, LocalState>();

  /** Build caches are opened by {@link openBuildCache}. */
  constructor(options: BuildCacheOptions) {
    const settings = buildSettings(options);
    const { directory, mode, fsync, clock, compress } = settings;
    const readOnly = mode === 'read-only' || mode === 'off';
    const store = openBuildStore({ directory, readOnly, fsync, clock, compress });
    const sharing = new Sharing(store, settings);
    const stateOf = (workspace: string): LocalState => {
      let state = this.#states.get(workspace);
      if (!state) this.#states.set(workspace, (state = new LocalState(settings.state, workspace, clock)));
      return state;
    };
    this.#context = { settings, store, sharing, stateOf };
  }

  /** The store below: blobs and records, one by one. */
  get contents(): BuildStore {
    return this.#context.store;
  }

  /** Where the store is. */
  get directory(): string {
    return this.#context.settings.directory;
  }

  /**
   * Run a task, or bring back what it made when nothing has changed that it rests on. What the command prints goes to
   * `onOutput`. A command that fails is no error: see `exitCode`. Nothing of it is kept then.
   *
   * Rejects with `bad_option` for a task that can't be (`CommandNotStarted` where there is no such program), `in_use`
   * while another process restores the package for too long, and the reason of `signal`.
   */
  async run(task: BuildTask, options: RunOptions = {}): Promise<RunResult> {
    const result = await runTask(this.#resolved(task), this.#context, options);
    this.#upkeep();
    return result;
  }

  /** What the task depends on, now. Throws as {@link BuildCache.run}. */
  fingerprint(task: BuildTask): Fingerprint {
    const facts = this.#facts(task);
    const { candidates, found } = findHere(facts, this.#context);
    const candidate = found?.candidate ?? candidates[0] ?? this.#declared(facts);
    return { key: candidate?.key ?? null, inputs: candidate?.inputs ?? [], fields: facts.fields };
  }

  /** What is kept for a task as it is now, here or in a remote; or why nothing is. */
  async lookup(task: BuildTask, options: { readonly signal?: AbortSignal } = {}): Promise<Lookup> {
    if (!mayRead(this.#context)) return { reason: 'absent' };
    const { found, reason } = await findResult(this.#facts(task), this.#context, options.signal);
    return found ? { record: found.record } : { reason };
  }

  /**
   * Keep a result that something else has made: its blobs were put into {@link BuildCache.contents}. Throws `bad_bytes` if
   * it isn't a record, `store_failed` if it can't be kept.
   */
  store(record: ActionRecord): Stored {
    if (!mayWrite(this.#context)) throw new TidemarkError('store_failed', 'the build cache is open for reading only');
    const stored = this.#context.store.store(record);
    this.#context.sharing.upload(record, undefined);
    return stored;
  }

  /**
   * Bring back the outputs of a record into the task's package; nothing if a blob of it is missing or damaged. Rejects with
   * `foreign_directory` where something else is in the way, `in_use`, `store_failed`, and the reason of `signal`.
   */
  async restore(
    record: ActionRecord,
    task: BuildTask,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<BroughtBack | undefined> {
    const restored = await restoreOutputs(record, this.#resolved(task), this.#context, options.signal);
    return restored && 'kept' in restored ? restored : undefined;
  }

  /** Why the task would run, or wouldn't. Changes nothing. */
  why(task: BuildTask): Explanation {
    return explain(this.#facts(task), this.#context);
  }

  /** What is in the store, and how it was used by everybody. */
  stats(): BuildStoreStats {
    return this.#context.store.stats();
  }

  /** Remove what was used longest ago. Without limits those of the cache hold. */
  prune(options: PruneOptions = {}): Pruned {
    return allOf(this.pruning(options));
  }

  /** The same in steps: each yields how many files were looked at so far. */
  pruning(options: PruneOptions = {}): Steps<Pruned> {
    const { maxSize: maxBytes, maxAge } = this.#context.settings;
    return this.#context.store.pruning({ maxBytes, maxAge, ...options });
  }

  /** Read everything and tell what is damaged; with `fix`, remove that. */
  verify(options: { readonly fix?: boolean } = {}): Verified {
    return this.#context.store.verify(options);
  }

  /** Remove everything. */
  clean(): void {
    this.#context.store.clean();
  }

  /** Wait until remotes have what was made, as long as they are given, and write down what was learned. */
  async close(): Promise<void> {
    await this.#context.sharing.flush();
    for (const { index } of this.#states.values()) index.save();
    this.#context.store.close();
  }

  #resolved(task: BuildTask): ResolvedTask {
    const { directory, state } = this.#context.settings;
    return apartFrom(resolvedTask(task), [directory, state]);
  }

  #facts(task: BuildTask): Facts {
    const resolved = this.#resolved(task);
    const { index } = this.#context.stateOf(resolved.workspace);
    index.nextRun();
    return factsOf(resolved, index, this.#context.settings.environment);
  }

  #declared(facts: Facts): ReturnType<typeof candidateBy> | undefined {
    if (!isDeclared(facts)) return undefined;
    return candidateBy(declaredSpec(facts.task), facts, this.#context.stateOf(facts.task.workspace).index);
  }

  #upkeep(): void {
    const { settings, store } = this.#context;
    if (!mayWrite(this.#context)) return;
    const [state] = this.#states.values();
    if (!state?.isDue('prune', PRUNED, settings.clock.now())) return;
    sweepMarks(state.directory, settings.clock.now());
    try {
      store.prune({ maxBytes: settings.maxSize, maxAge: settings.maxAge });
    } catch (error) {
      settings.onTrouble(error instanceof Error ? error.message : String(error));
    }
  }
}
