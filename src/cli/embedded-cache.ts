/** `tidemark cache … <dir>`: looks after the file of an embedded cache, or of an LMDB tier. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LmdbFile } from '../backends/lmdb/file.ts';
import { compact, verify } from '../backends/lmdb/upkeep.ts';
import { jsonCodec } from '../codecs/json.ts';
import { mannerOf, settingsOf } from '../embedded/options.ts';
import type { CacheOptions } from '../embedded/types.ts';
import { TidemarkError } from '../engine/errors.ts';
import { type Command, exactly, type Terminal, UsageError } from './command.ts';

/** What can be done to a file. Answers with figures. */
type Work = (file: LmdbFile, terminal: Terminal) => Promise<Readonly<Record<string, number | boolean | undefined>>>;

const WORKS: Readonly<Record<string, Work>> = {
  async stats({ environment, entries, ledger, settings }) {
    return environment.read(() => ({
      ...entries.tally,
      expired: entries.countExpired(settings.clock.now()),
      changes: ledger.standing.head,
      fileBytes: environment.size,
    }));
  },
  verify: async (file, terminal) => ({
    ...(await verify(file, {
      signal: terminal.signal,
      onProgress: (seen) => terminal.draw(`verifying: ${seen} rows`),
    })),
  }),
  compact: async (file) => ({ ...(await compact(file)) }),
  sweep: async (file, terminal) => ({
    removed: await file.sweep((removed) => terminal.draw(`sweeping: ${removed} removed`), terminal.signal),
  }),
};

/** The part of `tidemark cache` that is for embedded caches: said in its help. */
export const embeddedCache: Pick<Command, 'run'> = {
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        codec: { type: 'string' },
        compat: { type: 'string' },
        compression: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
    const [name, path] = exactly(positionals, ['what', 'dir']);
    const work = Object.hasOwn(WORKS, name) ? WORKS[name] : undefined;
    if (!work) throw new UsageError(`there is nothing called ${JSON.stringify(name)} to do to a cache`);
    const { codec, compat, compression, json } = values;
    if (compat !== undefined && compat !== 'level-cache') throw new UsageError("--compat can only be 'level-cache'");
    if (codec !== undefined && codec !== 'msgpack' && codec !== 'json')
      throw new UsageError("--codec can only be 'msgpack' or 'json'");
    if (!existsSync(join(path, 'data.mdb'))) throw new TidemarkError('bad_option', `${path} holds no cache`);

    const options: CacheOptions = {
      path,
      maxBytes: Infinity,
      cleanupIntervalMs: 0,
      ...(compat !== undefined && { compat }),
      ...(codec === 'json' && { codec: jsonCodec }),
      ...(compression && { compression }),
    };
    const file = new LmdbFile(settingsOf(options, mannerOf(options)));
    try {
      const { replaced } = file.premises;
      if (replaced) terminal.say(`the file could not be used: ${JSON.stringify(replaced)}`);
      const figures = await work(file, terminal);
      if (json) terminal.out(JSON.stringify(figures));
      else for (const [figure, value] of Object.entries(figures)) terminal.out(`${figure}: ${String(value)}`);
      const { damaged = 0 } = figures;
      if (Number(damaged) > 0) throw new TidemarkError('bad_bytes', `${damaged} rows are damaged`);
    } finally {
      await file.close();
    }
  },
};
