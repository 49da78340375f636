/**
 * Nodes as they run in Workers: all that a node does it does in a request. A request ends when it has been answered and what
 * it was told to wait for has settled, or at any moment; what it has under way then never goes on: no timer of it fires, no
 * answer comes, and nobody is told.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from 'tidemark';
import type { Chance } from 'tidemark/testing';
import type { Platform, PlatformMaker } from '../../src/testing/simulation/platform.ts';

const AFTER_ANSWER = 30_000; // milliseconds that the platform lets a request go on after its answer

const context = new AsyncLocalStorage<Request>();

/** What the present code runs in, if it runs in a request. */
export function presentRequest(): object | undefined {
  return context.getStore();
}

/** One request of a node. */
class Request {
  readonly node: string;
  readonly #ended: () => void;
  readonly #tasks: (() => void)[] = [];
  #waitsFor = 0;
  gone = false;

  constructor(node: string, ended: () => void) {
    this.node = node;
    this.#ended = ended;
  }

  /** It doesn't end of itself before this has settled. */
  waitFor(work: Promise<unknown>): void {
    this.#waitsFor++;
    const settled = () => {
      if (--this.#waitsFor === 0) this.end();
    };
    work.then(settled, settled);
  }

  /** Do this when it ends; at once if it has. */
  onEnd(task: () => void): void {
    if (this.gone) task();
    else this.#tasks.push(task);
  }

  end(): void {
    if (this.gone) return;
    this.gone = true;
    for (const task of this.#tasks) task();
    this.#ended();
  }
}

/** The requests of one schedule. */
class Requests implements Platform {
  readonly joinTimeout: number;
  calm = false;
  readonly #live = new Set<Request>();
  readonly #clock: Clock;

  constructor(clock: Clock, chance: Chance) {
    this.#clock = clock;
    this.joinTimeout = chance.pick([300, 700, 2000]);
  }

  readonly background = (work: Promise<unknown>): void => {
    const { gone } = this;
    if (!gone) present().waitFor(work);
  };

  get gone(): boolean {
    return present().gone;
  }

  ask(node: string, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = new Request(node, () => {
        this.#live.delete(request);
        resolve();
      });
      this.#live.add(request);
      const answered = context.run(request, work);
      request.waitFor(answered);
      answered.then(() => {
        request.onEnd(this.#clock.after(AFTER_ANSWER, () => request.end()));
        resolve();
      }, reject);
    });
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      after: (ms, task) => {
        const request = present();
        if (request.gone) return () => {};
        const cancel = clock.after(ms, () => context.run(request, task));
        request.onEnd(cancel);
        return cancel;
      },
    };
  }

  asked<T extends object>(thing: T): T {
    return new Proxy(thing, {
      get: (target, name) => {
        const part: unknown = Reflect.get(target, name, target);
        if (typeof part === 'function')
          return (...args: unknown[]) =>
            this.#answer(() => Reflect.apply(part as (...given: unknown[]) => unknown, target, args));
        return typeof part === 'object' && part !== null ? this.asked(part) : part;
      },
    });
  }

  /** What comes of asking something outside: with parts that are asked in turn, as a lease that is released. */
  #answer(ask: () => unknown): unknown {
    const request = present();
    if (request.gone) return new Promise<never>(() => {});
    const answer = ask();
    if (!(answer instanceof Promise)) return answer;
    return new Promise((resolve, reject) => {
      answer.then(
        (given: unknown) => {
          if (!request.gone) resolve(isAskable(given) ? this.asked(given) : given);
        },
        (error: unknown) => {
          if (!request.gone) reject(error);
        },
      );
    });
  }

  onEnd(task: () => void): void {
    present().onEnd(task);
  }

  bound(task: () => void): () => void {
    const request = present();
    return () => {
      if (!request.gone) context.run(request, task);
    };
  }

  end(node: string, chance: Chance): boolean {
    const requests = [...this.#live].filter((request) => request.node === node);
    if (this.calm || requests.length === 0) return false;
    chance.pick(requests).end();
    return true;
  }

  leave(node: string): void {
    for (const request of this.#live) if (request.node === node) request.end();
  }
}

/** Nodes in requests, for `play`. */
export const inRequests: PlatformMaker = (clock, chance) => new Requests(clock, chance);

/** Outside of a request a platform forbids what may take time. */
function present(): Request {
  const request = context.getStore();
  if (!request) throw new Error('this may be done in a request only');
  return request;
}

function isAskable(given: unknown): given is object {
  return typeof given === 'object' && given !== null && 'release' in given;
}
