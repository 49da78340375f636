/** Keys as texts: `{namespace}:{entity}:{id}:{version}`, and patterns over them. */
import { getCacheConfig } from './cache-config.ts';

/** The parts of a key. What a key doesn't have is the empty text. */
export interface CacheKeyParts {
  readonly namespace: string;
  readonly type: string;
  readonly identifier: string;
  readonly version: string;
}

/**
 * The key of something: `generateCacheKey('content', 'post', '123')` is `'content:post:123:v1'`. An empty identifier is
 * left out. The version is the namespace's, unless another one is given.
 */
export function generateCacheKey(namespace: string, type: string, identifier: string = '', version?: string): string {
  const last = version ?? getCacheConfig(namespace).version ?? 'v1';
  return [namespace, type, ...(identifier === '' ? [] : [identifier]), last].join(':');
}

/**
 * The parts of a key of any length: of four segments and more the last one is the version, and what stands between type
 * and version is the identifier; a shorter one has a version only if it ends like `v2`. `null` for less than two segments.
 */
export function parseCacheKey(key: string): CacheKeyParts | null {
  const [namespace, type, ...rest] = key.split(':');
  if (type === undefined) return null;
  const versioned = rest.length >= 2 || /^v\d/.test(rest[0] ?? '');
  const version = versioned ? rest.pop()! : '';
  return { namespace, type, identifier: rest.join(':'), version };
}

/** The pattern of everything in a namespace, of a type, or of one thing in all versions. */
export function createCachePattern(namespace: string, type?: string, identifier?: string): string {
  return [namespace, type, identifier].filter(Boolean).join(':') + ':*';
}
