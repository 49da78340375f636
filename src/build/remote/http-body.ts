/** What is sent by HTTP: whole where it is small, else piece by piece; packed where that was asked for and saves something. */
import { pipeline, Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import type { RemoteBody } from './remote-store.ts';

/** Up to here bytes are held in memory: a body of known length, which can be sent again. */
const SMALL = 64 * 1024;
/** Below this many bytes packing isn't worth a thought; and it must save one in ten. */
const TINY = 1024;
const WORTH = 0.9;

/** A request's body and the headers that belong to it. */
export interface Outgoing {
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Prepare a body. It is judged by its beginning whether packing saves something. */
export async function outgoing({ size, chunks }: RemoteBody, compress: boolean): Promise<Outgoing> {
  const iterator = chunks[Symbol.asyncIterator]();
  const { bytes, ended } = await beginning(iterator);
  const packed = compress && bytes.length >= TINY ? gzipSync(bytes) : undefined;
  const worth = packed !== undefined && packed.length < WORTH * bytes.length;
  const headers: Record<string, string> = { 'content-type': 'application/octet-stream' };
  if (worth) headers['content-encoding'] = 'gzip';
  if (ended) return { body: worth ? packed : bytes, headers };
  if (worth) return { body: pipeline(Readable.from(rest(bytes, iterator)), createGzip(), () => {}), headers };
  if (size !== undefined) headers['content-length'] = String(size);
  return { body: rest(bytes, iterator), headers };
}

async function beginning(
  iterator: AsyncIterator<Uint8Array>,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly ended: boolean }> {
  const held: Uint8Array[] = [];
  for (let length = 0; length <= SMALL;) {
    const { done, value } = await iterator.next();
    if (done === true) return { bytes: Buffer.concat(held), ended: true };
    held.push(value);
    length += value.length;
  }
  return { bytes: Buffer.concat(held), ended: false };
}

async function* rest(bytes: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield bytes;
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) yield step.value;
  } finally {
    await iterator.return?.();
  }
}
