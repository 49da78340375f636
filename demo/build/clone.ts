/** A copy of a repository's files, changed and unchanged, with what is installed linked into it. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { anywhere } from '../documents/git-history.ts';
import { Trouble } from '../trouble.ts';

const MOST_BYTES = 2 ** 28;
const LIST = 'ls-files -z --cached --others --exclude-standard'.split(' ');
/** Folders that aren't copied where git doesn't say what is. */
const MADE = new Set(['.git', 'node_modules', 'dist', 'dist-programs', 'coverage']);
/** What tools keep beside packages is theirs. */
const NOTES = new Set(['.bin', '.package-lock.json']);

/** Copy it. Answers with how many files there are. Throws {@link Trouble} where nothing is installed. */
export async function copyRepository(from: string, to: string): Promise<number> {
  const installed = join(from, 'node_modules');
  if (!existsSync(installed)) throw new Trouble('There is no node_modules here: run npm ci first.');
  const paths = await filesOf(from);
  for (const folder of new Set(paths.map((path) => dirname(path)))) mkdirSync(join(to, folder), { recursive: true });
  for (const path of paths) copyFileSync(join(from, path), join(to, path));
  mkdirSync(join(to, 'node_modules'));
  for (const name of readdirSync(installed).filter((one) => !one.startsWith('.') || NOTES.has(one))) {
    const target = join(installed, name);
    symlinkSync(target, join(to, 'node_modules', name), statSync(target).isDirectory() ? 'junction' : 'file');
  }
  return paths.length;
}

/** What git knows and doesn't ignore; all but what is made where there is no git. */
async function filesOf(folder: string): Promise<readonly string[]> {
  if (!existsSync(join(folder, '.git'))) return [...filesBelow(folder, '')];
  const options = { cwd: folder, env: anywhere(process.env), maxBuffer: MOST_BYTES };
  try {
    const { stdout } = await promisify(execFile)('git', LIST, options);
    const isFile = (path: string): boolean =>
      lstatSync(join(folder, path), { throwIfNoEntry: false })?.isFile() === true;
    return [...new Set(stdout.split('\0'))].filter((path) => path !== '' && isFile(path));
  } catch {
    return [...filesBelow(folder, '')];
  }
}

function* filesBelow(folder: string, path: string): Generator<string> {
  for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isFile()) yield below;
    else if (entry.isDirectory() && !MADE.has(entry.name)) yield* filesBelow(folder, below);
  }
}
