/** A workspace with one package, whose task makes files; and how often it has run. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ran } from './processes.ts';

/** A workspace in a folder of its own. */
export interface Workspace {
  readonly root: string;
  /** The directory of its package, which is called `big`. */
  readonly package: string;
  /** What its task makes. */
  readonly dist: string;
  /** For what programs keep outside of the workspace. */
  readonly home: string;
  /** How often the task has run. */
  readonly runs: () => number;
}

/** What a workspace is like. */
export interface WorkspaceOptions {
  /** How `dist` is made, in the language of a module that has `fs`. */
  readonly script: string;
  /** How many files the task reads. Default: 20. */
  readonly sources?: number;
  /** What else is in it, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * Makes a workspace in a repository of its own. The task is `node build.mjs` in the package: it reads `src`, and makes
 * `dist`.
 */
export function makeWorkspace(folder: string, { script, sources = 20, files = {} }: WorkspaceOptions): Workspace {
  const [root, home, log] = ['workspace', 'home', 'runs'].map((name) => join(folder, name));
  const directory = join(root, 'packages', 'big');
  const all: Record<string, string> = {
    'package.json': JSON.stringify({
      name: 'workspace',
      private: true,
      packageManager: 'npm@11.0.0',
      workspaces: ['packages/*'],
    }),
    'package-lock.json': LOCKFILE,
    '.gitignore': 'node_modules\ndist\n.turbo\n.nx\n.wireit\n',
    'packages/big/package.json': JSON.stringify({
      name: 'big',
      version: '1.0.0',
      scripts: { build: 'node build.mjs' },
    }),
    'packages/big/build.mjs': buildScript(script, log),
    ...files,
  };
  for (let i = 0; i < sources; i++) all[`packages/big/src/${sourceAt(i)}`] = `export const value = ${i};\n`;
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(home);
  mkdirSync(join(root, 'node_modules'));
  writeFileSync(log, '');
  const git = (...words: readonly string[]) => ran({ argv: ['git', ...words], cwd: root, env: { HOME: home } });
  git('init', '--quiet');
  git('add', '--all');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@localhost', 'commit', '--quiet', '--message', 'Begin');
  const runs = () => readFileSync(log, 'utf8').length;
  return { root, package: directory, dist: join(directory, 'dist'), home, runs };
}

/** Takes the outputs away. */
export function removeOutputs({ dist }: Pick<Workspace, 'dist'>): void {
  rmSync(dist, { recursive: true, force: true });
}

/** Makes the next run one that nobody has seen. */
export function changeSource({ package: directory }: Workspace): void {
  appendFileSync(join(directory, 'src', sourceAt(0)), '// changed\n');
}

/** Forty in a directory. */
function sourceAt(i: number): string {
  return `d${Math.floor(i / 40)}/${i}.ts`;
}

const LOCKFILE = JSON.stringify({
  name: 'workspace',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': { name: 'workspace', workspaces: ['packages/*'] },
    'node_modules/big': { resolved: 'packages/big', link: true },
    'packages/big': { name: 'big', version: '1.0.0' },
  },
});

function buildScript(script: string, log: string): string {
  return `import fs from 'node:fs';
fs.appendFileSync(${JSON.stringify(log)}, '.');
for (const entry of fs.readdirSync('src', { recursive: true, withFileTypes: true }))
  if (entry.isFile()) fs.readFileSync(entry.parentPath + '/' + entry.name);
${script}
console.log('built');
`;
}
