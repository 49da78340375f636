/** What the backend asks of a client library: a connection of its own, and nothing more than commands on it. */

/** A part of a command. */
export type Argument = string | Uint8Array;

/** What a server answers, as a client hands it on: texts of the keyspace as bytes, a map as whatever stands for one. */
export type Reply =
  | null
  | string
  | number
  | bigint
  | Uint8Array
  | readonly Reply[]
  | ReadonlyMap<Reply, Reply>
  | { readonly [name: string]: Reply };

/** Sends a command to one server. */
export type Send = (args: readonly Argument[]) => Promise<Reply>;

/** A connection to a server, or to all servers of a cluster. */
export interface Link {
  /** Settles once it can be used, or the first attempt has failed; from then on a command that can't be sent fails at once. */
  readonly opened: Promise<unknown>;
  /** True when it has given up: it won't connect again. */
  readonly ended: boolean;
  /** Send a command; `key` says which server of a cluster it is for. */
  send(args: readonly Argument[], key: string): Promise<Reply>;
  /** One way to each server that has keys of its own. */
  servers(): Promise<readonly Send[]>;
  /** Let go of everything at once, whatever is under way. */
  destroy(): void;
}

/** Opens connections as a client that was handed in would. */
export interface Connector {
  /** True if keys lie on several servers, so that a script reaches only those that share a slot. */
  readonly cluster: boolean;
  open(): Link;
}

interface BufferMaker {
  from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array;
}

/** The platform's `Buffer`: what both client libraries take for bytes, and what they answer with. */
export function bufferOfPlatform(): BufferMaker {
  return (globalThis as unknown as { readonly Buffer: BufferMaker }).Buffer;
}

/** Arguments as client libraries take them. */
export function withBuffers(args: readonly Argument[]): Argument[] {
  return args.map((arg) =>
    typeof arg === 'string' ? arg : bufferOfPlatform().from(arg.buffer, arg.byteOffset, arg.byteLength),
  );
}
