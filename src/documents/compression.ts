/** Making keyframes smaller: gzip, which every platform has, or whatever is handed in. */
import { TidemarkError } from '../engine/errors.ts';
import type { MaybePromise } from '../engine/maybe.ts';

/** Bytes to fewer bytes and back. */
export interface Compression {
  /** Written into each keyframe, at most 20 characters: one of another name is no use to this one. */
  readonly name: string;
  compress(bytes: Uint8Array): MaybePromise<Uint8Array>;
  /** Throws for bytes that it didn't make. Must not answer with more than `size` bytes. */
  decompress(bytes: Uint8Array, size: number): MaybePromise<Uint8Array>;
}

/** Bytes as they are. */
export const noCompression: Compression = {
  name: 'none',
  compress: (bytes) => bytes,
  decompress: (bytes) => bytes,
};

/** gzip by the platform's own streams, on another thread where it has them. */
export const gzip: Compression = {
  name: 'gzip',
  compress: (bytes) => through(new CompressionStream('gzip'), bytes, Infinity),
  decompress: (bytes, size) => through(new DecompressionStream('gzip'), bytes, size),
};

interface Piped {
  readonly readable: { getReader(): Reader };
  readonly writable: { getWriter(): Writer };
}
interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}
interface Writer {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

declare const CompressionStream: new (format: 'gzip') => Piped;
declare const DecompressionStream: new (format: 'gzip') => Piped;

async function through({ readable, writable }: Piped, bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const writer = writable.getWriter();
  // Both ends fail alike; the reader's end is the one that is heard.
  writer.write(bytes).then(
    () => writer.close().catch(() => {}),
    () => {},
  );
  const reader = readable.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); next.value && !next.done; next = await reader.read()) {
    parts.push(next.value);
    length += next.value.length;
    if (length <= most) continue;
    void reader.cancel().catch(() => {});
    throw new TidemarkError('bad_bytes', `more than the ${most} bytes that there should be`);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
