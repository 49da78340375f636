/** Globs of what the TypeScript compiler writes for one project. */
import { basename, dirname, join, relative, resolve } from 'node:path';
import { createFilesMatcher } from 'get-tsconfig';
import { globbed } from '../globbed.ts';
import { type Findings, isDirectory, within } from './findings.ts';
import type { TsOptions, TsProject } from './tsconfig.ts';

/** What is compiled: a project with the options of the command line over its own, or the files of the command line. */
export interface Compilation {
  readonly project?: TsProject;
  readonly options: TsOptions;
  /** Files of the command line, absolute. */
  readonly files: readonly string[];
  /** Compiled by `-b`, which keeps a `.tsbuildinfo` of every project. */
  readonly built: boolean;
  /** Endings of sources besides those of TypeScript, such as `vue`: of `a.vue` come `a.vue.js` and `a.vue.d.ts`. */
  readonly endings: readonly string[];
}

/** Adds what a compilation writes. */
export function tscOutputs(compilation: Compilation, found: Findings): void {
  const { project, options, built } = compilation;
  if (isEmpty(compilation)) return; // a project of references only
  const incremental = built || options.get('composite') === true || options.get('incremental') === true;
  const info = buildInfoPath(options, project?.path);
  const emits = options.get('noemit') !== true;
  if (incremental && info !== undefined) {
    // With an old one beside newer outputs, the compiler would leave those as they are.
    if (emits) found.state(info);
    else found.cache(info);
  }
  if (!emits) return;

  const outFile = text(options, 'outfile');
  if (outFile !== undefined) {
    const bare = withoutExtension(outFile);
    found.files(outFile, `${outFile}.map`, `${bare}.d.ts`, `${bare}.d.ts.map`);
    return;
  }
  const outDir = text(options, 'outdir');
  const declarationDir = text(options, 'declarationdir') ?? outDir;
  const code = options.get('emitdeclarationonly') !== true;
  const declares = options.get('declaration') ?? options.get('composite');
  if (code) write(compilation, outDir, codeNames(compilation), found);
  if (declares === true) write(compilation, declarationDir, declarationNames(compilation), found);
}

/** Where the state of an incremental compilation is kept. */
function buildInfoPath(options: TsOptions, config: string | undefined): string | undefined {
  const named = text(options, 'tsbuildinfofile');
  if (named !== undefined) return named;
  const outFile = text(options, 'outfile');
  if (outFile !== undefined) return `${withoutExtension(outFile)}.tsbuildinfo`;
  if (config === undefined) return undefined;
  const bare = config.replace(/\.json$/, '');
  const outDir = text(options, 'outdir');
  const rootDir = text(options, 'rootdir');
  if (outDir === undefined) return `${bare}.tsbuildinfo`;
  // As if it were compiled: a configuration above the root directory has its state above the output directory.
  return `${rootDir === undefined ? join(outDir, basename(bare)) : resolve(outDir, relative(rootDir, bare))}.tsbuildinfo`;
}

/** Endings of what is made, by the ending of the source. */
type Endings = Readonly<Record<string, readonly string[]>>;

const MAPPED = (ending: string): readonly string[] => [ending, `${ending}.map`];

function codeNames({ options, endings }: Compilation): Endings {
  const scripts = [...MAPPED('js'), ...MAPPED('jsx')];
  const [modules, commons] = [MAPPED('mjs'), MAPPED('cjs')];
  return {
    ts: scripts,
    tsx: scripts,
    mts: modules,
    cts: commons,
    ...(isScripted(options) ? { js: scripts, jsx: scripts, mjs: modules, cjs: commons } : {}),
    ...(options.get('resolvejsonmodule') === false ? {} : { json: ['json'] }),
    ...Object.fromEntries(endings.map((ending) => [ending, MAPPED(`${ending}.js`)])),
  };
}

