/** The statements that are the same in every database, but for how each says the parts of them. */
import type { Dialect } from './dialect.ts';

/** Texts of statements, by what they are for. */
export type Statements = Readonly<Record<Statement, string>>;
type Statement =
  | 'version'
  | 'position'
  | 'append'
  | 'appendIn'
  | 'read'
  | 'stamps'
  | 'rules'
  | 'get'
  | 'put'
  | 'delete'
  | 'clear'
  | 'sweepEntries'
  | 'sweepLeases'
  | 'tend'
  | 'renew'
  | 'beginAnew'
  | 'acquire'
  | 'release'
  | 'left'
  | 'listen';

const PAGE = 1000; // changes
const PAGE_LENGTH = 1_000_000; // characters
const SWEEP = 500; // entries

/** The statements for tables whose names begin like this. */
export function statementsFor(d: Dialect, t: string): Statements {
  const home = d.home(t);
  const standing = `SELECT m.incarnation, m.tended, m.home = ${home} AS home,
  (SELECT coalesce(max(mark), 0) FROM ${t}_changes) AS head, (SELECT coalesce(min(mark), 1) FROM ${t}_changes) AS oldest,
  (SELECT floor FROM ${t}_meta) AS floor, ${d.now} AS now FROM ${t}_meta m LIMIT 1`;
  return {
    version: d.version(t),
    position: standing,
    append: d.append(t),
    appendIn: d.appendIn(t),
    /** Changes after $1: columns `mark`, `at` and `change` besides those of the position. */
    read: `WITH p AS MATERIALIZED (${standing})
SELECT p.*, c.mark, c.at, c.change FROM p LEFT JOIN (
  SELECT * FROM (
    SELECT f.*, sum(length(change)) OVER (ORDER BY mark) - length(change) AS before
    FROM (SELECT mark, at, change FROM ${t}_changes WHERE mark > $1 ORDER BY mark LIMIT ${PAGE}) f
  ) g WHERE before < ${PAGE_LENGTH}
) c ON 1 = 1 ORDER BY c.mark`,
    /** The stamps of the names $1 in rows with their place `i`; if $2 is 1, all rules in rows without one. */
    stamps: `WITH p AS MATERIALIZED (${standing})
SELECT p.*, a.i, (SELECT max(s.mark) FROM ${t}_stamps s WHERE s.name = a.name) AS mark, CAST(NULL AS text) AS rule
FROM p LEFT JOIN ${d.asked(1)} a ON 1 = 1
UNION ALL SELECT p.*, NULL, r.mark, r.rule FROM p JOIN ${t}_stamps r ON r.rule IS NOT NULL AND CAST($2 AS integer) = 1`,
    rules: `SELECT mark, rule FROM ${t}_stamps WHERE rule IS NOT NULL AND mark > $1`,
    get: `SELECT key, whole, bytes FROM ${t}_entries WHERE ${d.oneOf('key', 1)}`,
    put: d.put(t),
    delete: `DELETE FROM ${t}_entries WHERE ${d.oneOf('key', 1)}`,
    clear: `DELETE FROM ${t}_entries`,
    sweepEntries: `DELETE FROM ${t}_entries WHERE key IN (
  SELECT key FROM ${t}_entries WHERE kept_until < ${d.now} ORDER BY kept_until LIMIT ${SWEEP}
)`,
    sweepLeases: `DELETE FROM ${t}_leases WHERE ends < ${d.now}`,
    tend: `UPDATE ${t}_meta SET tended = $1, keep_changes = $2, keep_stamps = $3 WHERE tended = $4`,
    renew: `UPDATE ${t}_meta SET incarnation = $1, home = ${home} WHERE home <> ${home}`,
    beginAnew: `UPDATE ${t}_meta SET incarnation = $1, home = ${home}`,
    /** Take the lease of $1 with the token $2 for $3 milliseconds, for a load at $4 in $5, if what is held began below $6. */
    acquire: `INSERT INTO ${t}_leases AS l (key, token, ends, mark, incarnation)
VALUES ($1, $2, ${d.now} + CAST($3 AS integer), $4, $5)
ON CONFLICT (key) DO UPDATE SET
  token = excluded.token, ends = excluded.ends, mark = excluded.mark, incarnation = excluded.incarnation
WHERE l.ends <= ${d.now} OR (l.incarnation = excluded.incarnation AND l.mark < $6)
RETURNING token`,
    release: d.release(t),
    left: `SELECT ends - ${d.now} AS remaining FROM ${t}_leases WHERE key = $1 AND ends > ${d.now}`,
    listen: `UPDATE ${t}_meta SET channel = $1 WHERE channel IS NULL OR channel <> $1`,
  };
}
