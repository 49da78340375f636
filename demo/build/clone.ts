/** A copy of a repository's files, changed and unchanged, with what is installed linked into it. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { anywhere } from '../documents/git-history.ts';
import { Trouble } from '../trouble.ts';

const MOST_BYTES = 2 ** 28;
const LIST = 'ls-files -z --cached --others --exclude-standard'.split(' ');
/** What isn't copied where git doesn't say what is. */
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

async function filesOf(folder: string): Promise<readonly string[]> {
  const options = { cwd: folder, env: anywhere(process.env), maxBuffer: MOST_BYTES };
  const isFile = (path: string): boolean => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile() === true;
  try {
    if (!existsSync(join(folder, '.git'))) throw new Trouble('no repository of its own');
    const { stdout } = await promisify(execFile)('git', LIST, options);
    return [...new Set(stdout.split('\0'))].filter((path) => path !== '' && isFile(path));
  } catch {
    const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return all.filter((path) => !path.split(sep).some((part) => MADE.has(part)) && isFile(path));
  }
}
