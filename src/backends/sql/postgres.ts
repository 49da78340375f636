/**
 * Postgres.
 *
 * **Why marks become visible in order.** A change gets its mark in `say`, under a lock that is held until its transaction
 * has ended. Postgres lets go of a transaction's locks only after its commit has become visible, so when the next change
 * gets its mark, all smaller ones belong to transactions that are visible or were rolled back. Whoever sees a mark sees
 * every smaller one that there will ever be. A rolled-back transaction leaves a number unused: the head is the largest
 * mark that can be seen, not the last number that was given.
 *
 * A change that is part of a transaction of the caller's gets its mark at the commit, by a deferred trigger: the lock is
 * held for the commit only. Nothing in there updates a row or reads one that changes, so no isolation level has a reason
 * to refuse it: the number comes from a sequence, and stamps are rows that are only ever added. Old ones are removed
 * apart, by the trigger that tends the tables.
 *
 * **Why an old entry can't get in.** `put` takes the same lock, shared with other entries, and only then looks.
 */
import { type Dialect, MOST_RULES, RECORD, VERSION } from './dialect.ts';

const NOW = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
const TRANSIENT = ['40001', '40P01']; // a serialization failure, a deadlock
const MISSING = ['42P01', '42883']; // no such table, no such function

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | null | undefined)?.code;

/** A function that always runs where its tables are, whatever the caller's search path is. */
const define = (name: string, returns: string, body: string): string =>
  `CREATE OR REPLACE FUNCTION ${name} RETURNS ${returns} LANGUAGE plpgsql SET search_path FROM CURRENT AS $f$
#variable_conflict use_column
${body} $f$`;

const lockOf = (t: string): string => `hashtextextended('tidemark', '${t}_changes'::regclass::oid::bigint)`;

const part = (place: number, type: string): string => `CAST(r ->> ${place} AS ${type})`;

