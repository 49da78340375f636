/** A report of a watched run tells what is declared wrongly. */
import { expect, test } from 'vitest';
import { compareTrace, traceReport } from '../../../src/build/trace/compare.ts';
import type { Observed } from '../../../src/build/trace/read-trace.ts';
import { directoryWith } from '../counted-disk.ts';
import { toldBy } from './traced.ts';

const told = (): Observed =>
  toldBy(
    `1 openat(AT_FDCWD</repo>, "in", O_RDONLY) = 3</repo/in>
1 openat(AT_FDCWD</repo>, "secret", O_RDONLY) = 3</repo/secret>
1 openat(AT_FDCWD</repo>, "/etc/conf", O_RDONLY) = 3</etc/conf>
1 openat(AT_FDCWD</repo>, "/var/out", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</var/out>
1 stat("absent", 0x7ffc) = -1 ENOENT (No such file or directory)
1 openat(AT_FDCWD</repo>, "dist/a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/dist/a>
1 openat(AT_FDCWD</repo>, "stray", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/stray>
1 openat(AT_FDCWD</repo>, "in", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</repo/in>
1 +++ exited with 0 +++
`,
    directoryWith(),
  );

test('what is read and written without being declared is told, and what is declared in vain', () => {
  const findings = compareTrace(told(), { inputs: ['unread', 'in'], outputs: ['dist/a', 'in'] });
  expect(findings).toEqual({
    complete: true,
    why: [],
    undeclaredInputs: ['secret'],
    unreadInputs: ['unread'],
    undeclaredOutputs: ['stray'],
    changedInputs: ['in'],
    failedLookups: ['absent'],
    listed: [],
    outsideReads: ['/etc/conf'],
    outsideWrites: ['/var/out'],
  });
  expect(traceReport(findings)).toEqual([
    'read, but no declared input: 1',
    '  "secret"',
    'written, but no declared output: 1',
    '  "stray"',
    'declared inputs that it changes itself: 1',
    '  "in"',
    'written outside of the workspace: 1',
    '  "/var/out"',
    'declared inputs that it never looked at: 1',
    '  "unread"',
    'looked for, and not there: 1',
    '  "absent"',
    'read outside of the workspace: 1',
    '  "/etc/conf"',
  ]);
});

test('a report says what could not be seen, and cuts long lists of what is no fault', () => {
  const many = Array.from({ length: 12 }, (_, i) => `x${i}`);
  const findings = compareTrace({ ...told(), complete: false, why: ['reason'] }, { inputs: many, outputs: [] });
  const lines = traceReport(findings);
  expect(lines[0]).toBe('not everything could be seen: reason');
  expect(lines).toContain('  and 2 more');
});

test('a run that did what is declared gets one line', () => {
  const observed = told();
  const { paths, written } = observed;
  const clean = { ...observed, absent: [], readThenWritten: [], outside: { read: [], written: [] } };
  expect(traceReport(compareTrace(clean, { inputs: paths, outputs: written }))).toEqual([
    'all that it read and wrote is declared',
  ]);
});
