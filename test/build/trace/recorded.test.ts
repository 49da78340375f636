/** A trace tells what a command read before it made anything, whatever processes it was spread over. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../counted-disk.ts';
import { recorded, toldBy } from './traced.ts';

const nothing = {
  complete: true,
  why: [],
  removed: [],
  readThenWritten: [],
  inModules: false,
  modules: [],
  inGit: false,
};

describe('recorded traces', () => {
  // cd lib; cat "a b.txt" > ../out/tmp; two children in the background, in other directories; mv; a link; >> log.txt; rm
  test('of a shell script with children elsewhere, renames, a link and an appended log', () => {
    const workspace = directoryWith({ 'lib/deep/two.txt': '2', tool: '#!/bin/sh\n' });
    symlinkSync('lib/deep', join(workspace, 'link'));
    const { outside, ...inside } = toldBy(recorded('sh'), workspace);
    expect(inside).toEqual({
      ...nothing,
      paths: [
        'build.sh',
        'lib',
        'lib/a b.txt',
        'lib/deep/tab\t"é".txt',
        'lib/deep/two.txt',
        'lib/missing',
        'lib/one.txt',
        'link',
        'log.txt',
        'old.txt',
        'tool',
      ],
      listed: ['lib/deep'],
      read: ['build.sh', 'lib/a b.txt', 'lib/deep/two.txt', 'lib/one.txt', 'link', 'log.txt', 'tool'],
      absent: ['lib/missing'],
      written: ['log.txt', 'out/all', 'out/two'],
      removed: ['old.txt'],
      readThenWritten: ['log.txt'],
    });
    expect(outside.written).toEqual([]);
    expect(outside.read).toContain('/usr/bin/cat');
  });

  // readdir and read in parallel, a failing stat, mkdir -p, write and rename, copyFile, rm, a worker thread, spawn in lib
  test('of Node with its pool of threads, a worker and a child', () => {
    const workspace = directoryWith();
    const { outside: _, ...inside } = toldBy(recorded('node'), workspace);
    expect(inside).toEqual({
      ...nothing,
      paths: [
        'build.mjs',
        'lib',
        'lib/a b.txt',
        'lib/deep/tab\t"é".txt',
        'lib/deep/two.txt',
        'lib/one.txt',
        'missing.json',
      ],
      listed: ['lib/deep'],
      read: ['build.mjs', 'lib/a b.txt', 'lib/deep/tab\t"é".txt', 'lib/deep/two.txt', 'lib/one.txt'],
      absent: ['missing.json'],
      written: ['dist/copy', 'dist/inner/made'],
    });
  });

  // tsc -p . in packages/a, whose config extends one of the workspace
  test('of tsc, with threads that ask for the same at the same time', () => {
    const workspace = directoryWith();
    mkdirSync(join(workspace, 'packages/a'), { recursive: true });
    const { outside: _, ...inside } = toldBy(recorded('tsc'), workspace, 'packages/a');
    expect(inside).toMatchObject({
      ...nothing,
      listed: ['packages/a', 'packages/a/src'],
      read: [
        'packages/a/package.json',
        'packages/a/src/b.ts',
        'packages/a/src/index.ts',
        'packages/a/tsconfig.json',
        'tsconfig.base.json',
      ],
      written: ['packages/a/dist/b.js', 'packages/a/dist/index.js'],
    });
    expect(inside.absent).toContain('packages/a/src/package.json');
    expect(inside.paths.filter((path) => path.includes('dist'))).toEqual([]);
  });
});

const end = '1 +++ exited with 0 +++\n';

describe('a path', () => {
  const cases: readonly [promise: string, lines: string, expected: object][] = [
    [
      'is no input where the task made it first',
      `1 openat(AT_FDCWD</repo>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/a>
1 openat(AT_FDCWD</repo>, "a", O_RDONLY) = 3</repo/a>`,
      { paths: [], written: ['a'], readThenWritten: [] },
    ],
    [
      'that was missed and then made is no input',
      `1 stat("a", 0x7ffc) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD</repo>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/a>`,
      { paths: [], absent: [], written: ['a'] },
    ],
    [
      'that was read and then written is told',
      `1 openat(AT_FDCWD</repo>, "a", O_RDONLY) = 3</repo/a>
1 openat(AT_FDCWD</repo>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/a>`,
      { paths: ['a'], written: ['a'], readThenWritten: ['a'] },
    ],
    [
      'that was read and then replaced by a renamed file is told',
      `1 openat(AT_FDCWD</repo>, "a", O_RDONLY) = 3</repo/a>
1 openat(AT_FDCWD</repo>, "a.tmp", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3</repo/a.tmp>
1 rename("a.tmp", "a") = 0`,
      { paths: ['a'], written: ['a'], readThenWritten: ['a'] },
    ],
    [
      'that is opened to write without emptying it is read and written',
      `1 open("a", O_RDWR|O_CREAT, 0666) = 3</repo/a>`,
      { paths: ['a'], written: ['a'], readThenWritten: ['a'] },
    ],
    [
      'that is emptied as it is opened is only written',
      `1 open("a", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3</repo/a>\n1 creat("b", 0666) = 4</repo/b>`,
      { paths: [], written: ['a', 'b'], readThenWritten: [] },
    ],
    [
      'that is changed in part, or gets another mode or time, is read and written',
      `1 chmod("a", 0755) = 0\n1 truncate("b", 10) = 0\n1 utimensat(AT_FDCWD</repo>, "c", NULL, 0) = 0`,
      { paths: ['a', 'b', 'c'], written: ['a', 'b', 'c'], readThenWritten: ['a', 'b', 'c'] },
    ],
    [
      'of a link or a copy that the task makes is written, and what it was made of is read',
      `1 link("a", "b") = 0\n1 symlinkat("a", AT_FDCWD</repo>, "c") = 0`,
      { paths: ['a'], read: ['a'], written: ['b', 'c'] },
    ],
    [
      'through a link that the task makes leads where that link led',
      `1 symlink("lib", "now") = 0\n1 stat("now/x", {st_mode=S_IFREG|0644, st_size=0, ...}) = 0\n1 unlink("now") = 0`,
      { paths: ['lib/x'], written: [], removed: [] },
    ],
    [
      'that comes and goes is nothing',
      `1 mkdir("t", 0777) = 0\n1 stat("t/x", 0x7ffc) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD</repo>, "t/y", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/t/y>
1 unlink("t/y") = 0\n1 rmdir("t") = 0\n1 stat("t", 0x7ffc) = -1 ENOENT (No such file or directory)`,
      { paths: [], written: [], removed: [] },
    ],
    [
      'goes along with the directory in which the task made it',
      `1 mkdir("tmp", 0777) = 0
1 openat(AT_FDCWD</repo>, "tmp/x", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/tmp/x>
1 rename("tmp", "dist") = 0\n1 openat(AT_FDCWD</repo>, "dist/x", O_RDONLY) = 3</repo/dist/x>`,
      { paths: [], written: ['dist/x'], removed: [] },
    ],
    [
      'of an empty directory is written, of one with something in it is not',
      `1 mkdir("a", 0777) = 0\n1 mkdir("a/b", 0777) = 0\n1 mkdir("c", 0777) = 0
1 openat(AT_FDCWD</repo>, "c/x", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/c/x>`,
      { written: ['a/b', 'c/x'] },
    ],
    [
      'in node_modules and .git is told apart',
      `1 openat(AT_FDCWD</repo>, "node_modules/@a/b/x.js", O_RDONLY) = 3</repo/node_modules/@a/b/x.js>
1 openat(AT_FDCWD</repo>, "p/node_modules/c/x.js", O_RDONLY) = 3</repo/p/node_modules/c/x.js>
1 openat(AT_FDCWD</repo>, ".git/HEAD", O_RDONLY) = 3</repo/.git/HEAD>`,
      { paths: [], inModules: true, modules: ['@a/b', 'c'], inGit: true },
    ],
    [
      'that a thread was asking for when it was killed is an input',
      `1 stat("a" <unfinished ...>\n1 <... stat resumed> <unfinished ...>) = ?
1 stat("b", 0x7ffc)              = ? <unavailable>
1 openat(AT_FDCWD</repo>, "c", O_RDONLY) = -1 (errno 18446744073709551284)
1 stat("d", 0x7ffc) = -1 ENOENT (No such file or directory)\n1 stat("d", 0x7ffc) = ? <unavailable>`,
      { paths: ['a', 'b', 'c', 'd'], absent: ['d'] },
    ],
    [
      'that a thread executes is read, and its process goes on',
      `1 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, exit_signal=0} => {parent_tid=[2]}, 88) = 2
2 execve("a", [...], 0x7ffc /* 3 vars */ <pid changed to 1 ...>\n1 +++ superseded by execve in pid 2 +++
1 <... execve resumed>) = -1 (errno 18446744073709551359)`,
      { paths: ['a'], read: ['a'] },
    ],
    [
      'that is no directory, or stands in the way of another, is there all the same',
      `1 openat(AT_FDCWD</repo>, "a", O_RDONLY|O_DIRECTORY) = -1 ENOTDIR (Not a directory)
