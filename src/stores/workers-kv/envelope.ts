/**
 * Entries as text: a line of JSON with everything but the value, then the value.
 *
 * It is text since a read of many keys at once, which counts as one operation, answers with nothing else. Bytes of a codec
 * that are UTF-8, as those of `jsonCodec` are, stand there as they are, so that people can read them where they look at a
 * namespace; others stand there as `jsonCodec` writes bytes, in base64, a third larger.
 */
import { jsonCodec } from '../../codecs/json.ts';
import { type Codec, withBytes } from '../../engine/codec.ts';
import { type Entry, isEntry } from '../../engine/entry.ts';
import { viewFrom } from '../../engine/wire.ts';
import { bytesOf } from './names.ts';

const FORMAT = 1;

const encoder = new TextEncoder();
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The line above the value. JSON has no infinities: they are written as texts. */
interface Header {
  readonly tidemark: number;
  readonly codec: string;
  readonly value: 'text' | 'bytes';
  readonly mark: number;
  readonly incarnation: string;
  readonly dependencies: readonly string[];
  readonly freshUntil: number | string;
  readonly keptUntil: number | string;
  readonly etag?: string | undefined;
  readonly cost?: number | undefined;
}

/** An entry as text, and how many bytes that takes. Throws `bad_value` for what the codec can't represent. */
export function textOfEntry(entry: Entry, codec: Codec): { readonly text: string; readonly bytes: number } {
  const { value, mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost } = withBytes(entry, codec);
  const readable = textOf(value);
  const header: Header = {
    tidemark: FORMAT,
    codec: codec.name,
    value: readable === undefined ? 'bytes' : 'text',
    mark,
    incarnation,
    dependencies,
    freshUntil: written(freshUntil),
    keptUntil: written(keptUntil),
    etag,
    cost,
  };
  const head = JSON.stringify(header) + '\n';
  const body = readable ?? strict.decode(jsonCodec.encode(viewFrom(value, 0)));
  return { text: head + body, bytes: bytesOf(head) + (readable === undefined ? body.length : value.length) };
}

/** The inverse; `undefined` for everything that wasn't written so, or by another codec. */
export function entryOfText(text: string, codec: Codec): Entry | undefined {
  try {
    const end = text.indexOf('\n');
    const header = JSON.parse(text.slice(0, end)) as Header;
    if (header.tidemark !== FORMAT || header.codec !== codec.name) return undefined;
    const { mark, incarnation, dependencies, freshUntil, keptUntil, etag, cost } = header;
    if (!isOr('string', etag) || !isOr('number', cost)) return undefined;
    const body = encoder.encode(text.slice(end + 1));
    const value = codec.decode(header.value === 'bytes' ? (jsonCodec.decode(body) as Uint8Array) : body);
    const times = { freshUntil: read(freshUntil), keptUntil: read(keptUntil) };
    const entry: unknown = { value, mark, incarnation, dependencies, ...times, etag, cost };
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes that are UTF-8 as text, from which they can be made again. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function written(time: number): number | string {
  return Number.isFinite(time) ? time : String(time);
}

function read(time: number | string): number {
  return typeof time === 'string' ? Number(time) : time;
}

function isOr(type: 'string' | 'number', value: unknown): boolean {
  return value === undefined || typeof value === type;
}
