/** On a full disk writes are refused with a clear error, reads go on, nothing is stale, and with room again all works again. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Audit, AuditorOptions } from './children/auditor.ts';
import type { Filled, FillerOptions, Used } from './children/filler.ts';
import { start } from './program.ts';
import { LIMIT } from './scale.ts';
import { smallDisk, whyNoDisk } from './tmpfs.ts';

const MB = 1024 * 1024;
const why = whyNoDisk();

describe(why === undefined ? 'on a small disk' : `no small disk can be mounted here: ${why}`, () => {
  test.skipIf(why !== undefined)('a full disk refuses writes and nothing else', { timeout: LIMIT }, async () => {
    const disk = smallDisk(8 * MB);
    const path = join(disk.path, 'cache');
    const ballast = join(disk.path, 'ballast');
    writeFileSync(ballast, Buffer.alloc(2 * MB));
    const filler = start('filler', { path } satisfies FillerOptions);

    const empty = await filler.ask<Used>('use');
    expect(empty).toMatchObject({ old: 0, lost: 0 });
    expect(empty.reaches).not.toContain('local');

    const full = await filler.ask<Filled>('fill');
    expect(full.written).toBeGreaterThan(1000);
    for (const refusal of full.refusals) {
      expect(refusal).toMatch(/^store_failed: /);
      expect(refusal).toContain(path);
      expect(refusal).toMatch(/disk is (nearly )?full/);
    }

    const { bavail, bsize } = statfsSync(disk.path);
    writeFileSync(join(disk.path, 'others'), Buffer.alloc(bavail * bsize)); // and somebody takes the very last byte
    const used = await filler.ask<Used>('use');
    expect(used).toMatchObject({ old: 0, lost: 0 });
    expect(new Set(used.reaches)).toEqual(new Set(['local']));

    rmSync(join(disk.path, 'others'));
    rmSync(ballast);
    await filler.ask('settle');
    const refilled = await filler.ask<Filled>('fill');
    expect(refilled.written).toBeGreaterThan(full.written);
    const after = await filler.ask<Used>('use');
    expect(after).toMatchObject({ old: 0, lost: 0 });
    await filler.leave();

    const auditor = start('auditor', { path } satisfies AuditorOptions);
    const written = [{ writer: 'filler', count: refilled.written }];
    const audit = await auditor.ask<Audit>('audit', { written });
    expect(audit).toMatchObject({ faults: [], rows: refilled.written, replaced: undefined });
    expect(audit.verification).toMatchObject({ damaged: 0, untimed: 0, orphans: 0, counted: true });
    await auditor.leave();
  });

  test.skipIf(why !== undefined)(
    'what can only be read is no place for a cache, and the caller is told',
    { timeout: LIMIT },
    async () => {
      const disk = smallDisk(8 * MB);
      const path = join(disk.path, 'cache');
      const first = start('filler', { path } satisfies FillerOptions);
      expect(await first.ask<Used>('use')).toMatchObject({ old: 0 });
      await first.leave();
      disk.makeReadOnly();

      const second = start('finder', { content: 0 });
      const found = await second.ask('open', { path });
      expect(found).toMatchObject({ error: expect.stringMatching(/^store_failed: .*read-only/i) as string });
      await second.leave();
    },
  );
});
