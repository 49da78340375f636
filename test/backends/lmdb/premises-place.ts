/** Directories for environments, what happens to them, and a look inside. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { afterEach } from 'vitest';
import { presentBoot } from '../../../src/backends/lmdb/users.ts';

const PAGE = 4096;
const made: string[] = [];

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A path in a new folder, with nothing there yet. A dot in it, since LMDB takes that for a file's name. */
export function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-'));
  made.push(folder);
  return join(folder, '.cache', 'v1.2');
}

/** Open the environment as the backend does. */
export function openEnvironment(path: string): RootDatabase<Buffer, string> {
  return open<Buffer, string>({
    path,
    noSubdir: false,
    overlappingSync: false,
    eventTurnBatching: false,
    noSync: true,
    encoding: 'binary',
    maxDbs: 16,
    pageSize: PAGE,
  });
}

/** Let something be done with a database of the environment, in one transaction. */
export async function edit(path: string, work: (rows: Database<Buffer, string>) => void): Promise<void> {
  const root = openEnvironment(path);
  const rows = root.openDB<Buffer, string>({ name: 'rows', encoding: 'binary' });
  root.transactionSync(() => work(rows));
  await root.close();
}

/** Write 2,000 rows, in pages enough to damage, with free pages among them. */
export async function fill(path: string): Promise<void> {
  for (const _ of [1, 2, 3])
    await edit(path, (rows) => {
      for (let row = 0; row < ROWS; row++) rows.putSync(`row ${row}`, Buffer.alloc(300, row));
    });
}

/** How many rows {@link fill} writes. */
export const ROWS = 2000;

/** How many rows there are. */
export async function count(path: string): Promise<number> {
  let rows = 0;
  await edit(path, (database) => (rows = database.getKeysCount()));
  return rows;
}

/** The number of a process that has ended. */
function deadProcess(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

/** The name under which a process that has ended would be registered. */
export function deadName(): string {
  return `${deadProcess()}-1-${presentBoot()}-0123456789abcdef`;
}

/** All who have the environment open have died, at once. */
export function die(path: string): void {
  const users = join(path, 'users');
  const pid = deadProcess();
  readdirSync(users).forEach((name, index) => {
    const unique = String(index).padStart(16, '0');
    renameSync(join(users, name), join(users, `${pid}-1-${presentBoot()}-${unique}`));
  });
}

/** The header, as it is on the disk. */
export function headerOf(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(path, 'tidemark.json'), 'utf8')) as Record<string, unknown>;
}

/** Change some of the header. */
export function editHeader(path: string, changes: object): void {
  writeFileSync(join(path, 'tidemark.json'), JSON.stringify({ ...headerOf(path), ...changes }));
}

/** Change the bytes of the data file. */
export function editData(path: string, change: (bytes: Buffer) => void): void {
  const place = join(path, 'data.mdb');
  const bytes = readFileSync(place);
  change(bytes);
  writeFileSync(place, bytes);
}

/** Fill pages with bytes that mean nothing, the same each time. */
export function scribble(bytes: Buffer, page: number, pages: number): void {
  let state = page + 1;
  for (let at = page * PAGE; at < (page + pages) * PAGE; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
}

/** The first pages of the list of free pages and of that of databases. */
export function rootsOf(bytes: Buffer): { readonly free: number; readonly main: number } {
  const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(PAGE + 152) ? 0 : PAGE;
  return { free: Number(bytes.readBigUInt64LE(newer + 88)), main: Number(bytes.readBigUInt64LE(newer + 136)) };
}

/** Every file below a directory, with what is in it. */
export function snapshot(path: string): readonly (readonly [name: string, content: string])[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'latin1')] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}
