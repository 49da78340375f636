/** The correctness table: every scenario with every cache, each on a stage of its own. */
import { names, titleOf } from './peer.ts';
import { SCENARIOS } from './scenarios.ts';
import { Stage } from './stage.ts';

/** What was seen: for each row a cell for each column. */
export interface Seen {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly string[] }[];
}

/** Play all scenarios. Takes some minutes; says where it is. `only`: names of caches, or all. */
export async function runScenarios(only: readonly string[] = names): Promise<Seen> {
  const rows: { name: string; cells: string[] }[] = [];
  for (const { rows: titles, play } of SCENARIOS) {
    const columns: (readonly string[])[] = [];
    for (const peer of only)
      columns.push(
        await Stage.play(peer, play).catch((error: unknown) =>
          titles.map(() => `couldn't be played: ${String(error)}`),
        ),
      );
    for (const [i, name] of titles.entries()) {
      const cells = columns.map((column) => column[i]);
      rows.push({ name, cells });
      console.log(`  ${name}\n    ${only.map((peer, n) => `${peer}: ${cells[n]}`).join(' · ')}`);
    }
  }
  return { columns: await Promise.all(only.map(titleOf)), rows };
}
