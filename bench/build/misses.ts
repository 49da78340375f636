/** What a run through the cache costs that finds nothing and keeps what was made, for a task of two seconds. */
import { join } from 'node:path';
import { median, time } from '../rounds.ts';
import type { Table } from '../table.ts';
import { COMMANDS, IN_PROCESS } from './ours.ts';
import { inFolder, type Place, settle } from './places.ts';
import { ran } from './processes.ts';
import type { Tool } from './tool.ts';
import { changeSource, makeWorkspace, removeOutputs } from './workspace.ts';

const ROUNDS = 5;
const LIMIT = 0.05;

/** Two seconds like those of a compiler: half of them it works, then it waits for others. Then it writes a megabyte. */
const SCRIPT = `const end = performance.now() + 1000;
while (performance.now() < end);
await new Promise((later) => setTimeout(later, 1000));
fs.mkdirSync('dist', { recursive: true });
for (let i = 0; i < 200; i++)
  fs.writeFileSync('dist/' + i + '.js', '// ' + i + ' ' + performance.now() + '\\n' + 'x();\\n'.repeat(1000));`;

const ALONE: Tool = {
  name: 'the task alone',
  open:
    ({ package: directory }) =>
    () =>
      ran({ argv: [process.execPath, 'build.mjs'], cwd: directory }),
};

/** Measure it. */
export function misses(place: Place): Promise<Table> {
  return inFolder(place, async (folder) => {
    const tools = [ALONE, IN_PROCESS.copies, COMMANDS.copies].filter((tool) => {
      const why = tool.missing?.();
      if (why !== undefined) console.log(`not measured on ${place.name}: ${tool.name}, a miss: ${why}`);
      return why === undefined;
    });
    const subjects = tools.map((tool, i) => {
      const workspace = makeWorkspace(join(folder, String(i)), {
        script: SCRIPT,
        ...(tool.files && { files: tool.files }),
      });
      return { tool, workspace, run: tool.open(workspace), seen: [] as number[] };
    });
    for (let round = 0; round < ROUNDS; round++)
      for (const { tool, workspace, run, seen } of subjects) {
        changeSource(workspace);
        removeOutputs(workspace);
        settle(place);
        const begin = process.hrtime.bigint();
        await run();
        seen.push(Number(process.hrtime.bigint() - begin));
        if (workspace.runs() !== round + 1) throw new Error(`${tool.name}: not a miss`);
      }
    const [alone, ...others] = subjects;
    const bare = median(alone.seen);
    return {
      title: `A miss on ${place.name}: a task of 2 s that writes 200 files`,
      rows: [
        { name: alone.tool.name, figure: time(bare), ratios: {} },
        ...others.map(({ tool, seen }) => {
          const extra = median(seen.map((ns, round) => ns - alone.seen[round]));
          return {
            name: `added by ${tool.name}`,
            figure: time(extra),
            ratios: { 'the task': extra / bare },
            budget: { text: `< ${LIMIT} × the task`, kept: extra < LIMIT * bare },
          };
        }),
      ],
    };
  });
}
