/** A damaged file never ends the process that opens it: what is served from it is right, or it is replaced and kept aside. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom } from 'tidemark/testing';
import type { Found } from './children/finder.ts';
import { type Damage, damages, someDamage } from './damage.ts';
import { freshFolder } from './folder.ts';
import { type Program, start } from './program.ts';
import { LIMIT, often } from './scale.ts';

const ROWS = 1200;
const SEED = Number(process.env['SEED'] ?? 20261120);

const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Harm a copy of the file in `base`, let a program open it, and see that it comes to no harm itself. */
async function expectNoHarm(base: string, finder: Program, { name, costs, harm }: Damage, seed: number): Promise<void> {
  const what = `${name} (seed ${seed})`;
  const place = join(base, '..', `harmed-${seed}`);
  const path = join(place, 'cache');
  mkdirSync(place);
  cpSync(base, path, { recursive: true, preserveTimestamps: true });
  harm(path, seededRandom(seed));
  const harmed = hashOf(join(path, 'data.mdb'));

  for (const opening of ['first', 'second']) {
    const found = await finder.ask<Found>('open', { path, rows: ROWS }).catch((error: Error) => {
      throw new Error(`${what}, ${opening} opening`, { cause: error });
    });
    const told = `${what}, ${opening} opening: ${JSON.stringify(found)}`;
    expect(found.wrong, told).toBe(0);
    if (costs !== undefined && opening === 'first') expect(found.there, told).toBe(costs === 'nothing' ? ROWS : 0);
    expect(found.error, told).toBeUndefined();
    for (const failure of Object.keys(found.failures)) expect(failure, told).toMatch(/^store_failed: /);
    if (found.replaced) {
      const { reason, movedTo } = found.replaced;
      expect(reason, told).toBe('damaged');
      expect(found.written, told).toBe(true);
      if (opening === 'first') expect(existsSync(movedTo!) && hashOf(join(movedTo!, 'data.mdb')), told).toBe(harmed);
    } else if (found.written !== true) expect(found.written, told).toMatch(/^store_failed: /);
  }
  rmSync(place, { recursive: true });
}

const lives = [{ left: 'that was closed' }, { left: 'whose process was killed' }] as const;

/** A file with rows, and a program that opens what it is told to. */
async function fileAndFinder(left: (typeof lives)[number]['left']): Promise<readonly [string, Program]> {
  const base = join(freshFolder(), 'base');
  const maker = start('finder', {});
  if (left === 'that was closed') {
    await maker.ask('make', { path: base, rows: ROWS });
    await maker.leave();
  } else {
    await maker.ask('makeAndKeep', { path: base, rows: ROWS });
    await maker.kill();
  }
  return [base, start('finder', {})];
}

test.each(lives)('a file $left is served whole when no harm has come to it', { timeout: LIMIT }, async ({ left }) => {
  const [base, finder] = await fileAndFinder(left);
  const found = await finder.ask<Found>('open', { path: base, rows: ROWS });
  expect(found).toEqual({ replaced: undefined, there: ROWS, wrong: 0, failures: {}, written: true });
  await finder.leave();
});

test.each(lives)('a file $left may be damaged where it hurts most', { timeout: LIMIT }, async ({ left }) => {
  const [base, finder] = await fileAndFinder(left);
  for (const [i, damage] of damages.entries()) await expectNoHarm(base, finder, damage, SEED + i);
  await finder.leave();
});

test.each(lives)('a file $left may be damaged anywhere', { timeout: LIMIT }, async ({ left }) => {
  const [base, finder] = await fileAndFinder(left);
  for (let i = 1; i <= often(15); i++) await expectNoHarm(base, finder, someDamage(seededRandom(SEED + i)), SEED + i);
  await finder.leave();
});
