/** What a task did at each path, in the order in which it did it: what it found there counts until it makes something. */
import { parentOf } from './links.ts';

/** What is known of one path. */
export interface Sight {
  /** Whether something was there before the task; `undefined` where that can't be told. */
  before: boolean | undefined;
  /** Looked at before the task made or removed it: `asked` is whether and what it is, `read` its content. */
  seen: 'not' | 'asked' | 'read';
  /** Names were read. */
  listed: boolean;
  /** Some of what was there is in what the task made of it. */
  kept: boolean;
  /** What the task did to it last. */
  done: 'nothing' | 'made' | 'removed';
  /** Made as a directory. */
  directory: boolean;
  /** It wasn't there, then it was, and the task had not been seen to make it. */
  appeared: boolean;
}

/** Paths are absolute and real. */
export class Sights {
  readonly all: Map<string, Sight> = new Map();
  /** Directories that the task made or removed: all in them is its own work. */
  readonly #ownDirectories: Set<string> = new Set();
  readonly #before: (path: string) => boolean | undefined;

  /** `before` tells whether something was there, if that is known. */
  constructor(before: (path: string) => boolean | undefined) {
    this.#before = before;
  }

  /** Something is there. */
  asked(path: string, seen: 'asked' | 'read'): void {
    const sight = this.#notOwn(path);
    if (!sight) return;
    sight.before ??= true;
    sight.appeared ||= !sight.before;
    if (sight.seen !== 'read') sight.seen = seen;
  }

  listed(path: string): void {
    const sight = this.#notOwn(path);
    if (sight) sight.listed = true;
  }

  /** It was asked for, and what the answer was isn't known. */
  asking(path: string): void {
    const sight = this.#notOwn(path);
    if (sight && sight.seen === 'not') sight.seen = 'asked';
  }

  /** Nothing is there. */
  missed(path: string): void {
    const sight = this.#notOwn(path);
    if (!sight) return;
    sight.before ??= false;
    if (sight.seen === 'not') sight.seen = 'asked';
  }

  /** A file or link is made, or changed; `fresh` where nothing was there, `kept` where what was there stays in part. */
  made(path: string, { fresh, kept }: { readonly fresh?: boolean; readonly kept?: boolean } = {}): void {
    const sight = this.#at(path);
    const isFirst = sight.done === 'nothing' && !this.isOwn(path);
    if (isFirst && fresh) sight.before ??= false;
    if (isFirst && kept && sight.before !== false) sight.kept = true;
    sight.done = 'made';
  }

  madeDirectory(path: string): void {
    this.made(path, { fresh: true });
    this.#at(path).directory = true;
    this.#ownDirectories.add(path);
  }

  /** Nothing is left of what was there. */
  emptied(path: string): void {
    const sight = this.#at(path);
    if (sight.done === 'made') sight.kept = false;
  }

  removed(path: string): void {
    const sight = this.#at(path);
    if (sight.done === 'nothing' && !this.isOwn(path)) sight.before ??= true;
    sight.done = 'removed';
    this.#ownDirectories.add(path);
  }

  /** Everything that is known below one of the task's own directories goes with it. */
  moved(from: string, to: string): void {
    const { directory } = this.#at(from);
    const below = directory ? [...this.all].filter(([path]) => path.startsWith(`${from}/`)) : [];
    const wasOwn = this.isOwn(from);
    if (!wasOwn) this.asked(from, 'read');
    this.removed(from);
    if (directory) this.madeDirectory(to);
    else this.made(to);
    for (const [path, sight] of below) {
      if (sight.done !== 'made') continue;
      this.removed(path);
      if (sight.directory) this.madeDirectory(to + path.slice(from.length));
      else this.made(to + path.slice(from.length), { fresh: true });
    }
  }

  /** Whether what is there, or that nothing is there, is the task's own work. */
  isOwn(path: string): boolean {
    const done = this.all.get(path)?.done ?? 'nothing';
    if (done !== 'nothing') return true;
    if (this.#ownDirectories.size === 0) return false;
    for (let directory = parentOf(path); directory !== '/'; directory = parentOf(directory))
      if (this.#ownDirectories.has(directory)) return true;
    return false;
  }

  #notOwn(path: string): Sight | undefined {
    return this.isOwn(path) ? undefined : this.#at(path);
  }

  #at(path: string): Sight {
    let sight = this.all.get(path);
    if (sight === undefined) {
      const before = this.#before(path);
      sight = { before, seen: 'not', listed: false, kept: false, done: 'nothing', directory: false, appeared: false };
      this.all.set(path, sight);
    }
    return sight;
  }
}
