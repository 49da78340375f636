/**
 * Plain values as MessagePack in one pass: what is looked at is written at once, and what isn't plain is left to others.
 * A value has to be looked at anyway, since the library's packer changes some silently; to look and then to pack takes
 * twice as long. The library reads what is written here, and packs all that is left to it.
 */

/** Objects may be nested so deep; from there on cycles have to be looked for. */
export const DEEPEST = 100;
/** So many names may an object have: they are counted in 16 bits. */
export const MOST_NAMES = 65_535;

const ROWS = 12; // from so many on, names that are written once save more than learning them costs whoever reads
const BLOCK = 64 * 1024;
const LARGEST = 64 * 1024 * 1024;
const SHORT = 32; // units; to that length it takes longer to ask the encoder than to write them one by one

// Answers in place of a place.
const OTHER = -1;
const FULL = -2;

const utf8 = new TextEncoder();

let block: Uint8Array;
let view: DataView;
let free: number; // where in the block the next value begins

function allot(size: number): void {
  block = new Uint8Array(size);
  view = new DataView(block.buffer);
  free = 0;
}

allot(BLOCK);

/**
 * A value's bytes, in a block that many values share; `undefined` if it is, or holds, anything but text, numbers, booleans,
 * `null`, `undefined`, dates, arrays and objects that come back equal, or rows that are better written as records.
 */
export function packPlain(value: unknown): Uint8Array | undefined {
  for (;;) {
    const start = free;
    const end = put(value, start, 0);
    if (end === OTHER) return undefined;
    if (end !== FULL) {
      const bytes = block.subarray(start, end);
      if (block.length > BLOCK) allot(BLOCK);
      else free = end;
      return bytes;
    }
    if (block.length >= LARGEST) return undefined;
    allot(start === 0 ? 2 * block.length : BLOCK);
  }
}

/** UTF-8 can't carry a lone surrogate, and its decoders take a first U+FEFF for a mark of byte order. */
export function isFaithful(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed() && text.charCodeAt(0) !== 0xfeff;
}

/** Is this an array of objects that are many enough to be written as records? */
export function isTable(array: readonly unknown[]): boolean {
  const [first] = array;
  return (
    array.length >= ROWS &&
    typeof first === 'object' &&
    first !== null &&
    Object.getPrototypeOf(first) === Object.prototype
  );
}

/** Write a value from a place on. Answers with the place behind it. */
function put(value: unknown, at: number, depth: number): number {
  switch (typeof value) {
    case 'string':
      return putText(value, at);
    case 'number':
      return putNumber(value, at);
    case 'boolean':
      return putByte(value ? 0xc3 : 0xc2, at);
    case 'undefined':
      return putUndefined(at);
    case 'object':
      return value === null ? putByte(0xc0, at) : putObject(value, at, depth);
    default:
      return OTHER;
  }
}

function putObject(value: object, at: number, depth: number): number {
  if (depth > DEEPEST) return OTHER;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return putProperties(value as Record<string, unknown>, at, depth);
  if (prototype === Array.prototype) return putArray(value as unknown[], at, depth);
  return prototype === Date.prototype ? putDate((value as Date).getTime(), at) : OTHER;
}

function putProperties(value: Record<string, unknown>, at: number, depth: number): number {
  if (Object.getOwnPropertySymbols(value).length > 0) return OTHER;
  const names = Object.keys(value);
  if (names.length > MOST_NAMES) return OTHER;
  at = putCount(names.length, at, 0x80, 0xde);
  for (let i = 0; i < names.length && at >= 0; i++) {
    const name = names[i];
    if (name === '__proto__') return OTHER; // the unpacker renames it
    at = putText(name, at);
    if (at >= 0) at = put(value[name], at, depth + 1);
  }
  return at;
}

function putArray(array: readonly unknown[], at: number, depth: number): number {
  // Without holes, and with nothing but its parts.
  if (array.length > MOST_NAMES || isTable(array) || Object.values(array).length !== array.length) return OTHER;
  at = putCount(array.length, at, 0x90, 0xdc);
  for (let i = 0; i < array.length && at >= 0; i++) {
    const part = array[i];
    if (part === undefined && !Object.hasOwn(array, i)) return OTHER;
    at = put(part, at, depth + 1);
  }
  return at;
}

/** How many parts follow: in a byte of their kind up to 15, otherwise in 16 bits. */
function putCount(count: number, at: number, few: number, many: number): number {
  if (at + 3 > block.length) return FULL;
  if (count < 16) {
    block[at] = few | count;
    return at + 1;
  }
  block[at] = many;
  view.setUint16(at + 1, count);
  return at + 3;
}

function putText(text: string, at: number): number {
  const { length } = text;
  if (at + 5 + 3 * length > block.length) return FULL;
  if (length >= SHORT) return putLong(text, at);
  const end = at + 1 + length;
  for (let i = 0, to = at + 1; to < end; i++, to++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return putLong(text, at);
    block[to] = unit;
  }
  block[at] = 0xa0 | length;
  return end;
}

function putLong(text: string, at: number): number {
  if (!isFaithful(text)) return OTHER;
  const most = 3 * text.length;
  const head = most < 32 ? 1 : most < 256 ? 2 : most < 65_536 ? 3 : 5;
  const length = utf8.encodeInto(text, block.subarray(at + head)).written;
  if (head === 1) block[at] = 0xa0 | length;
  else if (head === 2) {
    block[at] = 0xd9;
    block[at + 1] = length;
  } else if (head === 3) {
    block[at] = 0xda;
    view.setUint16(at + 1, length);
  } else {
    block[at] = 0xdb;
    view.setUint32(at + 1, length);
  }
  return at + head + length;
}

function putNumber(value: number, at: number): number {
  if (at + 9 > block.length) return FULL;
  if (value >>> 0 !== value) {
    if (value >= -32 && value < 0 && value >> 0 === value) {
      block[at] = value;
      return at + 1;
    }
    block[at] = 0xcb;
    view.setFloat64(at + 1, value);
    return at + 9;
  }
  if (value < 128) {
    if (Object.is(value, -0)) return OTHER;
    block[at] = value;
    return at + 1;
  }
  if (value < 65_536) {
    block[at] = 0xcd;
    view.setUint16(at + 1, value);
    return at + 3;
  }
  block[at] = 0xce;
  view.setUint32(at + 1, value);
  return at + 5;
}

function putByte(byte: number, at: number): number {
  if (at >= block.length) return FULL;
  block[at] = byte;
  return at + 1;
}

/** As the packer writes it: an extension of its own, of one byte. */
function putUndefined(at: number): number {
  if (at + 3 > block.length) return FULL;
  block[at] = 0xd4;
  block[at + 1] = block[at + 2] = 0;
  return at + 3;
}

/** As MessagePack's own extension, with 30 bits for nanoseconds and 34 for seconds; what doesn't fit is left to others. */
function putDate(ms: number, at: number): number {
  const seconds = Math.floor(ms / 1000);
  if (!(seconds >= 0 && seconds < 2 ** 34)) return OTHER;
  if (at + 10 > block.length) return FULL;
  block[at] = 0xd7;
  block[at + 1] = 0xff;
  view.setUint32(at + 2, (ms - 1000 * seconds) * 4_000_000 + Math.floor(seconds / 2 ** 32));
  view.setUint32(at + 6, seconds % 2 ** 32);
  return at + 10;
}
