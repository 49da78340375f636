/** The commits of a git repository, by `git log`, which only reads. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Commit, FileChange } from './history.ts';

const MOST_BYTES = 2 ** 30;
const BEGIN = '\u001E';
const SETTINGS = ['core.quotePath=false', 'log.showSignature=false', 'diff.orderFile=/dev/null'];
const COMMAND =
  '--no-optional-locks log --reverse --first-parent -m --root --no-color --no-ext-diff --find-renames --raw --no-abbrev -z';
const FORMAT = '--format=%x1e%H%x1f%T%x1f%ct%x1f%s';

/** The commits on the way to HEAD, the oldest first. Throws if there is no git, or no commit. */
export async function gitHistory(folder: string): Promise<readonly Commit[]> {
  const words = [...SETTINGS.flatMap((setting) => ['-c', setting]), ...COMMAND.split(' '), FORMAT, 'HEAD', '--'];
  const options = { cwd: folder, env: anywhere(process.env), maxBuffer: MOST_BYTES };
  const { stdout } = await promisify(execFile)('git', words, options);
  return parseLog(stdout);
}

/** An environment that names no repository: whoever starts this may be a hook of another one. */
export function anywhere(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('GIT_')));
}

/** Read what {@link COMMAND} prints: fields that end with NUL, the first of each commit marked. */
export function parseLog(text: string): readonly Commit[] {
  const fields = text.split('\0').map((field) => field.replace(/^\n/, ''));
  const commits: Commit[] = [];
  let changes: FileChange[] = [];
  for (let i = 0; i < fields.length; i++) {
    if (fields[i].startsWith(BEGIN)) {
      const [id, tree, seconds, subject] = fields[i].slice(1).split('\u001F');
      changes = [];
      commits.push({ id, tree, at: new Date(Number(seconds) * 1000).toISOString(), subject: line(subject), changes });
    } else if (fields[i].startsWith(':')) {
      const [, mode, , blob, status] = fields[i].split(' ');
      const from = status.startsWith('R') ? fields[++i] : undefined;
      changes.push({ path: fields[++i], from, file: status === 'D' ? undefined : { mode, blob } });
    }
  }
  return commits;
}

/** A text on one line, without what a terminal would obey. */
function line(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
}
