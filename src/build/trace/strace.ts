/** How a command is watched on Linux: `strace` stops it at the calls that look at files or change them, and at no others. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { isCode } from '../disk.ts';

/**
 * What the environment of a watched command must have: Node's file operations must not go through io_uring, where nobody
 * sees them.
 */
export const TRACED_ENVIRONMENT: Readonly<Record<string, string>> = { UV_USE_IO_URING: '0' };

/** Names that a platform or a release doesn't know are passed over. */
const CALLS = [
  // what looks at a path
  'open openat openat2 stat stat64 lstat lstat64 newfstatat fstatat64 statx access faccessat faccessat2',
  'readlink readlinkat getxattr lgetxattr getdents getdents64 execve execveat',
  // what changes what is there
  'creat rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat mkdir mkdirat rmdir',
  'mknod mknodat truncate truncate64 ftruncate ftruncate64 chmod fchmod fchmodat fchmodat2 chown lchown',
  'fchown fchownat utime utimes futimesat utimensat',
  // what a relative path means
  'chdir fchdir fork vfork clone clone3',
  // what would let files be read unseen
  'socket bind connect getsockname io_uring_setup open_by_handle_at chroot pivot_root mount move_mount',
  'setns unshare',
]
  .join(' ')
  .split(' ');

/**
 * The command with `strace` in front, which notes in `file` what the command and its children do. It ends as the command
 * ends: with its exit code, or by the same signal. It isn't the command's parent
 * (`-D`), so what is left behind doesn't hold it up. Paths are always noted whole; of other text nothing is (`-s 0`). Whether the program is there has to be
 * looked at before.
 */
export function tracedCommand(command: readonly string[], file: string): readonly string[] {
  const calls = CALLS.map((name) => `?${name}`).join(',');
  // What never ends a process needn't be noted; of others, that they did is part of the trace.
  const signals = 'signal=!SIGCHLD,SIGURG,SIGWINCH';
  // Absolute, since `-o` takes a name that begins with `|` or `!` for a command.
  const noted = ['-e', signals, '-e', `trace=${calls}`, '-o', resolve(file)];
  return ['strace', '-D', '-f', '--seccomp-bpf', '-q', '-y', '-s', '0', ...noted, '--', ...command];
}

let reason: string | false | undefined;

/** Why commands can't be watched here, in words; `undefined` if they can. It is tried once in a process. */
export function whyNoTrace(): string | undefined {
  reason ??= tried() ?? false;
  return reason === false ? undefined : reason;
}

function tried(): string | undefined {
  if (process.platform !== 'linux') return `commands are watched on Linux only, and this is ${process.platform}`;
  const [program, ...rest] = tracedCommand(['true'], '/dev/null');
  const { status, error, stderr } = spawnSync(program, rest, { encoding: 'utf8', timeout: 10_000 });
  if (status === 0 && stderr === '') return undefined;
  if (isCode(error, 'ENOENT')) return "strace isn't installed";
  if (/unrecognized option|invalid option/.test(stderr)) return 'strace is older than 5.3';
  return `strace can't be used here: ${error?.message ?? (stderr.trim().split('\n')[0] || `it ended with ${status}`)}`;
}
