/** `tidemark cache`: of builds, or, where a directory is named that has one, of an embedded cache. */
import { type Command, type Terminal } from './command.ts';

const EMBEDDED = ['stats', 'verify'];

/** The command. */
export const cache: Command = {
  usage: 'stats|ls|show|prune|verify|clean [options], or stats|verify|compact|sweep <dir> [options]',
  help: [
    'The cache of builds:',
    '  stats              entries, bytes, hits, misses, times, time saved',
    '  ls                 what is kept, the latest used first',
    '  show <key>         one entry: its task, inputs, outputs; the beginning of a key is enough',
    '  prune [<limit>]    remove what was used longest ago: down to a size (5gb), or older than an age (7d); without a',
    '                     limit by those of tidemark.build.json; what was used in the last two hours stays',
    '  verify [--fix]     read everything and tell what is damaged; remove that, and nothing else',
    '  clean              remove everything that is kept, of all repositories that share it',
    '',
    '  --cache-dir DIR    where it is (TIDEMARK_CACHE_DIR); default: as in tidemark.build.json, else the user’s',
    '  --json             print figures as JSON',
    '',
    'An embedded cache, in the directory <dir>:',
    '  stats      entries, their bytes, how many have expired, changes in the log, the size of the file',
    '  verify     compare every row with its checksum and the index of times with the rows; fails if any is damaged',
    '  compact    give the space of what was removed back to the disk; nobody else may have the cache open',
    '  sweep      remove what has expired',
    '',
    'verify needs the options that the cache is opened with: what was written with others counts as damaged.',
    '',
    '  --codec NAME            msgpack (default) or json',
    '  --compat level-cache    as the option of this name',
    '  --compression           as the option of this name',
    '  --json                  print the figures as JSON',
  ],

  async run(args: readonly string[], terminal: Terminal) {
    const [what = '', directory] = args.filter((word, i) => !word.startsWith('-') && !takesValue(args[i - 1]));
    const isEmbedded = what === 'compact' || what === 'sweep' || (EMBEDDED.includes(what) && directory !== undefined);
    const command = isEmbedded
      ? (await import('./embedded-cache.ts')).embeddedCache
      : (await import('./build/cache.ts')).buildCache;
    return command.run(args, terminal);
  },
};

function takesValue(word: string | undefined): boolean {
  return word === '--codec' || word === '--compat' || word === '--cache-dir';
}
