/** `tidemark cache …`: looks after the store of builds. */
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BuildCache, openBuildCache } from '../../build/build-cache.ts';
import { readSettings } from '../../build/config/root.ts';
import type { Steps } from '../../build/steps.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { type Duration, duration, type Size, size } from '../../engine/options.ts';
import { type Command, type Terminal, UsageError } from '../command.ts';
import { cacheOptions, STORE_FLAGS } from './flags.ts';
import { bytes, counted, time } from './report.ts';

const FLAGS = { ...STORE_FLAGS, fix: { type: 'boolean' } } as const;

interface Call {
  readonly cache: BuildCache;
  readonly words: readonly string[];
  readonly fix: boolean;
  readonly terminal: Terminal;
}

/** What is answered: figures as JSON, and lines for people. */
interface Answer {
  readonly figures: unknown;
  readonly lines: readonly string[];
}

const WORKS: Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>> = {
  stats,
  ls,
  show,
  prune,
  verify,
  clean,
};

/** Readers of what follows the name, where something may. */
const ARGUMENTS: Readonly<Record<string, (words: readonly string[]) => unknown>> = {
  show: beginningIn,
  prune: limitIn,
};

/** The part of `tidemark cache` that is for builds: said in its help. */
export const buildCache: Pick<Command, 'run'> = {
  async run(args, terminal) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: FLAGS });
    const [name = '', ...words] = positionals;
    const work = Object.hasOwn(WORKS, name) ? WORKS[name] : undefined;
    if (!work) throw new UsageError(`there is nothing called ${JSON.stringify(name)} to do to a cache`);
    if (values.fix !== undefined && name !== 'verify') throw new UsageError('--fix is for verify');
    (ARGUMENTS[name] ?? none)(words); // before anything is opened
    const fix = values.fix === true;
    const changes = fix || name === 'prune' || name === 'clean';
    const cache = await opened(values, terminal, changes ? 'to change' : 'to look');
    try {
      const { figures, lines } = await work({ cache, words, fix, terminal });
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

/** What only looks makes no store where there is none. */
async function opened(
  values: { readonly 'cache-dir'?: string | undefined },
  terminal: Terminal,
  how: 'to look' | 'to change',
): Promise<BuildCache> {
  const { settings } = readSettings(terminal.directory);
  const options = await cacheOptions(values, { terminal, settings, use: 'tend' });
  return openBuildCache(how === 'to change' ? options : { ...options, mode: 'read-only' });
}

/** Do long work, and say how far it is; Ctrl-C ends it after a step. */
async function stepByStep<Result>(what: string, steps: Steps<Result>, terminal: Terminal): Promise<Result> {
  for (let paused = performance.now(); ;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - paused < PAUSE) continue;
    terminal.draw(`${what}: ${counted(step.value, 'file')}`);
    await setImmediate();
    terminal.signal.throwIfAborted();
    paused = performance.now();
  }
}

const PAUSE = 50; // milliseconds of work

function stats({ cache }: Call): Answer {
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

function ls({ cache }: Call): Answer {
  const figures = [...cache.contents.list()].toSorted((a, b) => b.lastUsed - a.lastUsed);
  const lines = figures.map(({ key, task, createdAt, bytes: size_, outputs }) => {
    const owner = task.package === '' ? '' : `${task.package}#`;
    return `${key.slice(0, 12)}  ${createdAt}  ${bytes(size_).padStart(9)}  ${counted(outputs, 'output').padEnd(9)}  ${owner}${task.name}`;
  });
  return { figures, lines };
}

function show({ cache, words }: Call): Answer {
  const beginning = beginningIn(words);
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

function beginningIn([beginning = '', ...others]: readonly string[]): string {
  if (others.length > 0 || !/^[0-9a-f]{4,64}$/.test(beginning))
    throw new UsageError('<key> expected: four hex digits or more');
  return beginning;
}

async function prune({ cache, words, terminal }: Call): Promise<Answer> {
  const limit = limitIn(words);
  const figures = await stepByStep('pruning', cache.pruning(limit), terminal);
  const { records, blobs, freedBytes, bytes: left } = figures;
  const lines = [`removed ${records} entries and ${blobs} blobs, ${bytes(freedBytes)}; ${bytes(left)} are left`];
  const { maxBytes = Infinity } = limit;
  if (left > maxBytes) lines.push('what was made or used in the last two hours stays: builds may need it');
  return { figures, lines };
}

/** One limit alone: those of the cache don't hold beside it. */
function limitIn([said, ...others]: readonly string[]): { readonly maxBytes?: number; readonly maxAge?: number } {
  if (others.length > 0) throw new UsageError('<limit> expected, not several');
  if (said === undefined) return {};
  const text = said.toLowerCase();
  if (/^\d+(\.\d+)?(b|kb|mb|gb)$/.test(text)) return { maxBytes: size('limit', text as Size), maxAge: Infinity };
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text))
    return { maxBytes: Infinity, maxAge: duration('limit', text as Duration) };
  throw new UsageError(`<limit> must be a size (5gb) or an age (7d), not ${JSON.stringify(said)}`);
}

async function verify({ cache, fix, terminal }: Call): Promise<Answer> {
  const figures = await stepByStep('verifying', cache.contents.verifying({ fix }), terminal);
  const { records, blobs, damaged } = figures;
  const verb = fix ? 'removed' : 'damaged';
  const lines = damaged.map(({ path, reason }) => `${verb}: ${path}: ${reason}`);
  return {
    figures,
    lines: [`${records} entries and ${blobs} blobs were read; ${damaged.length} are damaged`, ...lines],
  };
}

function clean({ cache }: Call): Answer {
  const { bytes: before, entries } = cache.stats();
  cache.clean();
  return {
    figures: { removed: entries, freedBytes: before },
    lines: [`removed ${entries} entries, ${bytes(before)}, from ${cache.directory}`],
  };
}

function none(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`${JSON.stringify(words[0])} is one argument too many`);
}
