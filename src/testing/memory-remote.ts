/** A remote in memory, for tests: what it keeps can be looked at, changed and taken away. */
import type { RemoteBody, RemoteCall, RemoteKind, RemoteStore } from '../build/remote/remote-store.ts';

/** Options of {@link memoryRemote}. */
export interface MemoryRemoteOptions {
  /** Default: `'memory'`. */
  readonly name?: string;
  readonly readOnly?: boolean;
}

/** A remote whose contents are at hand. */
export interface MemoryRemote extends RemoteStore {
  /** What it keeps, by kind and name with a slash between. */
  readonly kept: Map<string, Uint8Array>;
  /** What it was asked, in order: `'get blobs/…'`. */
  readonly asked: string[];
}

/**
 * A remote for tests.
 *
 * @example
 * const remote = memoryRemote();
 * openBuildCache({ remotes: [remote] });
 */
export function memoryRemote({ name = 'memory', readOnly = false }: MemoryRemoteOptions = {}): MemoryRemote {
  const kept = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const idOf = (operation: string, kind: RemoteKind, key: string, { signal }: RemoteCall): string => {
    signal.throwIfAborted();
    asked.push(`${operation} ${kind}/${key}`);
    return `${kind}/${key}`;
  };
  return {
    name,
    readOnly,
    kept,
    asked,
    get: async (kind, key, call) => {
      const bytes = kept.get(idOf('get', kind, key, call));
      return bytes && { size: bytes.length, chunks: piecesOf(bytes) };
    },
    put: async (kind, key, body, call) => {
      const id = idOf('put', kind, key, call);
      kept.set(id, await whole(body, call.signal));
    },
    has: async (kind, key, call) => kept.has(idOf('has', kind, key, call)),
  };
}

const PIECE = 64 * 1024;

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.slice(at, at + PIECE);
}

async function whole({ chunks }: RemoteBody, signal: AbortSignal): Promise<Uint8Array> {
  let held = new Uint8Array(0);
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    const longer = new Uint8Array(held.length + chunk.length);
    longer.set(held);
    longer.set(chunk, held.length);
    held = longer;
  }
  return held;
}
