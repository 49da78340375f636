/** `tidemark migrate-level`: a LevelDB of level-cache becomes an embedded cache. */
import { parseArgs } from 'node:util';
import { migrateLevelCache, type MigrationProgress, type MigrationResult } from '../embedded/migrate.ts';
import { type Command, exactly, type Terminal, UsageError } from './command.ts';

/** The command. */
export const migrateLevel: Command = {
  usage: '<from> <to> [--namespace NAME] [--compat level-cache] [--strict] [--no-verify] [--json]',
  help: [
    'Copies the living rows of the level-cache at <from> into the embedded cache at <to>, with their ends, and compares',
    'the two. Nothing at <from> is changed; what is at <to> already is kept. An interrupted migration is taken up by the',
    'same command. Needs the package classic-level.',
    '',
    '  --namespace NAME        copy only this namespace and those below it',
    '  --compat level-cache    for a cache that will be opened with the option of this name',
    '  --strict                end at the first damaged row instead of leaving it out',
    '  --no-verify             do not read everything back',
    '  --json                  print the result as JSON',
  ],

  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        namespace: { type: 'string' },
        compat: { type: 'string' },
        strict: { type: 'boolean' },
        'no-verify': { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
    const [from, to] = exactly(positionals, ['from', 'to']);
    const { namespace, compat } = values;
    if (compat !== undefined && compat !== 'level-cache') throw new UsageError("--compat can only be 'level-cache'");
    const { signal } = terminal;
    try {
      const result = await migrateLevelCache({
        from,
        to,
        strict: values.strict === true,
        verify: values['no-verify'] !== true,
        onProgress: (progress) => terminal.draw(lineOf(progress)),
        signal,
        ...(namespace !== undefined && { namespace }),
        ...(compat !== undefined && { compat }),
      });
      if (values.json) terminal.out(JSON.stringify(result));
      else report(result, terminal);
    } catch (error) {
      if (signal.aborted) terminal.say('Run the same command again to go on where it ended.');
      throw error;
    }
  },
};

function lineOf({ phase, rows, compared, damaged }: MigrationProgress): string {
  const left = damaged > 0 ? `, ${damaged} damaged` : '';
  return phase === 'copying' ? `copying: ${rows} rows${left}` : `comparing: ${compared} of ${rows} rows`;
}

function report(result: MigrationResult, terminal: Terminal): void {
  const { rows, copied, kept, expired, empty, damaged, faults, resumed, verified } = result;
  terminal.out(`${copied} of ${rows} rows copied${resumed ? ', an earlier run included' : ''}`);
  const others: readonly (readonly [number, string])[] = [
    [kept, 'kept as the target had them'],
    [expired, 'had expired'],
    [empty, 'had no value'],
    [damaged, 'damaged, left out'],
  ];
  for (const [count, what] of others) if (count > 0) terminal.out(`${count} ${what}`);
  for (const { key, reason } of faults) terminal.say(`damaged: ${JSON.stringify(key)}: ${reason}`);
  if (verified) terminal.out(`${verified.entries} compared and found the same, checksum ${verified.checksum}`);
}
