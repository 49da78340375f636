/** The programs that tests start are compiled beforehand: Node runs no TypeScript. What is older than its source proves nothing. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** Each folder of sources, and what the compiler touches last whenever it has looked at all of them. */
const COMPILED = [
  { sources: 'src', built: 'dist/.tsbuildinfo' },
  { sources: 'test/processes/children', built: 'dist-programs/.tsbuildinfo' },
] as const;

/**
 * The path of a compiled program.
 *
 * @throws if it, or the package that it imports, hasn't been compiled since it was changed.
 */
export function builtProgram(name: string): string {
  const program = join(ROOT, 'dist-programs/test/processes/children', `${name}.js`);
  for (const { sources, built } of COMPILED)
    if (newestOf(join(ROOT, sources)) > timeOf(join(ROOT, built)))
      throw new Error(`${sources} has changed since it was compiled: run tsc -b`);
  if (timeOf(program) === 0) throw new Error(`${program} is missing: run tsc -b`);
  return program;
}

function newestOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return Math.max(...files.map((name) => timeOf(join(folder, name))));
}

function timeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