1 rename("b", "c") = -1 EEXIST (File exists)\n1 open("a", O_RDONLY) = 3</repo/a>`,
      { paths: ['a', 'b', 'c'], absent: [], read: ['a'] },
    ],
    [
      'that leaves a directory again names that, too',
      `1 stat("lib/../a", {...}) = 0`,
      { paths: ['a', 'lib'], absent: [] },
    ],
    [
      'that needs a missing directory names what is missing',
      `1 stat("no/../x", 0x7ffc) = -1 ENOENT (No such file or directory)`,
      { paths: ['no'], absent: ['no'] },
    ],
  ];

  test.each(cases)('%s', (_, lines, expected) => {
    const observed = toldBy(`${lines}\n${end}`, directoryWith({ 'lib/x': '' }));
    expect(observed).toMatchObject({ complete: true, ...expected });
  });
});

describe('a trace is not complete', () => {
  const cases: readonly [when: string, lines: string, reason: RegExp][] = [
    ['when nothing was noted', '', /nothing was noted/],
    ['when it breaks off', '1 stat("a", {...}) = 0\n', /not watched to its end/],
    ['when a line breaks off', '1 stat("a", {...}) = 0\n1 openat(AT_FDCWD</re', /can't be understood/],
    ['when a call never ends', `1 rename("a", "b" <unfinished ...>\n2 stat("a", {...}) = 0\n`, /never ended/],
    ['when a change is stopped in the middle', `1 unlink("a") = ?\n${end}`, /stopped in the middle of unlink/],
    ['after io_uring', `1 io_uring_setup(8, {flags=0}) = 3<anon_inode:[io_uring]>\n${end}`, /io_uring/],
    ['after chroot', `1 chroot("/x") = 0\n${end}`, /another meaning/],
    [
      'after talking to a daemon',
      `1 connect(3<socket:[9]>, {sa_family=AF_UNIX, sun_path="/var/nx.sock"}, 110) = 0\n${end}`,
      /talked to "\/var\/nx.sock"/,
    ],
    [
      'after talking to another machine',
      `1 connect(3<socket:[9]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("10.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)\n${end}`,
      /port 443/,
    ],
    [
      'after moving a directory that was there, and what had been read in it',
      `1 openat(AT_FDCWD</repo>, "lib/x", O_RDONLY) = 3</repo/lib/x>\n1 rename("lib", "new") = 0\n${end}`,
      /moved the directory/,
    ],
    [
      'when a link through which it looked is gone',
      `1 stat("gone/x", {...}) = 0\n1 unlink("gone") = 0\n${end}`,
      /removed the link/,
    ],
    [
      'when something appears that it was not seen to make',
      `1 stat("a", 0x7ffc) = -1 ENOENT (No such file or directory)\n1 stat("a", {...}) = 0\n${end}`,
      /appeared/,
    ],
    ['when a name is not UTF-8', `1 stat("a\\377", {...}) = 0\n${end}`, /isn't UTF-8/],
    ['when a path was cut short', `1 stat("a"..., {...}) = 0\n${end}`, /cut short/],
    [
      'when it is unknown from where a path begins',
      `1 chdir("a") = 0\n1 vfork( <unfinished ...>\n2 chdir("b") = 0\n2 vfork( <unfinished ...>\n3 stat("x", {...}) = 0\n`,
      /can't be told/,
    ],
  ];

  test.each(cases)('%s', (_, lines, reason) => {
    const { complete, why } = toldBy(lines, directoryWith({ 'lib/x': '' }));
    expect(complete).toBe(false);
    expect(why).toContainEqual(expect.stringMatching(reason));
  });

  test('but it is after asking resolvers, and what it serves itself', () => {
    const lines = `1 connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = 0
1 connect(3<socket:[1]>, {sa_family=AF_UNIX, sun_path="/var/none.sock"}, 110) = -1 ENOENT (No such file or directory)
1 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 4<socket:[2]>
1 connect(4<socket:[2]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 0
1 connect(4<socket:[2]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("10.0.0.2")}, 16) = 0
1 bind(5<socket:[3]>, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
1 getsockname(5<socket:[3]>, {sa_family=AF_INET, sin_port=htons(34139), sin_addr=inet_addr("127.0.0.1")}, [128 => 16]) = 0
1 connect(6<socket:[4]>, {sa_family=AF_INET, sin_port=htons(34139), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress)
`;
    expect(toldBy(lines + end, directoryWith()).why).toEqual([]);
  });
});
