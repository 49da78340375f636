/** A remote at its place among others: time limits, breakers for reading and writing, and what it is known to hold damaged. */
import { Breaker, type BreakerOptions } from '../../engine/breaker.ts';
import type { Clock } from '../../engine/clock.ts';
import { TidemarkError } from '../../engine/errors.ts';
import { Patience } from './patience.ts';
import type { RemoteBody, RemoteKind, RemoteStore } from './remote-store.ts';
import type { RemoteTrouble } from './remote-trouble.ts';

/** What all tiers share. Times in milliseconds. */
export interface TierSettings {
  readonly timeout: number;
  readonly breaker: BreakerOptions;
  readonly clock: Clock;
  readonly tell: (trouble: RemoteTrouble) => void;
}

/** One name at a remote, and until when it is asked for. */
export interface Wanted {
  readonly kind: RemoteKind;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What one remote did since it was opened. */
export interface RemoteStats {
  readonly name: string;
  /** Reads that were answered with what is right, and those that were answered with nothing. */
  readonly hits: number;
  readonly misses: number;
  readonly writes: number;
  /** Operations that failed, and those that weren't tried since the remote was left alone. */
  readonly failures: number;
  readonly skipped: number;
  /** Bytes of what was answered right, and of what was written. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

type Operation = 'get' | 'has' | 'put';
type Direction = 'reading' | 'writing';

/** Names known to be damaged are few, or something is so wrong that more of them are of no use. */
const DAMAGED = 10_000;

/** A remote. No operation throws, but for the signal of who asks. */
export class RemoteTier {
  readonly #remote: RemoteStore;
  readonly #settings: TierSettings;
  readonly #breakers: Readonly<Record<Direction, Breaker>>;
  readonly #damaged = new Set<string>();
  readonly #counts = { hits: 0, misses: 0, writes: 0, failures: 0, skipped: 0, bytesRead: 0, bytesWritten: 0 };

  constructor(remote: RemoteStore, settings: TierSettings) {
    this.#remote = remote;
    this.#settings = settings;
    const breaker = (): Breaker => new Breaker({ ...settings.breaker, lost: 2 * settings.timeout });
    this.#breakers = { reading: breaker(), writing: breaker() };
  }

  get name(): string {
    return this.#remote.name;
  }

  get writable(): boolean {
    return this.#remote.readOnly !== true;
  }

  get stats(): RemoteStats {
    return { name: this.name, ...this.#counts };
  }

  /**
   * What `take` makes of the bytes under a name, of which there may be at most so many; nothing if there are none, or if
   * the remote fails. `take` throws `bad_bytes` if they aren't what they should be; anything else is the local store's fault.
   */
  read<T>(
    wanted: Wanted,
    most: number,
    take: (chunks: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T | undefined> {
    return this.#attempt('get', wanted, async (patience) => {
      const body = await patience.wait(this.#remote.get(wanted.kind, wanted.name, patience));
      if (body === undefined) {
        this.#counts.misses++;
        return undefined;
      }
      const theirs = new Watch();
      const taken = await take(theirs.over(patience.reading(body, most))).catch((error: unknown) => {
        throw theirs.failed ? theirs.failed.error : isBad(error) ? error : new LocalFault(error);
      });
      this.#counts.hits++;
      this.#counts.bytesRead += patience.bytes;
      return taken;
    });
  }

  /** Whether it is there, as far as the remote can tell, and not known to be damaged; nothing if the remote fails. */
  async has(wanted: Wanted): Promise<boolean | undefined> {
    if (!this.#remote.has || this.#damaged.has(idOf(wanted))) return false;
    return this.#attempt('has', wanted, (patience) =>
      patience.wait(this.#remote.has!(wanted.kind, wanted.name, patience)),
    );
  }

  /** Write to a remote that is {@link RemoteTier.writable}; tells whether that worked. */
  async write(wanted: Wanted, { size, chunks }: RemoteBody): Promise<boolean> {
    const done = await this.#attempt('put', wanted, async (patience) => {
      const ours = new Watch();
      const put = (told: AsyncIterable<Uint8Array>): Promise<void> =>
        this.#remote.put(wanted.kind, wanted.name, { size, chunks: told }, patience);
      await patience.writing(heldBack(ours.over(chunks)), put).catch((error: unknown) => {
        throw ours.failed ? new LocalFault(ours.failed.error) : error;
      });
      this.#counts.writes++;
      this.#counts.bytesWritten += patience.bytes;
      this.#damaged.delete(idOf(wanted));
      return true;
    });
    return done === true;
  }

  /** Say what went wrong. */
  tell(what: RemoteTrouble['what'], text: string, error?: unknown): void {
    this.#settings.tell({ what, remote: this.name, text: `${this.name}: ${text}`, error });
  }

  async #attempt<T>(
    operation: Operation,
    wanted: Wanted,
    run: (patience: Patience) => Promise<T>,
  ): Promise<T | undefined> {
    const { signal } = wanted;
    signal.throwIfAborted();
    const { timeout, clock } = this.#settings;
    const direction = operation === 'get' ? 'reading' : 'writing';
    if (!this.#breakers[direction].allows(clock.now())) {
      this.#counts.skipped++;
      return undefined;
    }
    const what = `${operation} of ${idOf(wanted)}`;
    const patience = new Patience({ what, timeout, clock, signal });
    try {
      const answer = await run(patience);
      if (this.#breakers[direction].succeeded()) this.tell('back', `${direction} works again`);
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof LocalFault) this.tell('local', `${what}: ${error.message}`, error.cause);
      else this.#failed(direction, wanted, what, error);
      return undefined;
    } finally {
      patience.end();
    }
  }

  #failed(direction: Direction, wanted: Wanted, what: string, error: unknown): void {
    this.#counts.failures++;
    if (isBad(error) && this.#damaged.size < DAMAGED) this.#damaged.add(idOf(wanted));
    this.tell('failed', `${what} failed: ${reasonOf(error)}`, error);
    if (this.#breakers[direction].failed(this.#settings.clock.now()))
      this.tell('left alone', `${direction} keeps failing, and isn't tried for a while`);
  }
}

/** What failed here, while the remote did what it should: says nothing about it. */
class LocalFault extends Error {
  constructor(cause: unknown) {
    super(`the local store failed: ${reasonOf(cause)}`, { cause });
  }
}

/** Remembers what chunks threw: it may come out of a store wrapped. */
class Watch {
  failed: { readonly error: unknown } | undefined;

  async *over(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      this.failed = { error };
      throw error;
    }
  }
}

/** The last piece is kept until it is known that all of them were right: what ends early is taken for cut off. */
async function* heldBack(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (held) yield held;
    held = chunk;
  }
  if (held) yield held;
}

function isBad(error: unknown): boolean {
  return error instanceof TidemarkError && error.code === 'bad_bytes';
}

/** What an error says, and what is behind it: `fetch failed` alone helps nobody. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}

function idOf({ kind, name }: Wanted): string {
  return `${kind}/${name}`;
}
