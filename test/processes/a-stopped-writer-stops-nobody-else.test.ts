/** A writer that stands still in the middle of a transaction holds up writes, but neither reads nor anybody's event loop. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BystanderOptions, Changed } from './children/bystander.ts';
import { passing } from './children/meeting.ts';
import type { StreamerOptions } from './children/streamer.ts';
import { freshFolder } from './folder.ts';
import { bounded, type Program, start } from './program.ts';
import { LIMIT, often } from './scale.ts';

const READS = 100;
const STOPS = often(25);
const IN_A_TRANSACTION = 3; // so many stops at least must have hit one
const MOST_STOPS = 20 * STOPS;

test(
  'a stopped writer stops no reads, delays writes no longer than allowed, and all goes on after it',
  { timeout: LIMIT },
  async () => {
    const path = join(freshFolder(), 'cache');
    const streamer = start('streamer', { path } satisfies StreamerOptions);
    await streamer.ask('write');
    const bystander = start('bystander', { path } satisfies BystanderOptions);
    await bystander.ask('settle');
    let expected = 0;
    let heldUp = 0;

    for (let stop = 0; stop < STOPS || heldUp < IN_A_TRANSACTION; stop++) {
      expect(stop).toBeLessThan(MOST_STOPS);
      await passing(Math.random() * 30);
      streamer.signal('SIGSTOP');
      const changing = bystander.ask<Changed>('change');
      const wrong = await bystander.ask<number>('read', { count: READS }); // an answer at all, while the change waits
      const changed = await changing; // and an end of the wait, while the streamer stands still
      streamer.signal('SIGCONT');

      expect(wrong).toBe(0);
      expect(changed.read).toBe(++expected);
      if (changed.reach === 'local') heldUp++;
    }

    await bystander.ask('settle');
    const before = await streamer.ask<number>('written');
    await bounded(
      (async () => {
        while ((await streamer.ask<number>('written')) === before) await passing(5);
      })(),
      'the stream to go on',
    );
    expect(await bystander.ask<number>('read', { count: READS })).toBe(0);
    expect(await bystander.ask<Changed>('change')).toMatchObject({ read: ++expected });
    await bystander.ask('settle');
    await streamer.leave();
    await bystander.leave();
  },
);

test(
  'beside a writer that stands still in a transaction, an opening ends: well, or by saying so',
  { timeout: LIMIT },
  async () => {
    const path = join(freshFolder(), 'cache');
    const streamer = start('streamer', { path } satisfies StreamerOptions);
    await streamer.ask('write');
    const bystander = start('bystander', { path } satisfies BystanderOptions);
    await bystander.ask('settle');
    await stopInATransaction(streamer, bystander);

    const newcomer = start('bystander', { path } satisfies BystanderOptions);
    const wrong = await newcomer.ask<number>('read', { count: READS }).catch((error: Error) => error.message);
    if (wrong !== 0) expect(wrong).toContain("code: 'in_use'");
    expect(await bystander.ask<number>('read', { count: READS })).toBe(0);

    streamer.signal('SIGCONT');
    const later = start('bystander', { path } satisfies BystanderOptions);
    expect(await later.ask<number>('read', { count: READS })).toBe(0);
    for (const program of [later, bystander, streamer]) await program.leave();
  },
);

test(
  'beside a writer that stands still in a transaction, closing ends, and the program ends well once the writer goes on',
  { timeout: LIMIT },
  async () => {
    const path = join(freshFolder(), 'cache');
    const streamer = start('streamer', { path } satisfies StreamerOptions);
    await streamer.ask('write');
    const bystander = start('bystander', { path } satisfies BystanderOptions);
    await bystander.ask('settle');
    await stopInATransaction(streamer, bystander);

    await expect(bystander.ask('leave')).resolves.toBeUndefined();
    streamer.signal('SIGCONT');
    await bystander.leave();
    await streamer.leave();
  },
);

/** Let the streamer stand still where it keeps others from writing. A busy machine may delay one change; not two. */
async function stopInATransaction(streamer: Program, bystander: Program): Promise<void> {
  const change = async () => (await bystander.ask<Changed>('change')).reach;
  for (let stop = 0, heldUp = false; !heldUp; stop++) {
    expect(stop).toBeLessThan(MOST_STOPS);
    streamer.signal('SIGCONT');
    await passing(Math.random() * 30);
    streamer.signal('SIGSTOP');
    heldUp = (await change()) === 'local' && (await change()) === 'local';
  }
}
