/** What the pages about builds say of options, flags and reasons is what the code has. */
import { expect, test } from 'vitest';
import { runCommandLine } from '../../src/cli/build/run.ts';
import { filesBelow, read } from '../support/repository.ts';

const troubleshooting = read('docs/build-troubleshooting.md');

/** The cells of the tables in a part of a page. */
function cells(page: string, heading: string): readonly (readonly string[])[] {
  const [, part = ''] = page.split(`\n${heading}\n`);
  const rows = part.split(/\n## /)[0].match(/^\|.*\|$/gm) ?? [];
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function named(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
}

test('each reason why a result isn’t kept is explained, with the text that is shown', () => {
  const [, union = ''] = /export type NotStored =\n([^]*?);/.exec(read('src/build/run-result.ts')) ?? [];
  const reasons = [...union.matchAll(/'([^']+)'/g)].map(([, reason]) => reason);
  expect(reasons.length).toBeGreaterThan(5);
  const rows = cells(troubleshooting, "## It ran, and isn't kept").slice(2);
  expect(new Set(rows.flatMap(([reason]) => named(reason)))).toEqual(new Set(reasons));

  const code = filesBelow('src/build', '.ts').map(read).join('\n').replaceAll("\\'", "'");
  const pieces = rows.flatMap(([, texts]) => named(texts)).flatMap((text) => text.split('…'));
  const unsaid = pieces.map((piece) => piece.replace(/^[: ]+|[: ]+$/g, '')).filter((piece) => !code.includes(piece));
  expect(unsaid.filter((piece) => !isJoined(piece, code))).toEqual([]);
});

/** `it makes files …` is put together of two texts. */
function isJoined(piece: string, code: string): boolean {
  return ['makes', 'changes'].some(
    (verb) => code.includes(`'${verb}'`) && code.includes(piece.replace(verb, '${what}')),
  );
}

test('each option of tidemark.build.json is explained', () => {
  type Schema = {
    readonly properties: object;
    readonly definitions: Readonly<Record<string, { readonly properties?: object }>>;
  };
  const { properties, definitions } = JSON.parse(read('tidemark.build.schema.json')) as Schema;
  const page = read('docs/build-tasks.md');
  const told = (heading: string) =>
    new Set(
      cells(page, heading)
        .slice(2)
        .flatMap(([option]) => named(option)),
    );
  expect(told('## The file')).toEqual(new Set(Object.keys(properties)));
  expect(told('## What a task may say')).toEqual(new Set(Object.keys(definitions['task'].properties ?? {})));
});

test('each option of openBuildCache is explained, and each flag of tidemark run', () => {
  const page = read('docs/build.md');
  const [, names = ''] =
    /const NAMES: readonly string\[\] = \(([^]*?)\)\.split/.exec(read('src/build/build-options.ts')) ?? [];
  const options = [...names.matchAll(/[a-zA-Z]+/g)].map(([name]) => name);
  expect(options.length).toBeGreaterThan(10);
  const told = new Set(cells(page, '## Options').flatMap(([option]) => named(option)));
  expect(options.filter((name) => !told.has(name))).toEqual([]);

  const flags = runCommandLine.help.flatMap((line) => [...line.matchAll(/--[a-z-]+/g)].map(([flag]) => flag));
  const pages = filesBelow('docs', '.md')
    .filter((path) => path.startsWith('docs/build'))
    .map(read)
    .join('\n');
  expect(flags.filter((flag) => !new RegExp(String.raw`${flag}\b`).test(pages))).toEqual([]);
});

test('links between the pages about builds lead somewhere', () => {
  const pages = ['README.md', 'docs/index.md', 'docs/contracts.md', ...filesBelow('docs', '.md')].filter((path) =>
    /build|README|index|contracts/.test(path),
  );
  const anchorsOf = (path: string): ReadonlySet<string> =>
    new Set([...read(path).matchAll(/^#+ (.*)$/gm)].map(([, title]) => anchorOf(title)));
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]*\.md)?(?:#([^)]+))?\)/g)].flatMap(([link, file, anchor]) => {
      if (file === undefined && anchor === undefined) return [];
      const path = file === undefined ? page : new URL(file, `file:///${page}`).pathname.slice(1);
      return anchor === undefined || anchorsOf(path).has(anchor) ? [] : [`${page}: ${link}`];
    }),
  );
  expect(broken).toEqual([]);
});

/** As GitHub makes them. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
