/** Runs tasks in the order of what they rest on, several at once. */
import { TidemarkError } from '../engine/errors.ts';
import { aFunction, checkOptions, positiveInteger, signalOrNothing, trueOrFalse } from '../engine/options.ts';

/** How a task ended: well, badly, or not run to its end since another failed. */
export type Outcome = 'ok' | 'failed' | 'skipped';

/** How tasks are run. */
export interface RunInOrderOptions {
  /** How many run at once, at most. */
  readonly concurrency: number;
  /**
   * Runs one task. The signal is aborted when it should stop since another one failed, or since everything should stop:
   * then it rejects with the signal's reason. Any other rejection isn't the failure of a task but ends the whole run.
   */
  readonly run: (id: string, signal: AbortSignal) => Promise<'ok' | 'failed'>;
  /** After a failure, go on with all that doesn't rest on what failed. Default: stop what runs, and begin nothing. */
  readonly keepGoing?: boolean;
  readonly signal?: AbortSignal;
}

/** What is known of a task here. */
interface Node {
  readonly dependsOn: readonly string[];
}

/**
 * Every task begins when all that it rests on has ended well, as soon as there is room, those first that come first in the
 * map. Resolves, once nothing runs any more, to how each ended. Rejects with the signal's reason if that is aborted, and
 * with what `run` rejects with. Throws `bad_option` for a circle, and for a dependency that isn't among the tasks.
 *
 * @example
 * const outcomes = await runInOrder(tasks, { concurrency: 4, run: (id, signal) => build(id, signal) });
 */
export async function runInOrder(
  tasks: ReadonlyMap<string, Node>,
  options: RunInOrderOptions,
): Promise<ReadonlyMap<string, Outcome>> {
  checkOptions('runInOrder', options, ['concurrency', 'run', 'keepGoing', 'signal']);
  const { run, signal } = options;
  // Everything may run at once.
  const room = options.concurrency === Infinity ? Infinity : positiveInteger('concurrency', options.concurrency);
  const keepGoing = trueOrFalse('keepGoing', options.keepGoing);
  aFunction('run', run);
  signalOrNothing('signal', signal);
  checkGraph(tasks);
  signal?.throwIfAborted();

  const stop = new AbortController();
  const outcomes = new Map<string, Outcome>();
  const running = new Map<string, Promise<void>>();
  let broken: { readonly error: unknown } | undefined;
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });

  const start = async (id: string): Promise<void> => {
    try {
      outcomes.set(id, await run(id, stop.signal));
      if (outcomes.get(id) === 'failed' && !keepGoing) stop.abort(new Error(`${id} failed`));
    } catch (error) {
      outcomes.set(id, 'skipped');
      if (stop.signal.aborted && error === stop.signal.reason) return;
      broken ??= { error };
      stop.abort(error);
    }
  };

  const waiting = new Set(tasks.keys());
  const takeReady = (): void => {
    for (const id of waiting) {
      if (running.size >= room || stop.signal.aborted) return;
      const ends = tasks.get(id)!.dependsOn.map((other) => outcomes.get(other));
      const isDoomed = ends.some((end) => end === 'failed' || end === 'skipped');
      if (!isDoomed && ends.includes(undefined)) continue;
      waiting.delete(id);
      if (isDoomed) outcomes.set(id, 'skipped');
      else
        running.set(
          id,
          start(id).finally(() => running.delete(id)),
        );
    }
  };

  try {
    for (takeReady(); running.size > 0; takeReady()) await Promise.race(running.values());
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  if (broken !== undefined) throw broken.error;
  signal?.throwIfAborted();
  return new Map([...tasks.keys()].map((id) => [id, outcomes.get(id) ?? 'skipped']));
}

/** A circle of tasks that rest on each other, with its first one at both ends; nothing if there is none. */
export function cycleIn(tasks: ReadonlyMap<string, Node>): readonly string[] | undefined {
  const open = new Map(
    [...tasks].map(([id, { dependsOn }]) => [id, new Set(dependsOn.filter((other) => tasks.has(other))).size]),
  );
  const dependants = dependantsOf(tasks);
  const free = [...open].filter(([, count]) => count === 0).map(([id]) => id);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    open.delete(id);
    for (const other of dependants.get(id) ?? []) {
      open.set(other, open.get(other)! - 1);
      if (open.get(other) === 0) free.push(other);
    }
  }
  // What is left rests on something that is left: whoever goes on that way comes back to where it has been.
  const [first] = open.keys();
  if (first === undefined) return undefined;
  const way = [first];
  for (;;) {
    const next = tasks.get(way.at(-1)!)!.dependsOn.find((other) => open.has(other))!;
    const at = way.indexOf(next);
    way.push(next);
    if (at !== -1) return way.slice(at);
  }
}

function dependantsOf(tasks: ReadonlyMap<string, Node>): ReadonlyMap<string, readonly string[]> {
  const dependants = new Map<string, string[]>();
  for (const [id, { dependsOn }] of tasks)
    for (const other of new Set(dependsOn)) {
      const known = dependants.get(other);
      if (known === undefined) dependants.set(other, [id]);
      else known.push(id);
    }
  return dependants;
}

function checkGraph(tasks: ReadonlyMap<string, Node>): void {
  for (const [id, { dependsOn }] of tasks)
    for (const other of dependsOn)
      if (!tasks.has(other))
        throw new TidemarkError('bad_option', `tasks: ${id} rests on ${other}, which isn't among them`);
  const cycle = cycleIn(tasks);
  if (cycle !== undefined) throw new TidemarkError('bad_option', `tasks rest on each other: ${cycle.join(' -> ')}`);
}
