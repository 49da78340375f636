/**
 * A keyframe as bytes: an envelope that says of what it is a state, and the state itself.
 *
 * `TKF` and a byte of format; the length of the facts (32 bits, big-endian); the facts as JSON; the body; a CRC-32 of all
 * before it. Whatever doesn't match is no keyframe, and says why.
 */
import type { Codec } from '../engine/codec.ts';
import type { MaybePromise } from '../engine/maybe.ts';
import type { Compression } from './compression.ts';
import { crc32 } from './crc.ts';
import type { DocumentHeader, State } from './document.ts';
import type { Origin } from './snapshot.ts';

const MAGIC = [0x54, 0x4b, 0x46];
const FORMAT = 1;
const FIXED = 8;
const PLAIN = ''; // no compression's name
const TINY = 512; // bytes that aren't worth compressing

/** Of what a keyframe is the state. */
export interface KeyframeFacts {
  readonly documentType: string;
  /** The version of the model at the revision. */
  readonly version: number;
  readonly protocol: number;
  /** Of all the reducers that the state has come through. */
  readonly fingerprint: string;
  readonly revision: number;
  /** The operation at the revision, and the model's fingerprint of the scope's state after it. */
  readonly operationId: string;
  readonly scopeHash: string;
  readonly origin: Origin;
}

/** A keyframe in full. */
export interface Keyframe extends KeyframeFacts {
  readonly header: DocumentHeader;
  /** Of all scopes but `document`. */
  readonly state: State;
}

/** Why bytes are no keyframe of use. */
export type Rejection = 'damaged' | 'format' | 'model' | 'reducer' | 'compression' | 'history' | 'unreadable';

interface Envelope extends KeyframeFacts {
  readonly header: DocumentHeader;
  readonly compression: string;
  /** Bytes of the body before compression. */
  readonly size: number;
}

/** How keyframes are written. */
export interface Format {
  readonly codec: Codec;
  readonly compression: Compression;
}

/** A keyframe as bytes. Throws what the codec throws. */
export async function encodeKeyframe(keyframe: Keyframe, { codec, compression }: Format): Promise<Uint8Array> {
  const { state, ...facts } = keyframe;
  const plain = codec.encode(state);
  const small = plain.length < TINY;
  const envelope: Envelope = { ...facts, compression: small ? PLAIN : compression.name, size: plain.length };
  const said = new TextEncoder().encode(JSON.stringify(envelope));
  const body = small ? plain : await compression.compress(plain);
  const bytes = new Uint8Array(FIXED + said.length + body.length + 4);
  bytes.set([...MAGIC, FORMAT]);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, said.length);
  bytes.set(said, FIXED);
  bytes.set(body, FIXED + said.length);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)));
  return bytes;
}

/**
 * The inverse. `expected` says whether the envelope fits, before its body is looked at; what doesn't fit is answered with
 * the reason.
 */
export async function decodeKeyframe(
  bytes: Uint8Array,
  { codec, compression }: Format,
  expected: (facts: KeyframeFacts) => Rejection | undefined,
): Promise<Keyframe | Rejection> {
  if (bytes.length < FIXED + 4 || MAGIC.some((byte, i) => bytes[i] !== byte)) return 'damaged';
  if (bytes[3] !== FORMAT) return 'format';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(bytes.length - 4) !== crc32(bytes.subarray(0, -4))) return 'damaged';
  try {
    const end = FIXED + view.getUint32(4);
    const envelope = JSON.parse(new TextDecoder().decode(bytes.subarray(FIXED, end))) as Envelope;
    const wrong = expected(envelope);
    if (wrong) return wrong;
    if (envelope.compression !== PLAIN && envelope.compression !== compression.name) return 'compression';
    const body = bytes.subarray(end, -4);
    const plain: MaybePromise<Uint8Array> =
      envelope.compression === PLAIN ? body : compression.decompress(body, envelope.size);
    const state = codec.decode(await plain) as State;
    const { compression: _, size: __, ...facts } = envelope;
    return typeof state === 'object' && state !== null ? { ...facts, state } : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** A short text that differs for different texts, as good as always. */
export function fingerprintOf(text: string): string {
  return `${crc32(new TextEncoder().encode(text)).toString(16)}-${text.length}`;
}
