/** Directories as level-cache leaves them behind, made with LevelDB itself. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { onTestFinished } from 'vitest';

/** The sign between namespace and key. */
export const SIGN = '\u241f';

/** Key and value as they stand in the database: an envelope, or any other text. */
export type Row = readonly [key: string | Buffer, value: object | string];

/** A directory with these rows, in the steps in which they are given. */
export async function levelDirectory(...steps: readonly (readonly Row[])[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'level-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await writeRows(folder, ...steps);
  return folder;
}

/** Write rows as a program would that still uses level-cache. */
export async function writeRows(folder: string, ...steps: readonly (readonly Row[])[]): Promise<void> {
  const level = new ClassicLevel<Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'utf8' });
  for (const rows of steps)
    await level.batch(
      rows.map(([key, value]) => ({
        type: 'put',
        key: Buffer.from(key),
        value: typeof value === 'string' ? value : JSON.stringify(value),
      })),
    );
  await level.close();
}

/** Rows `k0000` to …, in order, in a namespace. */
export function manyRows(count: number, namespace = 'default', envelope: object = {}): Row[] {
  return Array.from({ length: count }, (_, i) => [
    `${namespace}${SIGN}k${String(i).padStart(4, '0')}`,
    { v: { i, text: 'x'.repeat(i % 50) }, ...envelope },
  ]);
}

/** Every file of a directory: its size, its times, what is in it. The lock file isn't opened: closing it would unlock it. */
export function stateOf(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder)
      .toSorted()
      .map((name) => {
        const path = join(folder, name);
        const { size, mtimeMs, ctimeMs, ino, nlink, mode } = statSync(path);
        const content = name === 'LOCK' ? '' : readFileSync(path);
        const digest = createHash('sha256').update(content).digest('hex');
        return [name, JSON.stringify({ size, mtimeMs, ctimeMs, ino, nlink, mode, digest })];
      }),
  );
}
