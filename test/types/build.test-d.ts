/** The types of `tidemark/build`: what is inferred, what is refused. Checked by the compiler; nothing here runs. */
import {
  type BuildCache,
  type BuildCacheOptions,
  type BuildTask,
  type BuildWorkspace,
  type Explanation,
  filesRemote,
  httpRemote,
  type NotStored,
  openBuildCache,
  type PlannedTask,
  readSettings,
  readWorkspace,
  type RemoteStore,
  runInOrder,
  type RunResult,
  runWorkspace,
  select,
  type TaskOutcome,
  type TraceFindings,
} from 'tidemark/build';
import { expectTypeOf } from 'vitest';

declare const signal: AbortSignal;
const cache: BuildCache = openBuildCache({ directory: '.cache', maxSize: '5gb', maxAge: '7d', mode: 'read-only' });

// A task says where it is and what runs; the rest is found out.
{
  const task: BuildTask = { workspace: '.', command: ['tsc', '-p', '.'], inputs: ['src/**'], outputs: [] };
  expectTypeOf(cache.run(task)).toEqualTypeOf<Promise<RunResult>>();
  void cache.run(task, {
    signal,
    how: 'look',
    trace: true,
    onOutput: (stream, bytes) => {
      expectTypeOf(stream).toEqualTypeOf<'stdout' | 'stderr'>();
      expectTypeOf(bytes).toEqualTypeOf<Uint8Array>();
    },
    onStart: (running) => running.kill('SIGTERM'),
  });
  expectTypeOf(cache.why(task)).toEqualTypeOf<Explanation>();
  expectTypeOf<RunResult['trace']>().toEqualTypeOf<TraceFindings | undefined>();
  expectTypeOf<NonNullable<RunResult['notStored']>['reason']>().toEqualTypeOf<NotStored>();
  // @ts-expect-error: a task is in a repository
  void cache.run({ command: 'tsc' });
  // @ts-expect-error: a misspelt option
  void cache.run({ ...task, ouputs: [] });
  // @ts-expect-error: no such way
  void cache.run(task, { how: 'twice' });
}

// Options that can't be.
{
  // @ts-expect-error: no such mode
  openBuildCache({ mode: 'readonly' });
  // @ts-expect-error: a size has a unit
  openBuildCache({ maxSize: '5' });
  // @ts-expect-error: a remote needs a place
  httpRemote({});
  expectTypeOf(filesRemote({ directory: '/mnt' })).toEqualTypeOf<RemoteStore>();
  expectTypeOf<BuildCacheOptions['remotes']>().toEqualTypeOf<readonly RemoteStore[] | undefined>();
}

// A workspace is read, tasks are selected, and run in order.
{
  const workspace: BuildWorkspace = readWorkspace('.');
  expectTypeOf(readSettings('.').settings.maxSize).toEqualTypeOf<number | undefined>();
  const { tasks, wanted } = select(workspace, ['build'], { from: '.' });
  expectTypeOf(wanted).toEqualTypeOf<readonly string[]>();
  expectTypeOf(tasks).toEqualTypeOf<ReadonlyMap<string, PlannedTask>>();
  expectTypeOf(runWorkspace(cache, tasks, { concurrency: 2 })).toEqualTypeOf<
    Promise<ReadonlyMap<string, TaskOutcome>>
  >();
  void runInOrder(tasks, { concurrency: 2, run: async (id) => (id === '' ? 'failed' : 'ok') });
  // @ts-expect-error: somebody says how many at once
  void runWorkspace(cache, tasks, {});
}
