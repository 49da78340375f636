/** What a command printed, in one run of bytes: pieces of stdout and stderr in the order in which they came. */
import { TidemarkError } from '../engine/errors.ts';

export type OutputStream = 'stdout' | 'stderr';

/** Takes what was printed, piece by piece. The next piece waits until the answer to this one has settled. */
export type OnOutput = (stream: OutputStream, bytes: Uint8Array) => void | Promise<void>;

/** After this head come frames: one byte for the stream, four for the length (the highest first), then the bytes. */
const HEAD = Buffer.from('tidemark log 1\n');
const STREAMS: readonly OutputStream[] = ['stdout', 'stderr'];
const FRAME = 5; // bytes that lead a frame
const FIRST_ROOM = 4096; // bytes

/** Whether nothing was printed. */
export function isEmptyLog(log: Uint8Array): boolean {
  return log.length === HEAD.length;
}

/** The most that a log may be asked to hold: a frame's length must fit, and the whole is kept in memory. */
export const LONGEST_LOG: number = 2 ** 30;

/**
 * A log that is being written. It never takes more memory than its limit (while it grows, twice that); what would go
 * beyond ends it: half a log is worth nothing.
 */
export class CommandLog {
  readonly #limit: number;
  #bytes: Buffer;
  #length = HEAD.length;
  /** Where the last frame begins, and whose it is. */
  #last: { readonly at: number; readonly stream: OutputStream } | undefined;
  #full = false;

  /** @param limit bytes of the whole log, its framing included. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#full = HEAD.length > limit;
    this.#bytes = Buffer.alloc(Math.max(HEAD.length, Math.min(limit, FIRST_ROOM)));
    HEAD.copy(this.#bytes);
  }

  add(stream: OutputStream, bytes: Uint8Array): void {
    if (this.#full || bytes.length === 0) return;
    const joins = this.#last?.stream === stream;
    if (!this.#makeRoom(this.#length + bytes.length + (joins ? 0 : FRAME))) return;
    if (!joins) {
      this.#last = { at: this.#length, stream };
      this.#bytes[this.#length] = STREAMS.indexOf(stream);
      this.#length += FRAME;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    const { at } = this.#last!;
    this.#bytes.writeUInt32BE(this.#length - at - FRAME, at + 1);
  }

  /** The log as it is now. */
  encoded(): Uint8Array | 'too long' {
    return this.#full ? 'too long' : this.#bytes.subarray(0, this.#length);
  }

  #makeRoom(length: number): boolean {
    if (length > this.#limit) {
      this.#full = true;
      this.#bytes = Buffer.alloc(0);
      return false;
    }
    if (length <= this.#bytes.length) return true;
    const bytes = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(length, this.#bytes.length * 2)));
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
    return true;
  }
}

/** The log of these pieces: neighbours of one stream become one, so that a text printed alike has one log. */
export function encodeLog(pieces: Iterable<readonly [stream: OutputStream, bytes: Uint8Array]>): Uint8Array {
  const log = new CommandLog(LONGEST_LOG);
  for (const [stream, bytes] of pieces) log.add(stream, bytes);
  const encoded = log.encoded();
  if (encoded === 'too long') throw new TidemarkError('bad_value', `a log can't be longer than ${LONGEST_LOG} bytes`);
  return encoded;
}

/**
 * Hands over what a log says that was printed, byte for byte and in its order. Throws `bad_bytes`, before anything is
 * shown, if it isn't what {@link encodeLog} makes. Of the printed bytes themselves it knows no digest: the store does.
 */
export async function replayLog(log: Uint8Array, onOutput: OnOutput): Promise<void> {
  for (const [stream, bytes] of framesOf(log)) {
    const shown = onOutput(stream, bytes);
    if (shown !== undefined) await shown;
  }
}

function framesOf(log: Uint8Array): readonly (readonly [OutputStream, Uint8Array])[] {
  const bytes = Buffer.from(log.buffer, log.byteOffset, log.byteLength);
  if (!bytes.subarray(0, HEAD.length).equals(HEAD)) throw damaged('it has another head');
  const frames: (readonly [OutputStream, Uint8Array])[] = [];
  for (let at = HEAD.length; at < bytes.length;) {
    if (at + FRAME > bytes.length) throw damaged('it ends within a frame');
    const stream = STREAMS[bytes[at]];
    const end = at + FRAME + bytes.readUInt32BE(at + 1);
    if (stream === undefined || stream === frames.at(-1)?.[0]) throw damaged(`byte ${at} names no other stream`);
    if (end === at + FRAME || end > bytes.length) throw damaged(`the frame at ${at} has a wrong length`);
    frames.push([stream, bytes.subarray(at + FRAME, end)]);
    at = end;
  }
  return frames;
}

function damaged(why: string): TidemarkError {
  return new TidemarkError('bad_bytes', `this isn't the log of a command: ${why}`);
}
