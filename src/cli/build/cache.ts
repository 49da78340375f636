/** `tidemark cache …`: looks after the store of builds. */
import { parseArgs } from 'node:util';
import { type BuildCache, openBuildCache } from '../../build/build-cache.ts';
import { readSettings } from '../../build/config/workspace.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { type Duration, duration, type Size, size } from '../../engine/options.ts';
import { type Command, type Terminal, UsageError } from '../command.ts';
import { cacheOptions, STORE_FLAGS } from './flags.ts';
import { bytes, time } from './report.ts';

const FLAGS = { ...STORE_FLAGS, fix: { type: 'boolean' } } as const;

interface Call {
  readonly cache: BuildCache;
  readonly words: readonly string[];
  readonly fix: boolean;
}

/** What is answered: figures as JSON, and lines for people. */
interface Answer {
  readonly figures: unknown;
  readonly lines: readonly string[];
}

const WORKS: Readonly<Record<string, (call: Call) => Answer>> = { stats, ls, show, prune, verify, clean };

/** The part of `tidemark cache` that is for builds: said in its help. */
export const buildCache: Pick<Command, 'run'> = {
  async run(args, terminal) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: FLAGS });
    const [name = '', ...words] = positionals;
    const work = Object.hasOwn(WORKS, name) ? WORKS[name] : undefined;
    if (!work) throw new UsageError(`there is nothing called ${JSON.stringify(name)} to do to a cache`);
    if (values.fix !== undefined && name !== 'verify') throw new UsageError('--fix is for verify');
    const cache = await opened(values, terminal);
    try {
      const { figures, lines } = work({ cache, words, fix: values.fix === true });
      if (values.json === true) terminal.out(JSON.stringify(figures));
      else for (const line of lines) terminal.out(line);
      const { damaged = [] } = figures as { readonly damaged?: readonly unknown[] };
      if (damaged.length > 0 && values.fix !== true)
        throw new TidemarkError('bad_bytes', `${damaged.length} files are damaged: verify --fix removes them`);
    } finally {
      await cache.close();
    }
  },
};

async function opened(values: { readonly 'cache-dir'?: string | undefined }, terminal: Terminal): Promise<BuildCache> {
  const { environment, directory } = terminal;
  const { settings } = readSettings(directory);
  return openBuildCache(
    await cacheOptions(values, { environment, settings, say: (text) => terminal.say(`tidemark: ${text}`) }),
  );
}

function stats({ cache, words }: Call): Answer {
  none(words);
  const figures = cache.stats();
  const { hits, misses, averageRestoreMs, averageStoreMs, lastPruned } = figures;
  const asked = hits + misses;
  return {
    figures,
    lines: [
      `directory: ${cache.directory}`,
      `entries: ${figures.entries}`,
      `blobs: ${figures.blobs}`,
      `size: ${bytes(figures.bytes)}`,
      `hits: ${hits} of ${asked}${asked > 0 ? ` (${((100 * hits) / asked).toFixed(1)} %)` : ''}`,
      `average restore: ${averageRestoreMs === null ? 'none yet' : time(averageRestoreMs)}`,
      `average store: ${averageStoreMs === null ? 'none yet' : time(averageStoreMs)}`,
      `time saved: ${time(figures.timeSavedMs)}`,
      `last pruned: ${lastPruned === null ? 'never' : new Date(lastPruned).toISOString()}`,
    ],
  };
}

function ls({ cache, words }: Call): Answer {
  none(words);
  const figures = [...cache.contents.list()].toSorted((a, b) => b.lastUsed - a.lastUsed);
  const lines = figures.map(({ key, task, createdAt, bytes: size_, outputs }) => {
    const owner = task.package === '' ? '' : `${task.package}#`;
    return `${key.slice(0, 12)}  ${createdAt}  ${bytes(size_).padStart(9)}  ${outputs} outputs  ${owner}${task.name}`;
  });
  return { figures, lines };
}

function show({ cache, words }: Call): Answer {
  const [beginning = ''] = words;
  if (words.length !== 1 || !/^[0-9a-f]{4,64}$/.test(beginning))
    throw new UsageError('<key> expected: four hex digits or more');
  const found = [...cache.contents.list()].filter(({ key }) => key.startsWith(beginning));
  if (found.length !== 1)
    throw new TidemarkError(
      'bad_option',
      `${found.length === 0 ? 'no entry' : `${found.length} entries`} with a key ${beginning}…`,
    );
  const { record, reason } = cache.contents.lookup(found[0].key);
  if (!record) throw new TidemarkError('bad_bytes', `the entry can't be read: ${reason}`);
  return { figures: record, lines: JSON.stringify(record, null, 2).split('\n') };
}

function prune({ cache, words }: Call): Answer {
  if (words.length > 1) throw new UsageError('<limit> expected, not several');
  const figures = cache.prune(words.length === 0 ? {} : limitOf(words[0].toLowerCase()));
  const { records, blobs, freedBytes, bytes: left } = figures;
  const lines = [`removed ${records} entries and ${blobs} blobs, ${bytes(freedBytes)}; ${bytes(left)} are left`];
  return { figures, lines };
}

function limitOf(
  text: string,
): { readonly maxBytes: number; readonly maxAge: number } | { readonly maxBytes?: never; readonly maxAge: number } {
  if (/^[\d.]+(b|kb|mb|gb)$/.test(text)) return { maxBytes: size('limit', text as Size), maxAge: Infinity };
  if (/^[\d.]+(ms|s|m|h|d)$/.test(text)) return { maxAge: duration('limit', text as Duration) };
  throw new UsageError(`<limit> must be a size (5gb) or an age (7d), not ${JSON.stringify(text)}`);
}

function verify({ cache, words, fix }: Call): Answer {
  none(words);
  const figures = cache.verify({ fix });
  const { records, blobs, damaged } = figures;
  const verb = fix ? 'removed' : 'damaged';
  const lines = damaged.map(({ path, reason }) => `${verb}: ${path}: ${reason}`);
  return {
    figures,
    lines: [`${records} entries and ${blobs} blobs were read; ${damaged.length} are damaged`, ...lines],
  };
}

function clean({ cache, words }: Call): Answer {
  none(words);
  const { bytes: before, entries } = cache.stats();
  cache.clean();
  return { figures: { removed: entries, freedBytes: before }, lines: [`removed ${entries} entries, ${bytes(before)}`] };
}

function none(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`${JSON.stringify(words[0])} is one argument too many`);
}
