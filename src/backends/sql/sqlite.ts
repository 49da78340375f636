/**
 * SQLite, from 3.38 on, and what is made of it.
 *
 * There is one writer at a time, and what is done by triggers is done in the statement that they hang on: so each
 * operation is one statement, a change gets the number after the newest one, and a transaction that is rolled back leaves
 * no gap. The newest change is never removed, so that its number isn't given twice.
 */
import { type Dialect, MOST_RULES, RECORD, VERSION } from './dialect.ts';
import type { Param } from './query.ts';

const NOW = "CAST((julianday('now') - 2440587.5) * 86400000.0 AS integer)";
const LACKING = /no such table/;

const part = (place: number): string => `(r.value ->> ${place})`;

const oldestRule = (t: string): string =>
  `(SELECT mark FROM ${t}_stamps WHERE rule IS NOT NULL ORDER BY mark DESC LIMIT 1 OFFSET ${MOST_RULES})`;

const messageOf = (error: unknown): string => String((error as { readonly message?: unknown } | null)?.message);

export const sqlite: Dialect = {
  now: NOW,
  listens: false,
  oneOf: (column, n) => `${column} IN (SELECT value FROM json_each($${n}))`,
  asked: (n) => `(SELECT key AS i, value AS name FROM json_each($${n}))`,
  home: () => "''",
  append: (t) => `INSERT INTO ${t}_changes (at, change) VALUES (${NOW}, $1) RETURNING mark AS head,
  (SELECT incarnation FROM ${t}_meta) AS incarnation, 1 AS home, (SELECT tended FROM ${t}_meta) AS tended`,
  appendIn: (t) => `INSERT INTO ${t}_changes (at, change) VALUES (${NOW}, $1)`,
  put: (t) => `INSERT INTO ${t}_entries (key, whole, kept_until, bytes)
SELECT ${part(RECORD.key)}, ${part(RECORD.whole)}, ${part(RECORD.keptUntil)},
  substr($3, ${part(RECORD.offset)} + 1, ${part(RECORD.length)})
FROM json_each($2) AS r, ${t}_meta m
WHERE m.incarnation = $1 AND m.floor <= ${part(RECORD.mark)}
  AND NOT EXISTS (SELECT 1 FROM ${t}_stamps s WHERE s.rule IS NOT NULL AND s.mark > ${part(RECORD.ruled)})
  AND NOT EXISTS (
    SELECT 1 FROM json_each(r.value, '$[${RECORD.names}]') AS n JOIN ${t}_stamps s ON s.name = n.value
    WHERE s.mark > ${part(RECORD.mark)}
  )
ON CONFLICT (key) DO UPDATE SET whole = excluded.whole, kept_until = excluded.kept_until, bytes = excluded.bytes
RETURNING key`,
  release: (t) => `DELETE FROM ${t}_leases WHERE key = $1 AND token = $2`,
  version: (t) => `SELECT version FROM ${t}_meta`,
  bind: positional,
  passes: () => false,
  lacksTables: (error) => LACKING.test(messageOf(error)),

  migrations: (t) => [
    `CREATE TABLE IF NOT EXISTS ${t}_meta (
  one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1),
  version integer NOT NULL,
  incarnation text NOT NULL,
  home text NOT NULL,
  floor integer NOT NULL DEFAULT 0,
  tended integer NOT NULL DEFAULT 0,
  keep_changes integer NOT NULL DEFAULT 1,
  keep_stamps integer NOT NULL DEFAULT 1
)`,
    `CREATE TABLE IF NOT EXISTS ${t}_changes (mark integer PRIMARY KEY, at integer NOT NULL, change text NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${t}_stamps (
  name text NOT NULL, mark integer NOT NULL, rule text, fold text, PRIMARY KEY (name, mark)
) WITHOUT ROWID`,
    `CREATE INDEX IF NOT EXISTS ${t}_stamps_marks ON ${t}_stamps (mark)`,
    `CREATE INDEX IF NOT EXISTS ${t}_stamps_rules ON ${t}_stamps (mark) WHERE rule IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${t}_entries (key text PRIMARY KEY, whole text, kept_until real, bytes blob NOT NULL)`,
    `CREATE INDEX IF NOT EXISTS ${t}_entries_ends ON ${t}_entries (kept_until) WHERE kept_until IS NOT NULL`,
    `CREATE TABLE IF NOT EXISTS ${t}_leases (
  key text PRIMARY KEY, token text NOT NULL, ends integer NOT NULL, mark integer NOT NULL, incarnation text NOT NULL
)`,
    `CREATE TRIGGER IF NOT EXISTS ${t}_say AFTER INSERT ON ${t}_changes BEGIN
  INSERT OR IGNORE INTO ${t}_stamps (name, mark, rule, fold)
    SELECT CASE type WHEN 'array' THEN value ->> 0 ELSE value END, NEW.mark,
      CASE WHEN type = 'array' AND value ->> 2 IS NOT NULL THEN value ->> 1 END, CASE type WHEN 'array' THEN value ->> 2 END
    FROM json_each(NEW.change);
END`,
    `CREATE TRIGGER IF NOT EXISTS ${t}_tend AFTER UPDATE OF tended ON ${t}_meta BEGIN
  DELETE FROM ${t}_stamps WHERE name IN (SELECT name FROM ${t}_stamps WHERE mark > OLD.tended)
    AND mark < (SELECT max(n.mark) FROM ${t}_stamps n WHERE n.name = ${t}_stamps.name);
  INSERT OR IGNORE INTO ${t}_stamps (name, mark)
    SELECT fold, mark FROM ${t}_stamps WHERE rule IS NOT NULL AND mark <= ${oldestRule(t)};
  DELETE FROM ${t}_stamps WHERE rule IS NOT NULL AND mark <= ${oldestRule(t)};
  UPDATE ${t}_meta SET floor = max(floor, coalesce(
    (SELECT mark FROM ${t}_stamps ORDER BY mark DESC LIMIT 1 OFFSET NEW.keep_stamps), 0));
  DELETE FROM ${t}_stamps WHERE mark <= (SELECT floor FROM ${t}_meta);
  DELETE FROM ${t}_changes WHERE mark <= NEW.tended - NEW.keep_changes;
END`,
    `INSERT OR IGNORE INTO ${t}_meta (one, version, incarnation, home) VALUES (1, ${VERSION}, lower(hex(randomblob(16))), '')`,
  ],
};

/** Drivers of SQLite agree on nameless parameters only: each is given as often as it is named. */
function positional(sql: string, params: readonly Param[]): ReturnType<Dialect['bind']> {
  const given: Param[] = [];
  const nameless = sql.replace(/\$(\d+)/g, (_, n: string) => {
    given.push(params[Number(n) - 1]);
    return '?';
  });
  return { sql: nameless, params: given };
}
