/** Looking after a file: counting everything anew, giving free space back, copying it while it is in use. */
import { mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { TidemarkError } from '../../engine/errors.ts';
import { checkOptions, functionOrNothing, nonEmptyText, signalOrNothing, trueOrFalse } from '../../engine/options.ts';
import { newIncarnation } from '../../logs/local.ts';
import { Environment, SETTINGS } from './environment.ts';
import type { LmdbFile } from './file.ts';
import type { Verification, VerifyOptions } from './offer.ts';
import { type Durability, enter } from './premises.ts';
import { turn } from '../../engine/turn.ts';

const SLICE = 1000;

/** Look at every row, a slice at a time: nothing is held between slices, so that the file doesn't grow meanwhile. */
export async function verify(file: LmdbFile, options: VerifyOptions): Promise<Verification> {
  checkOptions('verify', options, ['repair', 'onProgress', 'signal']);
  const repair = trueOrFalse('verify: repair', options.repair);
  functionOrNothing('verify: onProgress', options.onProgress);
  signalOrNothing('verify: signal', options.signal);
  const { environment, entries } = file;
  const found = { entries: 0, bytes: 0, damaged: 0, untimed: 0, orphans: 0, repaired: 0 };
  const lost = { entries: 0, bytes: 0 }; // by repairs
  let written = environment.lastTransaction;
  let alone = true; // nobody else has written so far
  let seen = 0;

  const mend = async (repairs: readonly (() => void)[]) => {
    alone &&= environment.lastTransaction === written;
    if (repair && repairs.length > 0) {
      await environment.write(() => repairs.forEach((one) => one()));
      found.repaired += repairs.length;
      written = environment.lastTransaction;
    }
    options.onProgress?.(seen);
    await turn();
    options.signal?.throwIfAborted();
    environment.assertOpen();
  };

  for (let last: string | undefined, rows = ['']; rows.length > 0; last = rows.at(-1)) {
    const repairs: (() => void)[] = [];
    rows = environment.read(() => entries.rowsAfter(last, SLICE));
    for (const row of rows) {
      const state = environment.read(() => entries.stateOf(row));
      if (!state) continue; // removed meanwhile
      found.entries++;
      found.bytes += state.bytes;
      if (!state.whole) {
        found.damaged++;
        repairs.push(() => {
          if (entries.stateOf(row)?.whole !== false || !entries.remove(row)) return;
          lost.entries++;
          lost.bytes += state.bytes;
        });
      } else if (!state.timed) {
        found.untimed++;
        repairs.push(() => entries.time(row));
      }
    }
    seen += rows.length;
    await mend(repairs);
  }

  type Time = [number, string];
  for (let last: Time | undefined, times: Time[] = [[0, '']]; times.length > 0; last = times.at(-1)) {
    const repairs: (() => void)[] = [];
    times = environment.read(() => entries.timesAfter(last, SLICE));
    for (const [end, row] of times) {
      if (environment.read(() => entries.stateOf(row))?.end === end) continue;
      found.orphans++;
      repairs.push(() => entries.untime(end, row));
    }
    seen += times.length;
    await mend(repairs);
  }

  const kept = environment.read(() => entries.tally);
  const due = { entries: found.entries - lost.entries, bytes: found.bytes - lost.bytes };
  const counted = alone ? kept.entries === due.entries && kept.bytes === due.bytes : undefined;
  if (counted === false) await mend([() => entries.recounted(due)]);
  return { ...found, counted };
}

/** Give free space back. */
export async function compact(file: LmdbFile): Promise<{ readonly before: number; readonly after: number }> {
  const before = file.environment.size;
  await file.environment.compact();
  return { before, after: file.environment.size };
}

/** Copy a file, while it is in use, into a directory that is empty or missing. */
export async function backUp(file: LmdbFile, path: string): Promise<void> {
  const to = resolve(nonEmptyText('backup: path', path));
  mkdirSync(to, { recursive: true });
  if (readdirSync(to).length > 0) throw new TidemarkError('bad_option', `backup: ${to} isn't empty`);
  await file.environment.copy(to);
  file.premises.labelCopy(to);
  await asAnotherLog(to, file.settings.durability);
}

/** A copy may lack changes that its original gets from now on: its log is another one, in which no entry so far has a place. */
async function asAnotherLog(path: string, durability: Durability): Promise<void> {
  const premises = enter({ path, durability, settings: SETTINGS });
  try {
    const environment = new Environment(premises);
    environment.writeNow(() => environment.meta.putSync('incarnation', Buffer.from(newIncarnation())));
    await environment.close();
  } finally {
    premises.leave();
  }
}
