/** A line of text for each miss, load and change of a cache: keys and names, never values. */
import type { Cache } from '../engine/cache.ts';
import { encodePath, type Path } from '../engine/key.ts';

const SHOWN = 5;

/** Write a line for each; the result stops it. Keys are quoted, so that no key makes a line of its own. */
export function debugLines(cache: Pick<Cache, 'on'>, write: (line: string) => void): () => void {
  const stops = [
    cache.on('miss', ({ key }) => write(`miss ${shown(key)}`)),
    cache.on('load', ({ key, ms, kept }) => write(`load ${shown(key)} ${ms} ms${kept ? '' : ', not kept'}`)),
    cache.on('loadFailed', ({ key, error }) => write(`load ${shown(key)} failed: ${JSON.stringify(nameOf(error))}`)),
    cache.on('change', ({ dependencies, mark, reach }) => {
      const names = dependencies.slice(0, SHOWN).map((name) => JSON.stringify(name));
      if (dependencies.length > SHOWN) names.push(`and ${dependencies.length - SHOWN} more`);
      write(`change ${mark ?? 'unsaid'} ${reach} ${names.join(' ')}`);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

const shown = (key: Path): string => JSON.stringify(encodePath(key).slice(1));

/** The message of an error may hold what was asked for; its name doesn't. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
