/** An environment's rows in another one, in order, so that no page of it is free. */
import type { RootDatabase } from 'lmdb';
import { turn } from '../../engine/turn.ts';

const SLICE = 1000;
const BARE = { encoding: 'binary', keyEncoding: 'binary' } as const;

/**
 * Copy every row of every database, a slice at a time. Nobody may write meanwhile. lmdb's own compacting copy can't be
 * written to afterwards: its list of free pages is broken.
 */
export async function copyRows(from: RootDatabase<Buffer, string>, to: RootDatabase<Buffer, string>): Promise<void> {
  const names = [...from.getKeys()];
  for (const name of names) {
    const source = from.openDB<Buffer, Buffer>({ name, ...BARE });
    const target = to.openDB<Buffer, Buffer>({ name, ...BARE });
    let last: Buffer | undefined;
    do {
      const after = last ? { start: last, exclusiveStart: true } : {};
      const rows = [...source.getRange({ ...after, limit: SLICE })];
      to.transactionSync(() => rows.forEach(({ key, value }) => target.putSync(key, value)));
      last = rows.at(-1)?.key;
      await turn();
    } while (last);
  }
}
