/** Text that comes in pieces, whole in memory: how much there may be is the caller's to say. */
import { TidemarkError } from '../../engine/errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of these bytes. Throws `bad_bytes` if they aren't UTF-8. */
export async function wholeText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const held: Uint8Array[] = [];
  for await (const chunk of chunks) held.push(chunk);
  try {
    return decoder.decode(Buffer.concat(held));
  } catch (error) {
    throw new TidemarkError('bad_bytes', 'not a text', error);
  }
}
