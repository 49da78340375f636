/** Hints from tab to tab that something in a database has changed. They may be lost: nothing rests on them but speed. */
import type { Channel } from '../../logs/broadcast/channel.ts';
import { platformChannel } from '../../logs/broadcast/channel.ts';

/** What happened: a change was appended, or a lease was let go of. */
export type Hint = 'change' | 'release';

/** The hints about one database. */
export class Hints {
  readonly #channel: Channel | undefined;
  readonly #listeners: Readonly<Record<Hint, Set<() => void>>> = { change: new Set(), release: new Set() };

  constructor(name: string) {
    this.#channel = platformChannel('tidemark:indexeddb:1:' + name);
    this.#channel?.addEventListener('message', ({ data }) => this.hear(data as Hint));
  }

  /** Whether other tabs can be heard. */
  get reach(): 'everyone' | 'this one' {
    return this.#channel ? 'everyone' : 'this one';
  }

  on(hint: Hint, listener: () => void): () => void {
    this.#listeners[hint].add(listener);
    return () => this.#listeners[hint].delete(listener);
  }

  /** Tell everyone, here and elsewhere. */
  tell(hint: Hint): void {
    this.hear(hint);
    this.#channel?.postMessage(hint);
  }

  /** Tell those who listen here. */
  hear(hint: Hint): void {
    for (const listener of this.#listeners[hint] ?? []) listener();
  }

  close(): void {
    this.#channel?.close();
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }
}
