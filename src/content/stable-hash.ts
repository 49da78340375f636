/** A number that a text always has, in every process. */

/**
 * 32 bits, spread evenly: FNV-1a (Fowler, Noll, Vo), then the finalizer of MurmurHash3 (Appleby), since the upper bits of
 * FNV alone differ too little between texts that differ at their end. No protection against texts that are made to collide.
 */
export function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
