/** The demo of content: the site does what the demo says, all its checks hold, and it leaves nothing behind. */
import { expect, test } from 'vitest';
import { tellOfContent } from '../../demo/content/story.ts';
import { screen } from './fixtures.ts';

const AMPLE = 120_000;

test('shows a site that is read, edited and published', { timeout: AMPLE }, async () => {
  const [out, err] = [screen(), screen()];
  const { signal } = new AbortController();
  const done = await tellOfContent({ args: ['--content'], env: {}, signal, requests: 200, out, err });
  expect([done, err.text]).toEqual([0, '']);
  for (const line of [
    /the same, 500 times more +0 statements/,
    /with its ETag: 304 +0 statements, 0 bytes/,
    /a new draft: the front page stays +0 statements/,
    /two editors save over the same version +200 and 412/,
    /answers that differ from the database +0/,
    /All 15 checks hold\./,
  ])
    expect(out.text).toMatch(line);
  expect(['\r', '\u001B', '✘'].filter((sign) => out.text.includes(sign))).toEqual([]);
});

test('ends at once when it is stopped', { timeout: AMPLE }, async () => {
  const [out, err] = [screen(), screen()];
  const signal = AbortSignal.abort();
  expect(await tellOfContent({ args: ['--content'], env: {}, signal, out, err })).toBe(130);
});
