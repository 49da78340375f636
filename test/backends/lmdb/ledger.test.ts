/** Stamps on disk say what stamps in memory say: never less than what changed, and exactly that while they remember it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { type LmdbBackend, lmdbBackend } from 'tidemark/backends/lmdb';
import { StampTable } from '../../../src/engine/stamp-table.ts';
import { encodePattern } from '../../../src/engine/pattern.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-ledger-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const call = { signal: new AbortController().signal };

const key = fc.constantFrom('=/s/a', '=/s/b', '=/s/c/d', '^/s', '^/s/c', '#/s/t');
const rule = fc.constantFrom(
  '*' + encodePattern(['s', 'a']),
  '*' + encodePattern(['s', 'c', 'd']),
  '*' + encodePattern(['x']),
);
const dependency = fc
  .tuple(fc.boolean(), fc.oneof({ weight: 4, arbitrary: key }, rule))
  .map(([soft, name]) => (soft ? '?' : '') + name);
const changes = fc.array(fc.array(dependency, { minLength: 1, maxLength: 3 }), { maxLength: 30 });
const asked = ['=/s/a', '=/s/b', '=/s/c/d', '^/s', '^/s/c', '#/s/t', '=/s/never'].flatMap((name) => [name, '?' + name]);

let made = 0;
async function withBackend(
  keepStamps: number,
  run: (backend: LmdbBackend, path: string) => Promise<void>,
): Promise<void> {
  const path = join(folder, String(made++));
  const backend = lmdbBackend({ path, keepStamps, sweepEvery: Infinity });
  try {
    await run(backend, path);
  } finally {
    await backend.close();
  }
}

test('as long as nothing is forgotten, stamps are exact', async () => {
  await fc.assert(
    fc.asyncProperty(changes, (all) =>
      withBackend(1000, async (backend) => {
        const table = new StampTable();
        for (const [i, change] of all.entries()) {
          await backend.log.append(change, call);
          for (const one of change) table.record(one, i + 1);
        }
        const { stamps } = await backend.log.stamps(asked, call);
        expect(stamps).toEqual(asked.map((one) => table.stampOf(one)));
      }),
    ),
    { numRuns: 60 },
  );
});

test('what is forgotten lies at or below the floor: no stamp is ever too small', async () => {
  await fc.assert(
    fc.asyncProperty(changes, fc.integer({ min: 1, max: 4 }), (all, keepStamps) =>
      withBackend(keepStamps, async (backend) => {
        const exact = new StampTable();
        for (const [i, change] of all.entries()) {
          await backend.log.append(change, call);
          for (const one of change) exact.record(one, i + 1);
          const { stamps, head } = await backend.log.stamps(asked, call);
          stamps.forEach((mark, at) => {
            expect(mark).toBeGreaterThanOrEqual(exact.stampOf(asked[at]));
            expect(mark).toBeLessThanOrEqual(head);
          });
        }
      }),
    ),
    { numRuns: 60 },
  );
});

test('a change that is rolled back leaves no trace', async () => {
  await withBackend(1000, async (backend) => {
    await backend.log.append(['=/s/a'], call);
    const given = new AbortController();
    given.abort(new Error('too late'));
    await expect((async () => backend.log.append(['=/s/a'], { signal: given.signal }))()).rejects.toThrow('too late');
    expect((await backend.log.position(call)).head).toBe(1);
  });
});

test('stamps, rules and floor are there after reopening', async () => {
  const path = join(folder, 'again');
  const all = [['=/s/a', '#/s/t'], ['*' + encodePattern(['s', 'c', 'd'])], ['?^/s'], ['=/s/b']];
  const first = lmdbBackend({ path });
  for (const change of all) await first.log.append(change, call);
  const before = await first.log.stamps(asked, call);
  await first.close();
  const second = lmdbBackend({ path });
  expect(await second.log.stamps(asked, call)).toEqual(before);
  expect((await second.log.read(0, call)).changes.map(({ change }) => change)).toEqual(all);
  await second.close();
});
