/** What paths led to: symbolic links on the way, as they are on the disk, or as the task made them. */
import { lstatSync, readlinkSync } from 'node:fs';

/** Where a path led. All paths are absolute, and what they are in is real: no link is on the way to them. */
export interface Led {
  /** The links that were followed. */
  readonly links: readonly string[];
  /** The directories that were left again by `..`: they had to be there. */
  readonly left: readonly string[];
  readonly real: string;
}

/** How a path was asked for. */
export interface Asked {
  /** The real directory from which a relative path begins. */
  readonly from: string;
  /** Whether a link at the end is followed. */
  readonly follow: boolean;
  /** Whether there was something. */
  readonly there: boolean;
}

const MOST_LINKS = 40;
/** No files of a disk: where links lead there depends on who follows them. */
export const SPECIAL: RegExp = /^\/(?:proc|sys|dev(?!\/shm\/))(?:\/|$)/;

/** Follows paths. The trace is read when the task has ended, so what it changed meanwhile is kept in mind. */
export class Links {
  /** The target of a link, or `''` for what is none, or `undefined` for what isn't there. */
  readonly #targets: Map<string, string | undefined> = new Map();
  readonly #entered: Set<string> = new Set();

  led(path: string, { from, follow, there }: Asked): Led {
    const links: string[] = [];
    const left: string[] = [];
    const parts = path.split('/').toReversed();
    let real = path.startsWith('/') ? '/' : from;
    const followsLast = follow || path.endsWith('/');
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        // That nothing was found may be for what is missing here.
        if (!there && this.#target(real) === undefined) break;
        if (real !== from) left.push(real);
        real = parentOf(real);
        continue;
      }
      const next = real === '/' ? `/${part}` : `${real}/${part}`;
      const isLast = parts.every((other) => other === '' || other === '.');
      const target = SPECIAL.test(next) ? '' : this.#target(next);
      if (target && (!isLast || followsLast) && links.length < MOST_LINKS) {
        links.push(next);
        parts.push(...target.split('/').toReversed());
        if (target.startsWith('/')) real = '/';
      } else {
        if (!isLast) this.#entered.add(next);
        real = next;
      }
    }
    return { links, left, real };
  }

  /** Whether others were reached through this. */
  wasEntered(path: string): boolean {
    return this.#entered.has(path);
  }

  /** The task made a link, or something that is none (`''`). */
  made(path: string, target: string): void {
    this.#targets.set(path, target);
  }

  /** The task moved or removed what was there. */
  gone(path: string, to?: string): void {
    if (to !== undefined) {
      if (this.#targets.has(path)) this.#targets.set(to, this.#targets.get(path));
      else this.#targets.delete(to);
    }
    this.#targets.set(path, undefined);
  }

  #target(path: string): string | undefined {
    if (this.#targets.has(path)) return this.#targets.get(path);
    const target = targetNow(path);
    this.#targets.set(path, target);
    return target;
  }
}

/** The directory that a path is in. */
export function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end <= 0 ? '/' : path.slice(0, end);
}

function targetNow(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : '';
  } catch {
    return undefined;
  }
}
