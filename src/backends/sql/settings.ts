/** What all backends in tables are told, checked, and the backend that is made of it. */
import type { Codec } from '../../engine/codec.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { duration, type Duration, nonEmptyText, oneOf, positiveInteger } from '../../engine/options.ts';
import { msgpackCodec } from '../../codecs/msgpack.ts';
import { type SqlBackend, Tables } from './backend.ts';
import { Connection } from './connection.ts';
import type { Query } from './query.ts';
import type { Dialect } from './dialect.ts';
import { type Listen, Listening } from './listening.ts';

/** What all backends in tables are told. */
export interface TablesSettings {
  /** What the tables' names begin with: small letters, digits and `_`. Default `'tidemark'`. */
  readonly tables?: string;
  /** What the tier is called in events and statistics. Default `'sql'`, or `'d1'`. */
  readonly name?: string;
  /** Values to bytes. Default `msgpackCodec`. What another codec wrote is a miss. */
  readonly codec?: Codec;
  /** `'auto'` (default): the first use makes the tables. `'manual'`: you make them, by `migrate()` or from the SQL. */
  readonly migrations?: 'auto' | 'manual';
  /** How often to ask for others' changes. Default `'1s'`. */
  readonly pollEvery?: Duration;
  /** How many changes are kept for other processes to replay, and up to some hundred more. Default 10,000. */
  readonly keepChanges?: number;
  /** How many names are known with the mark of their last change, and up to some more. Default 65,536. */
  readonly keepStamps?: number;
}

/** The names of {@link TablesSettings}. */
export const SETTINGS: readonly (keyof TablesSettings)[] = [
  'tables',
  'name',
  'codec',
  'migrations',
  'pollEvery',
  'keepChanges',
  'keepStamps',
];

/** What a door knows of its database. */
export interface Place {
  readonly name: string;
  readonly query: Query;
  readonly dialect: Dialect;
  readonly listen?: Listen | undefined;
  readonly enlist: (transaction: unknown) => Query;
  readonly largest: number;
}

/** The backend of checked settings. `what` names the function whose options they are. */
export function tablesBackend(what: string, settings: TablesSettings, place: Place): SqlBackend {
  const { codec = msgpackCodec } = settings;
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function' || typeof codec.name !== 'string')
    throw new TidemarkError('bad_option', `${what}: codec must be a codec (with name, encode and decode)`);
  const tables = tablesOf(what, settings.tables);
  const connection = new Connection({
    query: place.query,
    dialect: place.dialect,
    tables,
    migrations: oneOf(`${what}: migrations`, settings.migrations ?? 'auto', ['auto', 'manual']),
    channel: place.listen && tables,
    keepChanges: positiveInteger(`${what}: keepChanges`, settings.keepChanges ?? 10_000),
    keepStamps: positiveInteger(`${what}: keepStamps`, settings.keepStamps ?? 65_536),
  });
  return new Tables({
    name: nonEmptyText(`${what}: name`, settings.name ?? place.name),
    codec,
    connection,
    listening: place.listen && new Listening(place.listen, tables),
    pollEvery: duration(`${what}: pollEvery`, settings.pollEvery ?? '1s'),
    enlist: place.enlist,
    largest: place.largest,
  });
}

/** What tables' names begin with, if it is fit for that. */
export function tablesOf(what: string, tables = 'tidemark'): string {
  if (typeof tables !== 'string' || !/^[a-z_][a-z0-9_]{0,39}$/.test(tables))
    throw new TidemarkError(
      'bad_option',
      `${what}: tables must be up to 40 of a-z, 0-9 and _, and begin with no digit`,
    );
  return tables;
}
