/** `c8`: another command, with a report of how much of the code it reached. */
import type { CollectOptions, Collected } from './collected.ts';
import { Findings, type Invocation } from './findings.ts';
import { flagsOf } from './flags.ts';
import { OF_BEFORE, refuseFlags } from './refusals.ts';

/** `collect` is asked about the other command. */
export function collectC8(
  invocation: Invocation,
  collect: (options: CollectOptions) => Collected | undefined,
): Collected {
  const { words, place } = invocation;
  const flags = flagsOf(words, {
    valued: `branches config exclude extension functions include lines mergeAsync reportDir reporter reportsDir resolve src
      statements tempDirectory`,
    letters: 'c=config e=extension n=include o=reportsDir r=reporter x=exclude',
    stop: 'first word',
  });
  const found = new Findings(invocation);
  refuseFlags(flags, found);
  const named = flags.values('config');
  found.configs(...named);
  const configs = ['.c8rc', '.c8rc.json', '.nycrc', '.nycrc.json'];
  const isConfigured = named.length > 0 || found.nearestConfig('.', configs) !== undefined;
  found.directoryOf({ named: flags.value('reportsDir') ?? flags.value('reportDir'), usual: 'coverage', isConfigured });
  for (const raw of flags.values('tempDirectory')) found.directory(raw);

  const [command] = flags.rest;
  if (command === 'report' || command === 'check-coverage') found.refuse(OF_BEFORE);
  const started = collect({ ...place, words: flags.rest });
  if (started === undefined) found.incomplete();
  else found.include(started);
  return found.collected();
}
