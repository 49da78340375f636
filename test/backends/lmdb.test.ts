/** The LMDB backend keeps the contracts of store, log and backend. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type LmdbBackend, lmdbBackend, type LmdbOptions } from 'tidemark/backends/lmdb';
import { backendSuite, manualClock } from 'tidemark/testing';

interface Made {
  readonly backend: LmdbBackend;
  readonly folder: string;
  readonly clock: ReturnType<typeof manualClock>;
}

function make(options: Partial<LmdbOptions> = {}): Made {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-lmdb-'));
  const clock = manualClock();
  return { folder, clock, backend: lmdbBackend({ path: join(folder, 'a.b'), clock, ...options }) };
}

backendSuite(
  { describe, it },
  {
    name: 'LMDB backend',
    make,
    makeSmall: () => make({ keepChanges: 100, keepStamps: 100 }),
    another: (made: Made) => lmdbBackend({ path: join(made.folder, 'a.b'), clock: made.clock }),
    leases: { passTime: (made: Made, ms: number) => made.clock.advance(ms) },
    close: (made: Made) => rmSync(made.folder, { recursive: true, force: true }),
  },
);
