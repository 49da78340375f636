/** Bodies: read to the end within a limit, and given to responses that may have one. */

const BODILESS: readonly number[] = [204, 205, 304];

/** A response with any status that can have been received; some can't have a body. */
export function respond(
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null,
  { status, statusText, headers }: { status: number; statusText: string; headers: Headers },
): Response {
  return new Response(BODILESS.includes(status) ? null : body, { status, statusText, headers });
}

/** All bytes of a stream; `undefined` if it has more than `limit`, and then no more of it is read. Rejects as the stream does. */
export async function collect(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    length += next.value.byteLength;
    if (length > limit) {
      // The other branch of a tee may go on for long: its end isn't waited for.
      void reader.cancel().catch(() => {});
      return undefined;
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
