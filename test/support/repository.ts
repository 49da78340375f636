/** What the structure tests read: the files of the repository, its package.json, and the imports of a source file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor } from 'rolldown/utils';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** The conditions of one door, in the order in which package.json names them. */
export type Door = { readonly '@tidemark/source': string; readonly types: string; readonly default: string };

type Manifest = {
  readonly exports: Readonly<Record<string, Door | string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};

export const manifest = JSON.parse(read('package.json')) as Manifest;

/** Every export but package.json itself, by subpath. */
export const doors: ReadonlyMap<string, Door> = new Map(
  Object.entries(manifest.exports).filter((entry): entry is [string, Door] => typeof entry[1] === 'object'),
);

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Paths below a folder, relative to the repository, with forward slashes. */
export function filesBelow(folder: string, extension: string): readonly string[] {
  const full = join(root, folder);
  return readdirSync(full, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(extension))
    .map((path) => relative(root, join(full, path)).split(sep).join('/'))
    .toSorted();
}

/** What a file imports, in any form: static, type-only, re-export, dynamic, `import('…')` types. */
export function importsOf(path: string): readonly string[] {
  const { program, errors } = parseSync(path, read(path));
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const found: string[] = [];
  const add = (specifier: { readonly value: string } | null) => {
    if (specifier) found.push(specifier.value);
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    ImportExpression: (node) => {
      found.push(node.source.type === 'Literal' ? String(node.source.value) : '(computed)');
    },
  }).visit(program);
  return found;
}

/** The repository path that a relative import means. */
export function resolveFrom(importer: string, specifier: string): string {
  return posix.join(posix.dirname(importer), specifier);
}
