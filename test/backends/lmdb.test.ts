/** The LMDB backend keeps the contracts of store, log and backend. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { Store } from 'tidemark';
import { type LmdbBackend, lmdbBackend, type LmdbOptions } from 'tidemark/backends/lmdb';
import { jsonCodec } from 'tidemark/codecs/json';
import { backendSuite, manualClock } from 'tidemark/testing';

interface Made {
  readonly backend: LmdbBackend;
  readonly folder: string;
  readonly clock: ReturnType<typeof manualClock>;
}

const openings = new WeakMap<Store, LmdbOptions>();

function open(options: LmdbOptions): LmdbBackend {
  const backend = lmdbBackend(options);
  openings.set(backend, options);
  return backend;
}

/** In memory where that is to be had: how long a disk takes to flush is none of the contracts' business. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

function make(options: Partial<LmdbOptions> = {}): Made {
  const folder = mkdtempSync(join(base, 'tidemark-lmdb-'));
  const clock = manualClock();
  return { folder, clock, backend: open({ path: join(folder, 'a.b'), clock, ...options }) };
}

/** Once for each codec and durability: nothing of the contracts may rest on either. */
const kinds: readonly (readonly [string, Partial<LmdbOptions>])[] = [
  ['LMDB backend', {}],
  ['LMDB backend with JSON, packed', { codec: jsonCodec, compression: true }],
  ['LMDB backend that waits for the disk', { durability: 'machine' }],
];

for (const [name, options] of kinds)
  backendSuite(
    { describe, it },
    {
      name,
      make: () => make(options),
      makeSmall: () => make({ keepChanges: 100, keepStamps: 100, ...options }),
      another: ({ folder, clock }: Made) => open({ path: join(folder, 'a.b'), clock, ...options }),
      reopen: (closed) => open(openings.get(closed)!),
      mirror: true,
      leases: { passTime: ({ clock }: Made, ms) => clock.advance(ms) },
      close: ({ folder }: Made) => rmSync(folder, { recursive: true, force: true }),
    },
  );
