/** The most memory that a process takes with 50,000 files: each thing is done by a process of its own. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Table } from '../table.ts';
import { DEEDS, workspaceOf } from './deeds.ts';
import { inFolder, type Place } from './places.ts';
import { ran } from './processes.ts';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));
const FILES = 50_000;
const LIMIT = 100; // MB
const AGE = 2500; // milliseconds: what is younger isn't remembered

/** Measure it. */
export function peaks(place: Place): Promise<Table> {
  return inFolder(place, async (folder) => {
    const workspace = workspaceOf(join(folder, 'ours'), FILES);
    const rows: Table['rows'][number][] = [];
    let bare = 0;
    for (const [deed, name] of Object.entries(DEEDS)) {
      await new Promise((grown) => setTimeout(grown, AGE));
      const argv = [process.execPath, CHILD, deed, JSON.stringify(workspace)];
      const most = (Number(ran({ argv, cwd: folder })) * 1024) / 1e6;
      if (workspace.runs() > 1) throw new Error(`${name}: the task ran again`);
      bare ||= most;
      rows.push({
        name,
        figure: `${most.toFixed(0)} MB`,
        ratios: most === bare ? {} : { 'nothing done': most / bare },
        ...(most !== bare && { budget: { text: `< ${LIMIT} MB`, kept: most < LIMIT } }),
      });
    }
    return { title: `Memory with ${FILES.toLocaleString('en')} files: the peak of a process (RSS)`, rows };
  });
}
