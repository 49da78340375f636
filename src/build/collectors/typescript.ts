/** The TypeScript compiler, and those that stand in for it: `tsc`, `vue-tsc`, `tsgo`. */
import { dirname } from 'node:path';
import type { Collected } from './collected.ts';
import { Findings, type Invocation } from './findings.ts';
import { CHANGES, MEASURES, OF_BEFORE, PRINTS, WATCHES } from './refusals.ts';
import { tscFlags } from './tsc-flags.ts';
import { tscOutputs } from './tsc-outputs.ts';
import { projectFile, tsProject, type TsProject } from './tsconfig.ts';

const refusals: Readonly<Record<string, string>> = {
  help: PRINTS,
  all: PRINTS,
  version: PRINTS,
  init: CHANGES,
  watch: WATCHES,
  clean: 'it deletes what was built',
  dry: OF_BEFORE,
  generatecpuprofile: MEASURES,
  generatetrace: MEASURES,
  pprofdir: MEASURES,
};

export function collectTypescript(invocation: Invocation): Collected | undefined {
  const { tool, words, place } = invocation;
  if (words.some((word) => word.startsWith('@'))) return undefined; // its arguments are in a file
  const { options, rest } = tscFlags(words, place.cwd);
  const found = new Findings(invocation);
  for (const [name, reason] of Object.entries(refusals)) if (options.get(name)) found.refuse(reason);

  const endings = tool === 'vue-tsc' ? ['vue'] : [];
  const built = options.get('build') === true;
  if (!built && rest.length > 0) {
    found.nearestConfig(place.cwd, ['package.json']);
    tscOutputs({ options, files: rest.map((file) => found.at(file)), built, endings }, found);
    return found.collected();
  }
  const start = built
    ? (rest.length > 0 ? rest : ['.']).map((path) => projectFile(found.at(path)))
    : startOf(options.get('project'), found);
  for (const project of projectsFrom(start, found))
    if (built || start.includes(project.path))
      tscOutputs({ project, options: new Map([...project.options, ...options]), files: [], built, endings }, found);
  return found.collected();
}

/** The project that is named, or the nearest. */
function startOf(named: unknown, found: Findings): readonly string[] {
  if (typeof named === 'string') return [projectFile(found.at(named))];
  const nearest = found.nearestConfig('.', ['tsconfig.json']);
  if (nearest === undefined) found.incomplete(); // there may be one above the workspace
  return nearest === undefined ? [] : [nearest];
}

/** The projects, and those that they refer to, each once. */
function projectsFrom(paths: readonly string[], found: Findings): readonly TsProject[] {
  const projects = new Map<string, TsProject>();
  const left = [...paths];
  for (let path = left.shift(); path !== undefined; path = left.shift()) {
    if (projects.has(path)) continue;
    found.configs(path);
    const project = tsProject(path);
    if (project === undefined) {
      found.incomplete();
      continue;
    }
    projects.set(path, project);
    found.configs(...project.read);
    found.nearestConfig(dirname(path), ['package.json']); // its type decides what a module is
    left.push(...project.references);
  }
  return [...projects.values()];
}
