/** The broadcast log keeps the contract of a change log among participants of one process. */
import { randomUUID } from 'node:crypto';
import { describe, it } from 'vitest';
import { type BroadcastLog, broadcastLog, type BroadcastLogOptions } from 'tidemark/logs/broadcast';
import { changeLogSuite } from 'tidemark/testing';
import { LockManager } from './lock-manager.ts';

interface Made {
  readonly log: BroadcastLog;
  readonly all: readonly BroadcastLog[];
  readonly join: () => BroadcastLog;
}

/** The log under test is the keeper itself, or asks another. */
async function make(role: 'keeper' | 'asker', options: Partial<BroadcastLogOptions>): Promise<Made> {
  const whole = { name: randomUUID(), ...options };
  const all: BroadcastLog[] = [];
  const join = () => {
    all.push(broadcastLog(whole));
    return all.at(-1)!;
  };
  const keeper = join();
  await keeper.position({ signal: new AbortController().signal });
  return { log: role === 'keeper' ? keeper : join(), all, join };
}

/** How it is decided who the keeper is. */
const seats: readonly (readonly [string, () => Partial<BroadcastLogOptions>])[] = [
  ['without locks', () => ({ locks: false })],
  ['with locks', () => ({ locks: new LockManager().client() })],
];

for (const [how, optionsOf] of seats)
  for (const role of ['keeper', 'asker'] as const)
    changeLogSuite(
      { describe, it },
      {
        name: `broadcast log ${how}, the ${role}`,
        make: () => make(role, optionsOf()),
        makeSmall: () => make(role, { ...optionsOf(), keep: 100, stamps: 100 }),
        another: ({ join }: Made) => join(),
        ...(role === 'asker' && { lose: ({ all }: Made) => all[0].close() }),
        close: ({ all }: Made) => {
          for (const log of all) log.close();
        },
      },
    );
