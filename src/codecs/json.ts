/** Values as JSON text: plain data stays as it is, everything else JSON can't say is tagged, and what can't be said is refused. */
import type { Codec } from '../engine/codec.ts';
import { TidemarkError } from '../engine/errors.ts';
import { kindOf } from '../engine/values.ts';

const TAG = '$tidemark';
const DEEPEST = 1000;

type Tagged = { readonly [TAG]: string; readonly v?: unknown };

declare function btoa(text: string): string;
declare function atob(text: string): string;

type Buffers = { readonly Buffer?: { from(buffer: ArrayBuffer): ArrayBufferView } };

/** Views of bytes by the name that a text carries. */
const VIEWS: Readonly<Record<string, (buffer: ArrayBuffer) => ArrayBufferView>> = {
  Int8Array: (b) => new Int8Array(b),
  Uint8Array: (b) => new Uint8Array(b),
  Uint8ClampedArray: (b) => new Uint8ClampedArray(b),
  Int16Array: (b) => new Int16Array(b),
  Uint16Array: (b) => new Uint16Array(b),
  Int32Array: (b) => new Int32Array(b),
  Uint32Array: (b) => new Uint32Array(b),
  Float32Array: (b) => new Float32Array(b),
  Float64Array: (b) => new Float64Array(b),
  BigInt64Array: (b) => new BigInt64Array(b),
  BigUint64Array: (b) => new BigUint64Array(b),
  DataView: (b) => new DataView(b),
  Buffer: (b) => {
    const { Buffer } = globalThis as Buffers;
    if (!Buffer) throw new TidemarkError('bad_bytes', 'a Buffer was stored, and this platform has none');
    return Buffer.from(b);
  },
};

/**
 * JSON that keeps dates, maps, sets, bigints, typed arrays, `undefined`, `NaN`, `-0` and the infinities. Functions,
 * symbols, instances of classes and cycles are refused with `bad_value`. Typed arrays are in the machine's byte order.
 */
export const jsonCodec: Codec = {
  name: 'json',
  encode(value) {
    const json = isJson(value, 0) ? value : toJson(value, new Set());
    return new TextEncoder().encode(JSON.stringify(json));
  },
  decode(bytes) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      const json: unknown = JSON.parse(text);
      return text.includes(TAG) ? fromJson(json) : json;
    } catch (cause) {
      if (cause instanceof TidemarkError) throw cause;
      throw new TidemarkError('bad_bytes', "bytes can't be read as JSON", cause);
    }
  },
};

/** Is it what JSON says as it is? Most values are, and needn't be copied before they are written. */
function isJson(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth > DEEPEST || Object.getOwnPropertySymbols(value).length > 0) return false;
  const names = Object.keys(value);
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype || names.length !== value.length) return false;
    return value.every((part) => isJson(part, depth + 1)) && names.every((name, i) => name === String(i));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.hasOwn(value, TAG)) return false;
  return names.every((name) => isJson((value as Record<string, unknown>)[name], depth + 1));
}

function toJson(value: unknown, above: Set<object>): unknown {
  const kind = kindOf(value);
  if (kind === 'primitive') return primitiveToJson(value);
  if (above.size > DEEPEST)
    throw new TidemarkError('bad_value', `a value nested deeper than ${DEEPEST} can't be kept as JSON`);
  if (above.has(value as object))
    throw new TidemarkError('bad_value', "a value that contains itself can't be kept as JSON");
  above.add(value as object);
  const json = partToJson(value as object, kind, (part) => toJson(part, above));
  above.delete(value as object);
  return json;
}

function primitiveToJson(value: unknown): unknown {
  if (value === undefined) return { [TAG]: 'undefined' };
  if (typeof value === 'bigint') return { [TAG]: 'bigint', v: value.toString() };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { [TAG]: 'number', v: Object.is(value, -0) ? '-0' : String(value) };
  return value;
}

function partToJson(value: object, kind: ReturnType<typeof kindOf>, json: (part: unknown) => unknown): unknown {
  switch (kind) {
    case 'array': {
      const array = value as unknown[];
      const names = Object.keys(array);
      const dense = names.length === array.length && names.every((name, i) => name === String(i));
      if (!dense || Object.getOwnPropertySymbols(array).length > 0)
        throw new TidemarkError('bad_value', "an array with holes or properties can't be kept as JSON");
      return array.map(json);
    }
    case 'date':
      return { [TAG]: 'date', v: json((value as Date).getTime()) };
    case 'map':
      return { [TAG]: 'map', v: [...(value as Map<unknown, unknown>)].map(([k, v]) => [json(k), json(v)]) };
    case 'set':
      return { [TAG]: 'set', v: [...(value as Set<unknown>)].map(json) };
    case 'buffer':
      return { [TAG]: 'ArrayBuffer', v: toBase64(new Uint8Array(value as ArrayBuffer)) };
    case 'view': {
      const { buffer, byteOffset, byteLength } = value as ArrayBufferView;
      const { name } = value.constructor;
      if (!Object.hasOwn(VIEWS, name))
        throw new TidemarkError('bad_value', `an instance of ${name} can't be kept as JSON`);
      return { [TAG]: name, v: toBase64(new Uint8Array(buffer, byteOffset, byteLength)) };
    }
    default:
      return objectToJson(value as Record<string, unknown>, json);
  }
}

function objectToJson(value: Record<string, unknown>, json: (part: unknown) => unknown): unknown {
  if (Object.getOwnPropertySymbols(value).length > 0)
    throw new TidemarkError('bad_value', "a property named by a symbol can't be kept as JSON");
  const made = Object.create(null) as Record<string, unknown>; // so that a property named __proto__ is one like any other
  for (const name of Object.keys(value)) made[name] = json(value[name]);
  const bare = Object.getPrototypeOf(value) === null;
  return bare || Object.hasOwn(value, TAG) ? { [TAG]: bare ? 'bare' : 'object', v: made } : made;
}

function fromJson(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json;
  return !Array.isArray(json) && Object.hasOwn(json, TAG) ? fromTagged(json as Tagged) : withParts(json);
}

/** Its parts in the place of what stood for them. A property named __proto__ is there already, and one like any other. */
function withParts(json: object): object {
  const parts = json as Record<string, unknown>;
  for (const name of Object.keys(json)) {
    const part = parts[name];
    if (typeof part === 'object' && part !== null) parts[name] = fromJson(part);
  }
  return json;
}

function fromTagged({ [TAG]: tag, v }: Tagged): unknown {
  switch (tag) {
    case 'undefined':
      return undefined;
    case 'bigint':
      return BigInt(v as string);
    case 'number':
      return Number(v);
    case 'date':
      return new Date(fromJson(v) as number);
    case 'map':
      return new Map((v as [unknown, unknown][]).map(([k, value]) => [fromJson(k), fromJson(value)]));
    case 'set':
      return new Set((v as unknown[]).map(fromJson));
    case 'object':
      return withParts(v as object);
    case 'bare':
      return Object.setPrototypeOf(withParts(v as object), null) as object;
    case 'ArrayBuffer':
      return fromBase64(v as string);
    default: {
      const view = Object.hasOwn(VIEWS, tag) ? VIEWS[tag] : undefined;
      if (!view) throw new TidemarkError('bad_bytes', `JSON of an unknown kind: ${JSON.stringify(tag)}`);
      return view(fromBase64(v as string));
    }
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}

function fromBase64(text: string): ArrayBuffer {
  const decoded = atob(text);
  const bytes = new Uint8Array(decoded.length);
  for (let i = 0; i < decoded.length; i++) bytes[i] = decoded.charCodeAt(i);
  return bytes.buffer;
}
