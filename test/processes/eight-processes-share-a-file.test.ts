/** Many processes on one file: each reads only what is right, and nothing that any of them wrote is missing at the end. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Audit, AuditorOptions } from './children/auditor.ts';
import type { CitizenOptions, Life } from './children/citizen.ts';
import { freshFolder } from './folder.ts';
import { start } from './program.ts';
import { LIMIT, often } from './scale.ts';

const CITIZENS = 8;
const MS = often(10_000);

test(
  'eight processes on one file for ten seconds: every read is right, every write is there',
  { timeout: LIMIT },
  async () => {
    const folder = freshFolder();
    const path = join(folder, 'cache');
    const truth = join(folder, 'truth');
    mkdirSync(truth);
    const citizens = Array.from({ length: CITIZENS }, (_, number) =>
      start('citizen', {
        path,
        folder: truth,
        number,
        citizens: CITIZENS,
        consistency: number % 2 === 0 ? 'bounded' : 'strong',
      } satisfies CitizenOptions),
    );

    const lives = await Promise.all(citizens.map((citizen) => citizen.ask<Life>('live', { ms: MS })));

    expect(lives.flatMap(({ faults }) => faults)).toEqual([]);
    for (const life of lives)
      for (const count of [life.written, life.rowsFound, life.changes, life.pagesRead])
        expect(count).toBeGreaterThan(0);
    expect(Math.max(...lives.map(({ hits }) => hits))).toBeGreaterThan(0);
    expect(Math.max(...lives.map(({ inFile }) => inFile))).toBeGreaterThan(0);
    await Promise.all(citizens.map((citizen) => citizen.leave()));

    const auditor = start('auditor', { path } satisfies AuditorOptions);
    const written = lives.map((life, number) => ({ writer: `citizen${number}`, count: life.written }));
    const audit = await auditor.ask<Audit>('audit', { written });
    expect(audit).toMatchObject({ faults: [], verification: { damaged: 0, untimed: 0, orphans: 0, counted: true } });
    await auditor.leave();
  },
);
