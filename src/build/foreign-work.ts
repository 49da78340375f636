/**
 * What may be somebody's own work though the cache takes it for the task's: an output that nobody has declared, or one that
 * is an input, too, and that the task hasn't left like this. The command may read it, and keep it: so it has to run.
 */
import { resolve } from 'node:path';
import { look, machineDisk } from './disk.ts';
import { inWorkspace } from './finding.ts';
import type { InputSpec } from './input-spec.ts';
import type { KnownDigests } from './known-digests.ts';
import type { Made } from './local-state.ts';
import { matchedPaths } from './matched-paths.ts';
import { outputsByGlobs } from './output-globs.ts';
import type { OutputEntry } from './record.ts';
import { rebased, type ResolvedTask } from './resolved-task.ts';
import type { PlanStep } from './restore-plan.ts';
import { isAsMade } from './stale-outputs.ts';

/** What would be brought back, and what is known of what is there. */
export interface BringingBack {
  readonly task: ResolvedTask;
  /** How the inputs were found. */
  readonly spec: InputSpec;
  readonly outputs: readonly OutputEntry[];
  readonly steps: readonly PlanStep[];
  /** What the task made here last, with these variables or others. */
  readonly made: () => Iterable<Made>;
  readonly known: KnownDigests;
}

type Ours = Pick<Made, 'root' | 'outputs' | 'beside'>;

/** The first path, from the workspace, with which bringing back would do away with somebody's own work, or pass over it. */
export function foreignWork(bringing: BringingBack): string | undefined {
  const { task, spec, outputs, steps, made, known } = bringing;
  const ours = function* (): Generator<Ours> {
    yield { root: task.rootPath, outputs, beside: [] };
    yield* made();
  };
  const paths = spec.kind === 'globs' ? inputsAndOutputs(task) : writtenOrPassedOver(task, spec.own, outputs, steps);
  return foreignAmong(paths, task.workspace, ours(), known)[0];
}

function writtenOrPassedOver(
  { rootPath }: ResolvedTask,
  own: readonly string[],
  outputs: readonly OutputEntry[],
  steps: readonly PlanStep[],
): readonly string[] {
  const wanted = new Set(outputs.map(({ path }) => inWorkspace(rootPath, path)));
  const written = steps.flatMap((step) =>
    step.do === 'write' || step.do === 'link' ? [inWorkspace(rootPath, step.path)] : [],
  );
  return [...written, ...own.filter((path) => !wanted.has(path))];
}

/** Which of some paths have something that isn't as it was made. All are from the workspace. */
export function foreignAmong(
  paths: readonly string[],
  workspace: string,
  made: Iterable<Ours>,
  known: KnownDigests,
): readonly string[] {
  const left = new Set(paths.filter((path) => isThere(resolve(workspace, path))));
  if (left.size === 0) return [];
  const see = (path: string, entry: OutputEntry): void => {
    if (!left.has(path)) return;
    const place = resolve(workspace, path);
    const stats = look(machineDisk, place);
    if (!stats || isAsMade(entry, place, stats, { disk: machineDisk, known })) left.delete(path);
  };
  for (const { root, outputs, beside } of made) {
    for (const entry of outputs) see(inWorkspace(root, entry.path), entry);
    for (const entry of beside) see(entry.path, entry);
  }
  return [...left];
}

/** What is there that declared inputs name, and declared outputs, too: as inputs they don't count. From the workspace. */
export function inputsAndOutputs({
  root,
  rootPath,
  inputs = [],
  outputs = [],
  excludedOutputs,
}: ResolvedTask): readonly string[] {
  const globs = outputs.map((glob) => rebased('outputs', rootPath, glob));
  if (!overlap(inputs, globs)) return [];
  const paths = outputsByGlobs(root, outputs, { exclude: excludedOutputs });
  return [
    ...matchedPaths(
      paths.map((path) => inWorkspace(rootPath, path)),
      inputs,
    ),
  ];
}

/** Whether globs of the two lists may name the same file, as far as what they begin with tells. */
function overlap(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [one.map(beginning), other.map(beginning)];
  return a.some((x) => b.some((y) => x.startsWith(y) || y.startsWith(x)));
}

/** The directories that a glob spells, each with a slash. */
function beginning(glob: string): string {
  const plain = /^[^!*?[\](){}\\+@]*/.exec(glob)![0];
  return plain === glob ? `${glob.replace(/\/+$/, '')}/` : plain.slice(0, plain.lastIndexOf('/') + 1);
}

function isThere(place: string): boolean {
  const stats = look(machineDisk, place);
  return stats !== undefined && !stats.isDirectory();
}
