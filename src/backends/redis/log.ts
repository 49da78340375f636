/** The change log on the server. */
import type { Clock } from '../../engine/clock.ts';
import { type Dependency, prefixDependency } from '../../engine/dependency.ts';
import type { Mark } from '../../engine/entry.ts';
import type { Change, ChangeLog, Page, Position, StampsAnswer } from '../../engine/log.ts';
import { decodePattern, literalPrefix } from '../../engine/pattern.ts';
import type { Call } from '../../engine/store.ts';
import { within } from '../../engine/wait.ts';
import { newIncarnation } from '../../logs/local.ts';
import type { Bell } from './bell.ts';
import type { Connection } from './connection.ts';
import { RAISE } from './entry-scripts.ts';
import { type Keyspace, nameOf } from './keys.ts';
import type { Argument, Reply } from './link.ts';
import { APPEND, READ, STAMPS_OF } from './log-scripts.ts';
import { listOf, numberOf, textOf } from './reply.ts';
import { isRule, Rules } from './rules.ts';
import type { Script } from './script.ts';

/** What a log remembers, and for how long. */
export interface LogLimits {
  readonly changes: number;
  readonly stamps: number;
  readonly rules: number;
  /** Milliseconds that it outlives the last time anybody asked it. */
  readonly life: number;
}

/** What a log works with. */
export interface LogParts {
  readonly connection: Connection;
  readonly keyspace: Keyspace;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly limits: LogLimits;
}

const PAGE = 500; // changes in an answer

/** How long a cluster remembers the last change of a key beside the key, and how long an append waits for that. Milliseconds. */
const FENCED = 300_000;
const FENCING = 200;

/** A log in the keys of one prefix. */
export class RedisLog implements ChangeLog {
  readonly sync = false;
  readonly pollEvery = 1000;
  readonly #o: LogParts;
  #rules = Rules.none;

  constructor(parts: LogParts) {
    this.#o = parts;
  }

  async append(change: Change, call: Call): Promise<Position> {
    const { changes, stamps, rules } = this.#o.limits;
    const names = change.filter((name) => !isRule(name)).map(nameOf);
    const folded = change.filter(isRule).flatMap((rule) => [rule, nameOf(foldOf(rule))]);
    const limits = [changes, stamps, rules].map(String);
    const reply = await this.step(
      APPEND,
      [],
      [...limits, JSON.stringify(change), String(names.length), ...names, ...folded],
      call,
    );
    const position = positionOf(reply);
    if (this.#o.connection.cluster) await this.#fence(change, position);
    return position;
  }

  /**
   * Tell the servers on which changed keys lie. In a cluster an entry and the log are mostly on different ones, so storing it
   * can't be compared with the log in the same step. An entry that slips in between is no danger: its mark is older than
   * the change, and every entry is judged by the log when it is read. But it would take the place of a newer one that is stored
   * already, and that costs a load. The fence spares most of that; so an append neither fails nor waits long for it.
   */
  async #fence(change: Change, { incarnation, head }: Position): Promise<void> {
    const { connection, keyspace, clock } = this.#o;
    const args = [incarnation, String(head), String(FENCED)];
    const keys = change.filter((name) => name.startsWith('=')).map((name) => keyspace.fence(name.slice(1)));
    if (keys.length === 0) return;
    const raised = Promise.allSettled(keys.map((key) => RAISE.run(connection, [key], args)));
    await within<unknown>(raised, FENCING, clock, () => undefined);
  }

  async position(call: Call): Promise<Position> {
    const position = positionOf(await this.step(READ, [], [], call));
    this.#o.bell.saw(position);
    return position;
  }

  async read(after: Mark, call: Call): Promise<Page> {
    const reply = await this.step(READ, [], [String(after), String(PAGE)], call);
    const position = positionOf(reply);
    const [, , at, entries] = listOf(reply);
    const changes = listOf(entries).map(changeOf);
    this.#o.bell.saw(position);
    const lost = changes.length > 0 ? changes[0].mark - 1 : position.head;
    return { ...position, complete: Math.max(after, lost), changes, at: numberOf(at) };
  }

  async stamps(dependencies: readonly Dependency[], call: Call): Promise<StampsAnswer> {
    const known = this.#rules;
    const reply = await this.step(STAMPS_OF, [], [known.version, ...dependencies.map(nameOf)], call);
    const [, , stamps, unknown] = listOf(reply);
    const rules = unknown === null ? known : this.learn(unknown);
    const marks = listOf(stamps).map((stamp, i) => rules.stampOf(dependencies[i], numberOf(stamp)));
    return { ...positionOf(reply), stamps: marks };
  }

  watch(wake: () => void): () => void {
    return this.#o.bell.watch(wake);
  }

  /** The rules as far as they are known here. */
  get rules(): Rules {
    return this.#rules;
  }

  /** Learn the rules from a server's answer. */
  learn(reply: Reply): Rules {
    const learnt = Rules.from(reply);
    this.#rules = this.#rules.or(learnt);
    return learnt;
  }

  /** Run one atomic step of the log, with keys and arguments of its own beside those that every step has. */
  step(script: Script, keys: readonly string[], args: readonly Argument[], call: Call): Promise<Reply> {
    const { connection, keyspace, limits } = this.#o;
    return script.run(connection, [...keyspace.log, ...keys], [newIncarnation(), String(limits.life), ...args], call);
  }
}

function positionOf(reply: Reply): Position {
  const [incarnation, head] = listOf(reply);
  return { incarnation: textOf(incarnation), head: numberOf(head) };
}

/** A change as the stream keeps it: under its mark, beside the time at which it was appended. */
function changeOf(entry: Reply): Page['changes'][number] {
  const [id, fields] = listOf(entry);
  const [at, payload] = listOf(fields);
  return { mark: Number.parseInt(textOf(id), 10), change: JSON.parse(textOf(payload)) as Change, at: numberOf(at) };
}

/** What a rule becomes when it is forgotten: a change of all that lies below its literal beginning. */
function foldOf(rule: Dependency): Dependency {
  const soft = rule.startsWith('?');
  return (soft ? '?' : '') + prefixDependency(literalPrefix(decodePattern(rule.slice(soft ? 2 : 1))));
}
