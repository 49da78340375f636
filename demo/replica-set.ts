/** Replicas that share a place: asked at the same moment, and what they answer compared with the database. */
import type { CacheStats } from 'tidemark';
import { packagePath, withQuery } from './addresses.ts';
import type { Answer } from './client.ts';
import type { Replica } from './replica.ts';
import { someAtOnce } from './some-at-once.ts';
import { shown, type Subject } from './subject.ts';
import { until } from './until.ts';

/** What all replicas answered to each path, by their place in the set. */
export type Answers = ReadonlyMap<string, readonly Answer[]>;

const AT_ONCE = 8; // pages

/** Some replicas. */
export class ReplicaSet {
  readonly all: readonly Replica[];
  readonly #signal: AbortSignal;

  /** Aborting the signal ends whatever is asked with its reason. */
  constructor(all: readonly Replica[], signal: AbortSignal) {
    this.all = all;
    this.#signal = signal;
  }

  /** A page as each serves it, asked at the same moment. */
  async ask(path: string, onAnswer: (of: Replica) => unknown = () => {}): Promise<readonly Answer[]> {
    this.#signal.throwIfAborted();
    const ask = async (replica: Replica) => {
      const answer = await replica.ask(path);
      onAnswer(replica);
      return answer;
    };
    return Promise.all(this.all.map(ask));
  }

  /** Every one of these pages as each serves it, some pages at a time. */
  async askAll(paths: readonly string[]): Promise<Answers> {
    const answers = new Map<string, readonly Answer[]>();
    await someAtOnce(paths, AT_ONCE, async (path) => answers.set(path, await this.ask(path)));
    return answers;
  }

  /** Which answers differ from what the database says now. */
  async wrongIn(answers: Answers): Promise<readonly string[]> {
    const wrong: string[] = [];
    await someAtOnce(answers, AT_ONCE, async ([path, given]) => {
      this.#signal.throwIfAborted();
      const { body: right } = await this.all[0].ask(withQuery(path, 'cache=off'));
      this.all.forEach(({ pid }, index) => {
        if (given[index].body !== right) wrong.push(`${path} in ${pid}`);
      });
    });
    return wrong;
  }

  /** What each knows of the log. */
  async logs(): Promise<readonly CacheStats['log'][]> {
    const stats = await this.ask('/stats');
    return stats.map(({ body }) => (JSON.parse(body) as { readonly cache: CacheStats }).cache.log);
  }

  /** Resolves to true when all follow the log, or to false if `patience` milliseconds aren't enough for that. */
  async joined(patience: number): Promise<boolean> {
    const follow = async () => (await this.logs()).every(({ incarnation }) => incarnation !== '');
    return (await until(follow, { patience, signal: this.#signal })) !== undefined;
  }

  /**
   * Ask a replica for the subject's own page until it shows what is new. Resolves to milliseconds, or to undefined if
   * an answer that was asked for when `patience` of them had gone still didn't.
   */
  untilNew(replica: Replica, subject: Subject, patience: number): Promise<number | undefined> {
    const showsIt = async () => shown((await replica.ask(packagePath(subject.id))).body, subject) === 'the new text';
    return until(showsIt, { patience, signal: this.#signal });
  }
}
