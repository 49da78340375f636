/** Cache-Status: what a cache did with a request, in a field that each cache on the way adds to (RFC 9211). */

/** Why a request went on towards the origin. */
export type Forwarded = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial';

/** What one cache says. */
export interface CacheStatus {
  /** Answered from what was stored, without asking. */
  readonly hit?: boolean;
  readonly forwarded?: Forwarded;
  /** What the origin answered when it was asked, if that isn't what the client gets. */
  readonly forwardedStatus?: number;
  /** Whole seconds for which the answer stays fresh; negative when it is stale. */
  readonly ttl?: number;
  /** The origin's answer was stored. */
  readonly stored?: boolean;
  /** The request shared the way to the origin with others. */
  readonly collapsed?: boolean;
  /** A word of the cache's own. */
  readonly detail?: string;
}

/** What the cache `name` says, as one member of the field. */
export function formatCacheStatus(name: string, status: CacheStatus): string {
  const parts = [TOKEN.test(name) ? name : `"${name.replaceAll(/["\\]/g, '\\$&')}"`];
  if (status.hit) parts.push('hit');
  if (status.forwarded) parts.push(`fwd=${status.forwarded}`);
  if (status.forwardedStatus !== undefined) parts.push(`fwd-status=${status.forwardedStatus}`);
  if (status.ttl !== undefined) parts.push(`ttl=${Math.floor(status.ttl)}`);
  if (status.stored) parts.push('stored');
  if (status.collapsed) parts.push('collapsed');
  if (status.detail !== undefined) parts.push(`detail=${status.detail}`);
  return parts.join('; ');
}

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/;
