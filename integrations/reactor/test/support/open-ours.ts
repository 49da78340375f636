/** Our cache over an open reactor. */
import {
  reactorWriteCache,
  type ReactorWriteCache,
  type ReactorWriteCacheOptions,
} from '../../src/reactor-write-cache.ts';
import { CONFIG, type OpenReactor } from './open-reactor.ts';

/** With the same limits as theirs, and what is named differently. */
export function openOurs(
  { operations, registry }: OpenReactor,
  options: Partial<ReactorWriteCacheOptions> = {},
): ReactorWriteCache {
  return reactorWriteCache({ operations, registry, ...CONFIG, ...options });
}
