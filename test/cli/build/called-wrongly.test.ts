/** A call that can't be meant ends with 2, names what is wrong, and does nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Place } from './place.ts';

const OF_RUN: readonly (readonly [named: string, flags: readonly string[]])[] = [
  ['--find', ['--find', 'magic']],
  ['--links', ['--links', 'soft']],
  ['--node', ['--node', '20']],
  ['--no-such-flag', ['--no-such-flag']],
  ['--cache-dir', ['--cache-dir', '']],
  ['--in', ['--in', '']],
  ['--in', ['--in', '/etc/passwd', '--no-out']],
  ['--in', ['--in', '../../x', '--no-out']],
  ['--out', ['--in', 'src/**']],
  ['--out', ['--out', 'dist', '--no-out']],
  ['--exclude', ['--exclude', '../../x']],
  ['--env', ['--env', '']],
  ['--pass-env', ['--pass-env', '']],
  ['--name', ['--name', '']],
  ['--remote', ['--remote', '']],
  ['--remote', ['--remote', 'http://']],
  ['--remote', ['--remote', 's3://bucket']],
  ['--read-only', ['--read-only', '--off']],
  ['--write-only', ['--write-only', '--read-only']],
  ['--force', ['--force', '--dry-run']],
  ['--trace', ['--trace', '--dry-run']],
  ['--quiet', ['--quiet', '--verbose']],
  ['--concurrency', ['--concurrency', '2']],
  ['--continue', ['--continue']],
];

test.each(OF_RUN)('run -- command: %s is wrong in %j', async (named, flags) => {
  const place = new Place();
  const { code, out, said } = await place.call(['run', ...flags, '--', 'touch', 'made']);
  expect({ code, out, made: place.has('made') }).toEqual({ code: 2, out: [], made: false });
  expect(said).toEqual([expect.stringContaining(named), expect.stringMatching(/^usage: tidemark run /)]);
  expect(existsSync(join(place.cacheDir, 'v1', 'records'))).toBe(false);
});

test.each([
  ['TIDEMARK_CACHE_MODE', 'readonly'],
  ['TIDEMARK_CACHE_VERIFY', 'maybe'],
  ['TIDEMARK_CACHE_REMOTE', 'ftp://elsewhere'],
])('a variable that can’t be is named: %s=%s', async (name, value) => {
  const place = new Place();
  const { code, said } = await place.call(['run', '--', 'true'], { environment: { [name]: value } });
  expect({ code, said }).toEqual({ code: 2, said: [expect.stringContaining(name), expect.stringMatching(/^usage: /)] });
});

test.each([
  { line: ['run'], says: 'a command after --, or a task' },
  { line: ['run', '--'], says: 'a command after --, or a task' },
  { line: ['run', 'build', '--', 'true'], says: '"build" stands before --' },
  { line: ['run', 'tsc', '-p', '.'], says: "Unknown option '-p'" },
  { line: ['run', 'make', 'all'], says: 'tidemark run -- make all' },
  { line: ['why'], says: 'a command after --, or one task' },
  { line: ['why', 'a', 'b'], says: 'a command after --, or one task' },
  { line: ['why', '--force', '--', 'true'], says: '--force' },
  { line: ['why', '--in', '../..', '--no-out', '--', 'true'], says: '--in' },
  { line: ['cache'], says: 'there is nothing called ""' },
  { line: ['cache', 'empty'], says: 'there is nothing called "empty"' },
  { line: ['cache', 'clean', 'all'], says: '"all" is one argument too many' },
  { line: ['cache', 'clean', '--cache-dir', ''], says: '--cache-dir' },
  { line: ['cache', 'clean', '--force'], says: '--force' },
  { line: ['cache', 'prune', 'much'], says: '<limit>' },
  { line: ['cache', 'prune', '5'], says: '<limit>' },
  { line: ['cache', 'prune', '1.2.3gb'], says: '<limit>' },
  { line: ['cache', 'prune', '5gb', '7d'], says: '<limit>' },
  { line: ['cache', 'prune', '--fix'], says: '--fix is for verify' },
  { line: ['cache', 'show'], says: '<key>' },
  { line: ['cache', 'show', 'XYZ'], says: '<key>' },
  { line: ['cache', 'ls', 'more', '--json'], says: '"more"' },
])('$line', async ({ line, says }) => {
  const place = new Place();
  const { code, out, said } = await place.call(line);
  expect({ code, out }).toEqual({ code: 2, out: [] });
  expect(said).toEqual([expect.stringContaining(says), expect.stringMatching(`^usage: tidemark ${line[0]} `)]);
  expect(existsSync(place.cacheDir)).toBe(false);
});
