/** The programs that tests start are compiled beforehand: Node runs no TypeScript. What is older than its source proves nothing. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** Where programs that tests start are. No two have the same name. */
const PROGRAMS = ['test/processes/children', 'test/faults/children'];
const PROGRAMS_BUILT = 'dist-programs/.tsbuildinfo';

/** Each folder of sources, and what the compiler touches last whenever it has looked at all of them. */
const COMPILED = [
  { sources: 'src', built: 'dist/.tsbuildinfo' },
  ...PROGRAMS.map((sources) => ({ sources, built: PROGRAMS_BUILT })),
];

/**
 * The path of a compiled program.
 *
 * @throws if it, or the package that it imports, hasn't been compiled since it was changed.
 */
export function builtProgram(name: string): string {
  for (const { sources, built } of COMPILED)
    if (newestOf(join(ROOT, sources)) > timeOf(join(ROOT, built)))
      throw new Error(`${sources} has changed since it was compiled: run tsc -b`);
  const places = PROGRAMS.map((folder) => join(ROOT, 'dist-programs', folder, `${name}.js`));
  const program = places.find((place) => timeOf(place) > 0);
  if (program === undefined) throw new Error(`the program ${name} is missing: run tsc -b`);
  return program;
}

function newestOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Math.max(...files.map((name) => timeOf(join(folder, name))));
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