export const postgres: Dialect = {
  now: NOW,
  listens: true,
  oneOf: (column, n) => `${column} = ANY (ARRAY(SELECT json_array_elements_text($${n}::text::json)))`,
  asked: (n) =>
    `(SELECT i - 1 AS i, name FROM json_array_elements_text($${n}::text::json) WITH ORDINALITY AS a (name, i))`,
  home: (t) => `${t}_home()`,
  append: (t) => `SELECT * FROM ${t}_append($1::text)`,
  appendIn: (t) => `INSERT INTO ${t}_said (change) VALUES ($1::text)`,
  put: (t) => `SELECT key FROM ${t}_put($1::text, $2::text::json, $3::bytea) AS key`,
  release: (t) => `WITH gone AS (DELETE FROM ${t}_leases WHERE key = $1 AND token = $2 RETURNING key)
SELECT pg_notify(m.channel, '') FROM gone, ${t}_meta m WHERE m.channel IS NOT NULL`,
  version: (t) => `SELECT version, current_setting('transaction_isolation') AS isolation FROM ${t}_meta`,
  bind: (sql, params) => ({ sql, params }),
  passes: (error) => TRANSIENT.includes(codeOf(error) as string),
  lacksTables: (error) => MISSING.includes(codeOf(error) as string),
  // What is there isn't touched, not even looked at for making: that would lock it for as long as the transaction lasts.
  together: (t, statements) =>
    `DO $tidemark$ BEGIN
FOR i IN 1..2 LOOP
  IF to_regclass('${t}_meta') IS NOT NULL THEN
    IF EXISTS (SELECT FROM ${t}_meta WHERE version >= ${VERSION}) THEN RETURN; END IF;
  END IF;
  IF i = 1 THEN PERFORM pg_advisory_xact_lock(hashtextextended('tidemark migrations', 0)); END IF;
END LOOP;
${statements.join(';\n')};
END $tidemark$`,

  migrations: (t) => [
    `CREATE TABLE IF NOT EXISTS ${t}_meta (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL,
  incarnation text NOT NULL,
  home text NOT NULL,
  floor bigint NOT NULL DEFAULT 0,
  tended bigint NOT NULL DEFAULT 0,
  keep_changes bigint NOT NULL DEFAULT 1,
  keep_stamps bigint NOT NULL DEFAULT 1,
  channel text
)`,
    `CREATE TABLE IF NOT EXISTS ${t}_changes (mark bigint PRIMARY KEY, at bigint NOT NULL, change text NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${t}_said (change text NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${t}_stamps (
  name text COLLATE "C" NOT NULL, mark bigint NOT NULL, rule text, fold text, PRIMARY KEY (name, mark)
)`,
    `CREATE INDEX IF NOT EXISTS ${t}_stamps_marks ON ${t}_stamps (mark)`,
    `CREATE INDEX IF NOT EXISTS ${t}_stamps_rules ON ${t}_stamps (mark) WHERE rule IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${t}_entries (
  key text COLLATE "C" PRIMARY KEY, whole text, kept_until double precision, bytes bytea NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS ${t}_entries_ends ON ${t}_entries (kept_until) WHERE kept_until IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${t}_leases (
  key text COLLATE "C" PRIMARY KEY, token text NOT NULL, ends bigint NOT NULL, mark bigint NOT NULL, incarnation text NOT NULL
)`,
    `CREATE SEQUENCE IF NOT EXISTS ${t}_marks`,
    // The timeline is another one after a recovery to a point in time and after a failover; tables that were restored from
    // a dump are others; and another cluster has another name. Where something can't be asked, it is left out.
    define(
      `${t}_home()`,
      'text',
      `DECLARE cluster text; timeline text;
BEGIN
  BEGIN cluster := (SELECT system_identifier FROM pg_control_system()); EXCEPTION WHEN OTHERS THEN END;
  BEGIN timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8); EXCEPTION WHEN OTHERS THEN END;
  RETURN concat_ws('/', cluster, timeline, (SELECT oid FROM pg_database WHERE datname = current_database()),
    '${t}_meta'::regclass::oid);
END`,
    ),
    `INSERT INTO ${t}_meta (version, incarnation, home) VALUES (${VERSION}, gen_random_uuid()::text, ${t}_home()) ON CONFLICT DO NOTHING`,
    // A commit that needn't reach the disk could be forgotten by a crash after others have seen it.
    define(
      `${t}_say(said text)`,
      'bigint',
      `DECLARE given bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(${lockOf(t)});
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'local', true); END IF;
  given := nextval('${t}_marks');
  INSERT INTO ${t}_changes (mark, at, change) VALUES (given, ${NOW}, said);
  INSERT INTO ${t}_stamps (name, mark, rule, fold)
    SELECT CASE json_typeof(item) WHEN 'array' THEN item ->> 0 ELSE item #>> '{}' END, given,
      CASE WHEN item ->> 2 IS NOT NULL THEN item ->> 1 END, item ->> 2
    FROM json_array_elements(said::json) AS item ON CONFLICT DO NOTHING;
  PERFORM pg_notify(channel, '') FROM ${t}_meta WHERE channel IS NOT NULL;
  RETURN given;
END`,
    ),
    define(
      `${t}_append(said text)`,
      'TABLE (head bigint, incarnation text, home boolean, tended bigint)',
      `DECLARE mark bigint := ${t}_say(said);
BEGIN
  RETURN QUERY SELECT mark, m.incarnation, m.home = ${t}_home(), m.tended FROM ${t}_meta m;
END`,
    ),
    define(`${t}_publish()`, 'trigger', `BEGIN PERFORM ${t}_say(NEW.change); RETURN NULL; END`),
    `DROP TRIGGER IF EXISTS ${t}_publish ON ${t}_said`,
    `CREATE CONSTRAINT TRIGGER ${t}_publish AFTER INSERT ON ${t}_said
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${t}_publish()`,
    define(
      `${t}_put(log text, records json, bytes bytea)`,
      'SETOF text',
      `BEGIN
  PERFORM pg_advisory_xact_lock_shared(${lockOf(t)});
  RETURN QUERY INSERT INTO ${t}_entries AS e (key, whole, kept_until, bytes)
    SELECT r ->> ${RECORD.key}, r ->> ${RECORD.whole}, ${part(RECORD.keptUntil, 'double precision')},
      substring($3 FROM ${part(RECORD.offset, 'int')} + 1 FOR ${part(RECORD.length, 'int')})
    FROM json_array_elements(records) AS r, (SELECT * FROM ${t}_meta LIMIT 1) m
    WHERE m.incarnation = $1 AND m.floor <= ${part(RECORD.mark, 'bigint')}
      AND NOT EXISTS (SELECT FROM ${t}_stamps s WHERE s.rule IS NOT NULL AND s.mark > ${part(RECORD.ruled, 'bigint')})
      AND NOT EXISTS (
        SELECT FROM json_array_elements_text(r -> ${RECORD.names}) AS n JOIN ${t}_stamps s ON s.name = n
        WHERE s.mark > ${part(RECORD.mark, 'bigint')}
      )
    ORDER BY r ->> ${RECORD.key}
    ON CONFLICT (key) DO UPDATE SET whole = excluded.whole, kept_until = excluded.kept_until, bytes = excluded.bytes
    RETURNING e.key;
END`,
    ),
    define(
      `${t}_tend()`,
      'trigger',
      `DECLARE limit_mark bigint;
BEGIN
  DELETE FROM ${t}_said;
  DELETE FROM ${t}_stamps s WHERE s.name IN (SELECT name FROM ${t}_stamps WHERE mark > OLD.tended)
    AND s.mark < (SELECT max(n.mark) FROM ${t}_stamps n WHERE n.name = s.name);
  SELECT mark INTO limit_mark FROM ${t}_stamps WHERE rule IS NOT NULL ORDER BY mark DESC OFFSET ${MOST_RULES} LIMIT 1;
  INSERT INTO ${t}_stamps (name, mark)
    SELECT fold, mark FROM ${t}_stamps WHERE rule IS NOT NULL AND mark <= limit_mark ON CONFLICT DO NOTHING;
  DELETE FROM ${t}_stamps WHERE rule IS NOT NULL AND mark <= limit_mark;
  SELECT mark INTO limit_mark FROM ${t}_stamps ORDER BY mark DESC OFFSET NEW.keep_stamps LIMIT 1;
  NEW.floor := greatest(NEW.floor, coalesce(limit_mark, 0));
  DELETE FROM ${t}_stamps WHERE mark <= NEW.floor;
  DELETE FROM ${t}_changes WHERE mark <= NEW.tended - NEW.keep_changes;
  RETURN NEW;
END`,
    ),
    `DROP TRIGGER IF EXISTS ${t}_tend ON ${t}_meta`,
    `CREATE TRIGGER ${t}_tend BEFORE UPDATE OF tended ON ${t}_meta FOR EACH ROW EXECUTE FUNCTION ${t}_tend()`,
  ],
};