function declarationNames({ options, endings }: Compilation): Endings {
  const [scripts, modules, commons] = [MAPPED('d.ts'), MAPPED('d.mts'), MAPPED('d.cts')];
  return {
    ts: scripts,
    tsx: scripts,
    mts: modules,
    cts: commons,
    ...(isScripted(options) ? { js: scripts, jsx: scripts, mjs: modules, cjs: commons } : {}),
    ...Object.fromEntries(endings.map((ending) => [ending, MAPPED(`${ending}.d.ts`)])),
  };
}

function isScripted(options: TsOptions): boolean {
  return (options.get('allowjs') ?? options.get('checkjs')) === true;
}

/**
 * What goes into a directory of its own is told by its endings, whatever the sources are called. Among sources, such globs
 * would take scripts and declarations that are written by hand; there, only what has the name of a source is taken, and the
 * snapshot has to tell of the rest.
 */
function write(compilation: Compilation, into: string | undefined, endings: Endings, found: Findings): void {
  if (into !== undefined && !basesOf(compilation).some((base) => within(into, base) !== undefined)) {
    const all = [...new Set(Object.values(endings).flat())];
    found.directory(into, { pattern: `**/*.{${all.join(',')}}` });
    return;
  }
  found.incomplete();
  for (const source of sourcesOf(compilation, Object.keys(endings))) {
    const [, bare, ending] = /^(.*)\.([^./\\]+)$/s.exec(source) ?? ['', source, ''];
    const places = into === undefined ? [bare] : rootsOf(compilation).map((root) => join(into, relative(root, bare)));
    for (const place of places)
      found.files(...(endings[ending] ?? []).map((made) => `${place}.${made}`).filter((made) => made !== source));
  }
}

/** Files and directories in which sources are looked for. */
function basesOf({ project, files }: Compilation): readonly string[] {
  if (project === undefined) return files;
  const { config, path } = project;
  const here = dirname(path);
  const include = config.include ?? (config.files === undefined ? ['.'] : []);
  const bases = include.map((glob) => {
    const parts = glob.replace(/^\$\{configDir\}/i, '.').split('/');
    const dynamic = parts.findIndex((part) => /[*?]/.test(part));
    return resolve(here, (dynamic < 0 ? parts : parts.slice(0, dynamic)).join('/') || '.');
  });
  return [...bases, ...(config.files ?? []).map((file) => resolve(here, file))];
}

function sourcesOf(compilation: Compilation, endings: readonly string[]): readonly string[] {
  const { project, files } = compilation;
  if (project === undefined) return files;
  const isIn = createFilesMatcher({ path: project.path, config: project.config });
  const wanted = endings.filter((ending) => ending !== 'json'); // those are in by import only
  const sources = new Set<string>();
  for (const base of basesOf(compilation)) {
    if (!isDirectory(base)) sources.add(base);
    else
      for (const name of globbed({ root: base, globs: [`**/*.{${wanted.join(',')}}`] })) {
        const path = join(base, name);
        if (compilation.endings.some((ending) => path.endsWith(`.${ending}`)) || isIn(path) !== undefined)
          sources.add(path);
      }
  }
  return [...sources].filter((source) => !/\.d\.(?:[^./\\]+\.)?[cm]?ts$/.test(source));
}

/** Directories from which the names in the output directory may count. */
function rootsOf(compilation: Compilation): readonly string[] {
  const rootDir = text(compilation.options, 'rootdir');
  if (rootDir !== undefined) return [rootDir];
  const bases = basesOf(compilation).map((base) => (isDirectory(base) ? base : dirname(base)));
  const here = compilation.project === undefined ? [] : [dirname(compilation.project.path)];
  return [...new Set([...here, ...bases])];
}

function isEmpty({ project, files }: Compilation): boolean {
  if (project === undefined) return files.length === 0;
  return project.config.files?.length === 0 && project.config.include === undefined;
}

function text(options: TsOptions, name: string): string | undefined {
  const value = options.get(name);
  return typeof value === 'string' ? value : undefined;
}

function withoutExtension(path: string): string {
  return path.replace(/\.[^./\\]+$/, '');
}
