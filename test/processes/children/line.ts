/** Questions and answers between a test and a program that it has started; both sides may ask. */
import type { ChildProcess } from 'node:child_process';

/** What a side answers, by the name of the question. */
export type Answers = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly question: string;
  readonly number: number;
  readonly argument: unknown;
}

interface Answer {
  readonly answers: number;
  readonly value?: unknown;
  readonly failure?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One end of the channel that `fork` opens. */
export class Line {
  readonly #end: ChildProcess | NodeJS.Process;
  readonly #answers: Answers;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;

  constructor(end: ChildProcess | NodeJS.Process, answers: Answers) {
    this.#end = end;
    this.#answers = answers;
    (end as ChildProcess).on('message', (message) => void this.#hear(message as unknown as Question | Answer));
    (end as ChildProcess).on('disconnect', () => this.#cut());
  }

  /** Rejects with what the other side failed with, or when it is gone. */
  ask<T>(question: string, argument?: unknown): Promise<T> {
    const number = ++this.#asked;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(number, { resolve: resolve as Waiting['resolve'], reject });
      if (this.#end.connected) this.#send({ question, number, argument });
      else this.#cut();
    });
  }

  #send(message: Question | Answer): void {
    this.#end.send?.(message, undefined, undefined, () => {}); // who is gone needs no answer
  }

  #cut(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the other side is gone'));
    this.#waiting.clear();
  }

  async #hear(message: Question | Answer): Promise<void> {
    if ('question' in message) return this.#send(await this.#answerTo(message));
    const waiting = this.#waiting.get(message.answers);
    this.#waiting.delete(message.answers);
    if (message.failure === undefined) waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.failure));
  }

  async #answerTo({ question, number, argument }: Question): Promise<Answer> {
    try {
      const answer = this.#answers[question] as ((argument: unknown) => unknown) | undefined;
      if (!answer) throw new Error(`nobody answers '${question}'`);
      return { answers: number, value: await answer(argument) };
    } catch (error) {
      return { answers: number, failure: inWords(error) };
    }
  }
}

/** An error as one text: its code, if it has one, its message, and that of its cause. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  const cause = error.cause === undefined ? '' : ` (${inWords(error.cause)})`;
  return `${typeof code === 'string' ? `${code}: ` : ''}${error.message}${cause}`;
}
