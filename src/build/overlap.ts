/**
 * Whether two tasks were at work in a workspace at the same time: then what was made there in that time can be told to
 * neither of them; and where both were the same task, one may have been in the midst of writing what the other had made.
 * Each leaves a mark as long as it goes on, and looks whether others come or go.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from './digest.ts';
import { groupRuns } from './process-group.ts';
import { quietly, unique } from './store-files.ts';

/** Work that goes on. */
export interface Overlap {
  /** Why what was made may be another's work: one was there since this began, any at all or of the same task. */
  doubt(who: 'any' | 'same'): string | undefined;
  /** The process group that does the work: if we are killed, it may go on. */
  worksBy(group: number): void;
  end(): void;
}

/** Begin to look, in a directory of the workspace's state. `task` is what tells tasks apart. */
export function watchOverlap(state: string, task: string): Overlap {
  const any = new Mark(join(state, 'running'));
  const same = new Mark(join(state, `running-${digestOf(task).slice(0, 32)}`));
  return {
    doubt(who) {
      if (!(who === 'any' ? any : same).hasMet()) return undefined;
      if (!any.isThere || !same.isThere)
        return `whether others run at the same time can't be told: ${state} can't be written to`;
      return `${who === 'any' ? 'another' : 'the same'} task ran in this workspace at the same time`;
    },
    worksBy(group) {
      for (const mark of [any, same]) mark.write(String(group));
    },
    end() {
      for (const mark of [any, same]) mark.remove();
    },
  };
}

/** Remove the directories of tasks that haven't run for a day; one with a mark in it stays. */
export function sweepMarks(state: string, now: number): void {
  quietly(() => {
    for (const name of readdirSync(state)) {
      const directory = join(state, name);
      if (!name.startsWith('running-') || now - statSync(directory).mtimeMs < DAY) continue;
      quietly(() => rmdirSync(directory));
    }
  });
}

const DAY = 86_400_000; // milliseconds

/** A mark in a directory of marks. */
class Mark {
  readonly #directory: string;
  readonly #name: string = unique();
  #before: bigint | undefined;
  #alone = false;

  constructor(directory: string) {
    this.#directory = directory;
    quietly(() => {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, this.#name), '');
      const others = readdirSync(directory).filter((other) => other !== this.#name);
      // Who was killed leaves a mark.
      const living = others.filter((other) => isAtWork(directory, other) || !gone(join(directory, other)));
      this.#before = this.#changed();
      this.#alone = living.length === 0;
    });
  }

  get isThere(): boolean {
    return this.#before !== undefined;
  }

  write(text: string): void {
    quietly(() => writeFileSync(join(this.#directory, this.#name), text));
  }

  hasMet(): boolean {
    if (!this.#alone || this.#changed() !== this.#before) return true;
    return readdirSync(this.#directory).length > 1;
  }

  remove(): void {
    quietly(() => rmSync(join(this.#directory, this.#name), { force: true }));
  }

  /** Marks that come and go change their directory's time. */
  #changed(): bigint | undefined {
    return statSync(this.#directory, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
  }
}

/** Whether the process that left a mark is there, or the command that it had started. */
function isAtWork(directory: string, name: string): boolean {
  try {
    process.kill(Number.parseInt(name, 10), 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') return true;
  }
  let group = 0;
  quietly(() => (group = Number(readFileSync(join(directory, name), 'utf8'))));
  return group > 0 && groupRuns(group);
}

function gone(mark: string): boolean {
  quietly(() => rmSync(mark, { force: true }));
  return statSync(mark, { throwIfNoEntry: false }) === undefined;
}
