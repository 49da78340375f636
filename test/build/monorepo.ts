/** A generated workspace of TypeScript packages in layers, each built from its sources and what those below it were built to. */
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A package of a workspace. */
interface MonorepoPackage {
  readonly name: string;
  readonly directory: string;
  /** 0 at the bottom. */
  readonly layer: number;
  /** Names of the packages that it imports, all of them of lower layers. */
  readonly dependencies: readonly string[];
}

/** A workspace as it was made. */
export interface Monorepo {
  readonly directory: string;
  /** From the bottom up: a package comes after all that it depends on. */
  readonly packages: readonly MonorepoPackage[];
}

const LAYERS = 5;
const PARTS = 3;
const SCRIPTS = ['compile.mjs', 'check.mjs'];
/** Beside the source of this file, which may be the compiled one. */
const [PLACE] = ['monorepo', '../../../test/build/monorepo']
  .map((path) => join(import.meta.dirname, path))
  .filter(existsSync);

/**
 * Makes a workspace in an empty directory: the same bytes each time, wherever it is. `tidemark.build.json` has two tasks
 * for every package. `build` writes `dist/*.js` and `dist/*.d.ts`; comments in sources don't show there. `test` runs the
 * package and all below it, and prints `<name>: value <number>`, which any part (`src/part-0.ts`, …) below may change.
 * Each task that runs appends `<package>#<task>` to the file that `MONOREPO_LOG` names, if that is set.
 */
export function makeMonorepo(directory: string, options: { readonly packages: number }): Monorepo {
  const packages: MonorepoPackage[] = [];
  const width = Math.ceil(options.packages / LAYERS);
  for (let n = 0; n < options.packages; n++) packages.push(packageAt(n, width, packages, directory));
  const put = (path: string, content: string | object): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
    writeFileSync(join(directory, path), text);
  };
  put('package.json', { name: 'monorepo', private: true, type: 'module', workspaces: ['packages/*'] });
  put('package-lock.json', lockfile(packages));
  put('.gitignore', 'node_modules\ndist\n');
  put('tidemark.build.json', TASKS);
  put('tsconfig.base.json', {
    compilerOptions: { target: 'es2023', module: 'nodenext', strict: true, composite: true },
  });
  put('tsconfig.json', { files: [], references: packages.map((one) => ({ path: `packages/${last(one.name)}` })) });
  mkdirSync(join(directory, 'scripts'));
  for (const script of SCRIPTS) copyFileSync(join(PLACE, script), join(directory, 'scripts', script));
  mkdirSync(join(directory, 'node_modules', '@mono'), { recursive: true });
  for (const [n, one] of packages.entries()) {
    for (const [path, content] of Object.entries(filesOf(one, n))) put(`packages/${last(one.name)}/${path}`, content);
    symlinkSync(join('..', '..', 'packages', last(one.name)), join(directory, 'node_modules', one.name), 'junction');
  }
  return { directory, packages };
}

const TASKS = {
  tasks: {
    build: {
      dependsOn: ['^build'],
      inputs: ['src/**', 'package.json', 'tsconfig.json', '../../tsconfig.base.json', '../../scripts/compile.mjs'],
      outputs: ['dist/**'],
      passEnv: ['MONOREPO_LOG'],
    },
    test: {
      dependsOn: ['build'],
      inputs: ['package.json', '../../scripts/check.mjs'],
      outputs: [],
      passEnv: ['MONOREPO_LOG'],
    },
  },
};

/** One dependency straight below, and up to two that are anywhere below: there are diamonds, and edges that skip layers. */
function packageAt(n: number, width: number, below: readonly MonorepoPackage[], directory: string): MonorepoPackage {
  const layer = Math.floor(n / width);
  const lower = layer * width;
  const chosen = layer === 0 ? [] : [lower - width + (n % width), (n * 7) % lower, (n * 13 + 5) % lower];
  const short = `p${String(n).padStart(2, '0')}`;
  const dependencies = [...new Set(chosen)].toSorted((a, b) => a - b).map((at) => below[at].name);
  return { name: `@mono/${short}`, directory: join(directory, 'packages', short), layer, dependencies };
}

function filesOf({ name, dependencies }: MonorepoPackage, n: number): Readonly<Record<string, string | object>> {
  const parts = Array.from({ length: PARTS }, (_, part) => `part${part}`);
  const terms = [...parts, ...dependencies.map(last)].map((term) => `${term}()`);
  const index = [
    `// What ${name} is for.`,
    ...dependencies.map((one) => `import { value as ${last(one)} } from '${one}';`),
    ...parts.map((part, i) => `import { ${part} } from './part-${i}.js';`),
    '',
    'export function value(): number {',
    `  return ${terms.join(' + ')};`,
    '}',
    '',
  ];
  return {
    'package.json': {
      name,
      version: '1.0.0',
      type: 'module',
      exports: { types: './dist/index.d.ts', default: './dist/index.js' },
      scripts: { build: 'node ../../scripts/compile.mjs', test: 'node ../../scripts/check.mjs' },
      dependencies: Object.fromEntries(dependencies.map((one) => [one, '1.0.0'])),
    },
    'tsconfig.json': {
      extends: '../../tsconfig.base.json',
      compilerOptions: { rootDir: 'src', outDir: 'dist' },
      include: ['src'],
      references: dependencies.map((one) => ({ path: `../${last(one)}` })),
    },
    'src/index.ts': index.join('\n'),
    ...Object.fromEntries(parts.map((part, i) => [`src/part-${i}.ts`, partOf(part, name, 100 * n + i)])),
  };
}

function partOf(part: string, name: string, value: number): string {
  return `// A part of ${name}.\nexport function ${part}(): number {\n  return ${value};\n}\n`;
}

function lockfile(packages: readonly MonorepoPackage[]): object {
  const places = packages.flatMap(({ name, dependencies }) => [
    [`node_modules/${name}`, { resolved: `packages/${last(name)}`, link: true }],
    [
      `packages/${last(name)}`,
      { name, version: '1.0.0', dependencies: Object.fromEntries(dependencies.map((one) => [one, '1.0.0'])) },
    ],
  ]);
  const root = { name: 'monorepo', workspaces: ['packages/*'] };
  return {
    name: 'monorepo',
    lockfileVersion: 3,
    requires: true,
    packages: Object.fromEntries([['', root], ...places]),
  };
}

/** The name without its scope. */
function last(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
