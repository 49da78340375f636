/** Opens a file that others have left and looks at everything in it. */
import { lmdbBackend, type Replaced, type Verification } from 'tidemark/backends/lmdb';
import { given, serve } from './meeting.ts';
import { RawRows, SLOTS } from './raw-rows.ts';

/** What an auditor is given. */
export interface AuditorOptions {
  readonly path: string;
}

/** What an auditor has found. */
export interface Audit {
  readonly faults: readonly string[];
  readonly rows: number;
  readonly verification: Verification;
  /** What had become of a file that couldn't be used. */
  readonly replaced: Replaced | undefined;
}

/** A writer and how many rows it has been told that it wrote, numbered from 0. */
interface Written {
  readonly writer: string;
  readonly count: number;
}

let replaced: Replaced | undefined;
const backend = lmdbBackend({ path: (given() as AuditorOptions).path, onReplaced: (what) => (replaced = what) });
const rows = new RawRows(backend);

async function audit({ written }: { readonly written: readonly Written[] }): Promise<Audit> {
  const faults: string[] = [];
  let seen = 0;
  for (const { writer, count } of written)
    for (let number = Math.max(0, count - SLOTS); number < count; number++, seen++) {
      const found = await rows.find(writer, number);
      if (found !== number && faults.length < 5) faults.push(`${writer} ${number}: ${found}`);
    }
  return { faults, rows: seen, replaced, verification: await backend.verify() };
}

serve({ audit, leave: () => backend.close() });
