/** The repository speaks about the project only: not about machines, registries, trackers, or how it was written. */
import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { read, root } from '../support/repository.ts';

const self = 'test/structure/project.test.ts';

/** What git holds or would take, as text; this file is left out because it has to spell what it forbids. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root })
  .toString()
  .split('\0')
  .filter((path) => path !== '' && path !== self && lstatSync(join(root, path), { throwIfNoEntry: false })?.isFile())
  .map((path) => ({ path, text: read(path) }))
  .filter(({ text }) => !text.includes('\0'));

const everywhere = /./;
const written = /^(src|docs)\/|^[^/]+\.md$/;

const forbidden = [
  {
    what: 'a path of one machine',
    where: everywhere,
    pattern: /(?<![\w.~-])\/(?:work|root|home|Users|tmp)\/|\b[A-Z]:\\\w/,
  },
  { what: 'a registry host', where: everywhere, pattern: /\bregistry\.[a-z0-9-]+\.[a-z]|npm\.pkg\.|\bverdaccio\b/i },
  { what: 'a lock entry that names its host', where: /^package-lock\.json$/, pattern: /"resolved"/ },
  // A colour such as `color: #111` follows a colon or a quote, an entity such as `&#39;` an ampersand.
  { what: 'an issue number', where: everywhere, pattern: /(?<![\w&'"`]|:\s?)#\d+\b|\b(?:issue|PR|pull request) #?\d/i },
  {
    what: 'a word about how it was written',
    where: everywhere,
    pattern:
      /\b(?:claude|anthropic|openai|chatgpt|copilot|llm|sub-?agent|co-authored-by|plan 00\d)\b|\b(?:this|last|previous|next|earlier) session\b/i,
  },
  { what: 'work left undone', where: written, pattern: /\b(?:TODO|FIXME|XXX|HACK)\b/ },
];

describe('no file names', () => {
  test.each(forbidden)('$what', ({ where, pattern }) => {
    expect(files.length).toBeGreaterThan(10);
    const found = files
      .filter(({ path }) => where.test(path))
      .flatMap(({ path, text }) => text.split('\n').map((line, index) => ({ place: `${path}:${index + 1}`, line })))
      .filter(({ line }) => pattern.test(line));
    expect(found).toEqual([]);
  });
});
