/** What each call means for the paths that it names. */
import type { Call } from './calls.ts';

/** Which arguments of a call name a path: the descriptor of the directory that it begins in, if there is one, and its text. */
export interface PathArguments {
  readonly directory?: number;
  readonly path: number;
  /** Which argument holds the flags. */
  readonly flags?: number;
}

/** What a call does. */
export type Effect =
  /** Asks what is there; `follow` unless a flag says otherwise. */
  | { readonly does: 'ask' | 'execute' | 'enter'; readonly at: PathArguments; readonly follow: boolean }
  /** Opens it, to read or to write. */
  | { readonly does: 'open'; readonly at: PathArguments }
  | { readonly does: 'rename' | 'link'; readonly from: PathArguments; readonly to: PathArguments }
  | { readonly does: 'symlink'; readonly target: number; readonly to: PathArguments }
  | { readonly does: 'make' | 'makeDirectory'; readonly at: PathArguments }
  | { readonly does: 'change'; readonly at: PathArguments; readonly follow: boolean }
  | { readonly does: 'remove'; readonly at: PathArguments }
  /** The same for what is open. */
  | { readonly does: 'list' | 'changeOpen' | 'truncateOpen' | 'enterOpen' }
  | { readonly does: 'fork' | 'socket' }
  /** What it leads to can't be told. */
  | { readonly does: 'hide'; readonly why: string };

const first: PathArguments = { path: 0 };
const at = (flags = -1): PathArguments => ({ directory: 0, path: 1, flags });
const ask = (where: PathArguments, follow = true): Effect => ({ does: 'ask', at: where, follow });
const change = (where: PathArguments, follow = true): Effect => ({ does: 'change', at: where, follow });
const hide = (why: string): Effect => ({ does: 'hide', why });
const elsewhere = hide('it gave paths another meaning');

const table: Readonly<Record<string, Effect>> = {
  open: { does: 'open', at: { path: 0, flags: 1 } },
  creat: { does: 'open', at: first },
  openat: { does: 'open', at: at(2) },
  openat2: { does: 'open', at: at(2) },
  stat: ask(first),
  stat64: ask(first),
  lstat: ask(first, false),
  lstat64: ask(first, false),
  newfstatat: ask(at(3)),
  fstatat64: ask(at(3)),
  statx: ask(at(2)),
  access: ask(first),
  faccessat: ask(at(3)),
  faccessat2: ask(at(3)),
  readlink: ask(first, false),
  readlinkat: ask(at(), false),
  getxattr: ask(first),
  lgetxattr: ask(first, false),
  execve: { does: 'execute', at: first, follow: true },
  execveat: { does: 'execute', at: at(4), follow: true },
  rename: { does: 'rename', from: first, to: { path: 1 } },
  renameat: { does: 'rename', from: at(), to: { directory: 2, path: 3 } },
  renameat2: { does: 'rename', from: at(4), to: { directory: 2, path: 3 } },
  link: { does: 'link', from: first, to: { path: 1 } },
  linkat: { does: 'link', from: at(4), to: { directory: 2, path: 3 } },
  symlink: { does: 'symlink', target: 0, to: { path: 1 } },
  symlinkat: { does: 'symlink', target: 0, to: { directory: 1, path: 2 } },
  mkdir: { does: 'makeDirectory', at: first },
  mkdirat: { does: 'makeDirectory', at: at() },
  mknod: { does: 'make', at: first },
  mknodat: { does: 'make', at: at() },
  unlink: { does: 'remove', at: first },
  unlinkat: { does: 'remove', at: at(2) },
  rmdir: { does: 'remove', at: first },
  truncate: change(first),
  truncate64: change(first),
  chmod: change(first),
  fchmodat: change(at()),
  fchmodat2: change(at(3)),
  chown: change(first),
  lchown: change(first, false),
  fchownat: change(at(4)),
  utime: change(first),
  utimes: change(first),
  futimesat: change(at()),
  utimensat: change(at(3)),
  fchmod: { does: 'changeOpen' },
  fchown: { does: 'changeOpen' },
  ftruncate: { does: 'truncateOpen' },
  ftruncate64: { does: 'truncateOpen' },
  getdents: { does: 'list' },
  getdents64: { does: 'list' },
  chdir: { does: 'enter', at: first, follow: true },
  fchdir: { does: 'enterOpen' },
  fork: { does: 'fork' },
  vfork: { does: 'fork' },
  clone: { does: 'fork' },
  clone3: { does: 'fork' },
  socket: { does: 'socket' },
  bind: { does: 'socket' },
  connect: { does: 'socket' },
  getsockname: { does: 'socket' },
  io_uring_setup: hide('it used io_uring, where files are read unseen'),
  open_by_handle_at: hide('it opened files by handles, which have no names'),
  chroot: elsewhere,
  pivot_root: elsewhere,
  mount: elsewhere,
  move_mount: elsewhere,
  setns: elsewhere,
};

/** What a call does; `undefined` for one that is unknown, or means nothing for paths. */
export function effectOf({ name, args }: Call): Effect | undefined {
  if (name === 'unshare') return args[0]?.includes('CLONE_NEWNS') ? elsewhere : undefined;
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** How a file is opened. */
export interface Opening {
  readonly reads: boolean;
  readonly writes: boolean;
  /** `O_CREAT`: something is there afterwards. */
  readonly creates: boolean;
  /** `O_EXCL`: nothing was there. */
  readonly fresh: boolean;
  /** `O_TRUNC`: nothing of it is left. */
  readonly empties: boolean;
  readonly follow: boolean;
  /** `O_TMPFILE`: a file without a name in that directory. */
  readonly nameless: boolean;
}

/** How a call of the `open` family opens. */
export function openingOf(name: string, flags: string | undefined): Opening {
  const text = name === 'creat' ? 'O_WRONLY|O_CREAT|O_TRUNC' : (flags ?? '');
  const has = (flag: string): boolean => new RegExp(String.raw`\b${flag}\b`).test(text);
  const isPlace = has('O_PATH') || has('O_DIRECTORY');
  const writes = has('O_WRONLY') || has('O_RDWR');
  return {
    reads: !isPlace && !has('O_WRONLY'),
    writes: writes || has('O_TRUNC') || has('O_CREAT'),
    creates: has('O_CREAT'),
    fresh: has('O_CREAT') && has('O_EXCL'),
    empties: has('O_TRUNC'),
    follow: !has('O_NOFOLLOW') && !(has('O_CREAT') && has('O_EXCL')),
    nameless: has('O_TMPFILE'),
  };
}
