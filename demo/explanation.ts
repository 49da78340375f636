/** What `cache.explain` says, line by line. */
import type { Explanation } from 'tidemark';

const KINDS: Readonly<Record<string, string>> = { '=': 'key ', '^': 'path', '#': 'tag ' };

/** An explanation as lines of text, without margins. */
export function explanationLines({ mark, floor, tiers, inFlight }: Explanation): string[] {
  let last = '';
  const lines = [`newest mark ${mark}, floor ${floor}, ${inFlight ? 'a load is under way' : 'no load is under way'}`];
  for (const { tier, served, why, mark: at, freshFor = Infinity, dependencies = [] } of tiers) {
    lines.push(`${tier}: ${served ? 'served' : 'not served'}, ${why}`);
    if (at === undefined) continue;
    const fresh = freshFor === Infinity ? 'until something changes it' : `for ${Math.round(freshFor / 1000)} s`;
    lines.push(`  right up to mark ${at} at least, and fresh ${fresh}; it rests on`);
    const rests = dependencies.map(({ dependency, stamp, newer }) => {
      const changed = stamp === undefined || stamp <= floor ? 'unchanged' : `changed at ${stamp}`;
      return `  ${newer ? '✘' : ' '} ${changed.padEnd(14)} ${KINDS[dependency[0]]} ${dependency.slice(1)}`;
    });
    lines.push(...(rests.join() === last ? ['    the same'] : rests));
    last = rests.join();
  }
  return lines;
}
