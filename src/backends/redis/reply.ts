/** Reading what a server answers. */
import { TidemarkError } from '../../engine/errors.ts';
import type { Reply } from './link.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** A text. */
export function textOf(reply: Reply): string {
  if (typeof reply === 'string') return reply;
  if (reply instanceof Uint8Array) return decoder.decode(reply);
  throw unexpected('a text', reply);
}

/** A number, also one that came as a text. */
export function numberOf(reply: Reply): number {
  const number = typeof reply === 'number' ? reply : Number(typeof reply === 'bigint' ? reply : textOf(reply));
  if (!Number.isFinite(number)) throw unexpected('a number', reply);
  return number;
}

/** A list. */
export function listOf(reply: Reply): readonly Reply[] {
  if (Array.isArray(reply)) return reply as readonly Reply[];
  throw unexpected('a list', reply);
}

/**
 * Names and what belongs to them: a map, or what stands for one in older protocols and in clients that speak them, which is
 * a list of pairs, or one list in which names and the rest take turns.
 */
export function pairsOf(reply: Reply): readonly (readonly [string, Reply])[] {
  if (reply === null) return [];
  if (Array.isArray(reply)) {
    const list = reply as readonly Reply[];
    if (Array.isArray(list[0])) return list.map(listOf).map(([name, rest]) => [textOf(name), rest]);
    return list.flatMap((name, i) => (i % 2 === 0 ? [[textOf(name), list[i + 1]] as const] : []));
  }
  if (reply instanceof Map)
    return [...(reply as ReadonlyMap<Reply, Reply>)].map(([name, rest]) => [textOf(name), rest]);
  if (typeof reply === 'object' && !(reply instanceof Uint8Array)) return Object.entries(reply);
  throw unexpected('a map', reply);
}

function unexpected(wanted: string, reply: Reply): TidemarkError {
  return new TidemarkError('store_failed', `the server was expected to answer with ${wanted}, not ${typeof reply}`);
}
