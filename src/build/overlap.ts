/**
 * Whether two tasks ran in a workspace at the same time: then what was made there in that time can be told to neither of
 * them. Each run leaves a mark as long as it goes on, and looks whether others come or go.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quietly, unique } from './store-files.ts';

/** A run that goes on. */
export interface Overlap {
  /** Whether another run was there at any time since this one began. True if it can't be told. */
  seen(): boolean;
  end(): void;
}

/** Begin to look, in a directory of the workspace's state. */
export function watchOverlap(state: string): Overlap {
  const directory = join(state, 'running');
  const name = unique();
  const mark = join(directory, name);
  let before: bigint | undefined;
  let alone = false;
  quietly(() => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(mark, '');
    const others = readdirSync(directory).filter((other) => other !== name);
    // A run that was killed leaves its mark.
    const living = others.filter((other) => isLiving(other) || !gone(join(directory, other)));
    before = statSync(directory, { bigint: true }).mtimeNs;
    alone = living.length === 0;
  });
  return {
    seen() {
      const now = statSync(directory, { bigint: true, throwIfNoEntry: false })?.mtimeNs;
      return !alone || before === undefined || now !== before || readdirSync(directory).length > 1;
    },
    end: () => quietly(() => rmSync(mark, { force: true })),
  };
}

function isLiving(name: string): boolean {
  try {
    process.kill(Number.parseInt(name, 10), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function gone(mark: string): boolean {
  quietly(() => rmSync(mark, { force: true }));
  return statSync(mark, { throwIfNoEntry: false }) === undefined;
}
