/** A representation: what is sent of a value, made once, kept, and named by an ETag. */
import { entityTag, type Representation as Named } from './etag.ts';

/** Which one of a value's representations. */
export type Parts = Pick<Named, 'fields' | 'locale' | 'encoding'>;

/** A body with what is said about it. */
export interface Body {
  readonly body: string | Uint8Array;
  /** The Content-Type. */
  readonly type: string;
}

/** How a value is shown. */
export interface Shown<T> {
  /**
   * Makes the body. Default: JSON, of the fields that the parts name, or of all. Two values that differ in what is shown
   * must differ in their bodies, or in `version`.
   */
  readonly serialize?: (value: T, parts: Parts) => Body | Promise<Body>;
  /**
   * The value's own version, of which the ETag is made. It must change whenever anything changes that is shown. Default: a
   * digest of the body, taken once when it is made.
   */
  readonly version?: (value: T) => string | number | bigint;
  /**
   * When the value changed last, in milliseconds since the epoch. Of lists, and of what shows more than the value itself (an
   * author, say), that is hardly known, and better not said: a client that asks by the date alone would be told that nothing
   * has changed.
   */
  readonly lastModified?: (value: T) => number | undefined;
  /** Whether the value is not for all, as drafts are. */
  readonly restricted?: (value: T) => boolean;
}

/** A representation as it is kept: plain data, never changed. */
export interface Made {
  readonly status: 200 | 404;
  readonly etag?: string;
  /** Milliseconds since the epoch, whole seconds. */
  readonly lastModified?: number;
  readonly type?: string;
  readonly body: string | Uint8Array;
  /** The body's length in bytes. */
  readonly length: number;
  readonly restricted: boolean;
  readonly tags: readonly string[];
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
}

/** What there is of something that isn't there. */
export function missing(tags: readonly string[], madeAt: number): Made {
  return { status: 404, body: '', length: 0, restricted: false, tags, madeAt };
}

/** Makes a representation. `release` is that of the program that makes it. */
export async function represent<T>(
  value: T,
  { parts, shown, release }: { readonly parts: Parts; readonly shown: Shown<T>; readonly release: string },
  tags: readonly string[],
  madeAt: number,
): Promise<Made> {
  const { serialize = asJson, version, lastModified, restricted } = shown;
  const { body, type } = await serialize(value, parts);
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const mark = version ? `${release}.${version(value)}` : await digest(type, bytes);
  const modified = settled(lastModified?.(value), madeAt);
  return {
    status: 200,
    etag: entityTag({ ...parts, mark }),
    ...(modified !== undefined && { lastModified: modified }),
    type,
    body,
    length: bytes.byteLength,
    restricted: restricted?.(value) === true,
    tags,
    madeAt,
  };
}

/** A date has whole seconds, so one that isn't over could stand for two versions: it isn't said. */
function settled(lastModified: number | undefined, now: number): number | undefined {
  if (lastModified === undefined || !Number.isFinite(lastModified)) return undefined;
  const second = Math.floor(lastModified / 1000) * 1000;
  return second + 1000 <= now ? second : undefined;
}

/** JSON of a value, or of each item of a list. */
function asJson(value: unknown, { fields }: Parts): Body {
  const shown = fields === undefined ? value : Array.isArray(value) ? value.map(only(fields)) : only(fields)(value);
  return { body: JSON.stringify(shown) ?? 'null', type: 'application/json' };
}

function only(fields: readonly string[]): (value: unknown) => unknown {
  const names = new Set(fields);
  return (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).filter(([name]) => names.has(name)))
      : value;
}

/** 128 bits of SHA-256 over type and body, as text. */
async function digest(type: string, bytes: Uint8Array): Promise<string> {
  const head = new TextEncoder().encode(`${type}\n`);
  const all = new Uint8Array(head.length + bytes.length);
  all.set(head);
  all.set(bytes, head.length);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', all), 0, 16);
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
