/** A process and all that it started: one group on POSIX, so that a signal reaches all of them. */
import { readdirSync, readFileSync } from 'node:fs';

const HAS_GROUPS: boolean = process.platform !== 'win32';

/** Options with which a process is started as the first of a group of its own. */
export const OWN_GROUP: { readonly detached: boolean } = { detached: HAS_GROUPS };

/** Sends a signal to the whole group; on Windows, which has no groups, to the process. One that is gone gets none. */
export function signalGroup(first: number, signal: NodeJS.Signals): void {
  try {
    process.kill(HAS_GROUPS ? -first : first, signal);
  } catch {
    // nobody is left, or nobody whom we may send anything
  }
}

/** True while a process of the group runs, even if the first one has ended. What only waits to be reaped doesn't run. */
export function groupRuns(first: number): boolean {
  if (!HAS_GROUPS) return false;
  try {
    process.kill(-first, 0);
  } catch {
    return false;
  }
  return (
    process.platform !== 'linux' || processStates().some(([group, state]) => group === first && !/[ZXx]/.test(state))
  );
}

/** Where nobody reaps orphans (in many containers), ended ones keep their group for ever: only their state tells. */
function processStates(): readonly (readonly [group: number, state: string])[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return [[Number(group), state] as const];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}
