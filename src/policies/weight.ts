/** An estimate of how many bytes a value takes in memory, from its shape. */

const MOST = 10_000; // nodes looked at; what lies beyond is taken to be like what was seen

/**
 * Bytes that a value takes in V8's heap, roughly: 2 a character, 8 a number, 16 a container and 8 a slot of it, and the
 * length of a buffer. A value of more than 10,000 parts is estimated from a part of it. Cycles are counted once.
 */
export function weigh(value: unknown): number {
  const seen = new Set<object>();
  const pending: unknown[] = [value];
  let bytes = 0;
  let looked = 0;
  const slots = (...parts: unknown[]) => {
    bytes += 8 * parts.length;
    pending.push(...parts);
  };
  while (pending.length > 0 && looked < MOST) {
    const part = pending.pop();
    looked++;
    if (typeof part === 'string') bytes += 16 + 2 * part.length;
    else if (typeof part === 'bigint') bytes += 24;
    else if (typeof part !== 'object' || part === null) bytes += 8;
    else if (!seen.has(part)) {
      seen.add(part);
      bytes += 16;
      if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) bytes += 80 + part.byteLength;
      else if (part instanceof Map) for (const [k, v] of part) slots(k, v);
      else if (part instanceof Set) for (const v of part) slots(v);
      else for (const v of Object.values(part)) slots(v);
    }
  }
  return pending.length === 0 ? bytes : Math.ceil((bytes * (looked + pending.length)) / looked);
}
