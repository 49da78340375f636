/** What is said about caching the answers of one collection, as data, and the fields that say it. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { checkOptions } from '../../engine/options.ts';
import { type CacheControl, formatCacheControl } from './cache-control.ts';
import { formatCacheTags } from './cache-tag.ts';

/** Directives of answers. Times are whole seconds. */
export type ResponseDirectives = Omit<CacheControl, 'minFresh' | 'maxStale' | 'onlyIfCached'>;

/** The caching of one collection's answers. */
export interface HttpPolicy extends ResponseDirectives {
  /** For CDNs, in their own field (`CDN-Cache-Control`, RFC 9213). */
  readonly cdn?: ResponseDirectives;
  /** For Cloudflare alone (`Cloudflare-CDN-Cache-Control`). */
  readonly cloudflare?: ResponseDirectives;
  /** For the 404 of what isn't there. Default `no-store`. */
  readonly missing?: ResponseDirectives;
  /** For what is for one reader or for few; `private` is added. Default `no-store`. */
  readonly restricted?: ResponseDirectives;
}

/** For whom an answer is. */
export type Audience = 'all' | 'some' | 'none';

const TIMES: readonly string[] = ['maxAge', 'sMaxage', 'staleWhileRevalidate', 'staleIfError'];
const NAMES: readonly string[] = ['noCache', 'private'];
const WORDS: readonly string[] = [
  'public',
  'noStore',
  'noTransform',
  'mustRevalidate',
  'proxyRevalidate',
  'mustUnderstand',
  'immutable',
];
const PARTS = ['cdn', 'cloudflare', 'missing', 'restricted'] as const;

/** For one client, at once, and for nobody's cache. */
export const FOR_NOBODY: string = formatCacheControl({ noStore: true, private: true });

/** Stored by whoever likes, and asked for each time: with an ETag that costs a 304. */
export const UNSAID: HttpPolicy = { noCache: true };

/** Throws `bad_option` naming the directive, such as `policies.post.cdn.maxAge`. */
export function checkedPolicy(what: string, policy: HttpPolicy): HttpPolicy {
  checkOptions(what, policy, [...TIMES, ...NAMES, ...WORDS, ...PARTS]);
  checkDirectives(what, policy);
  for (const part of PARTS) {
    if (policy[part] === undefined) continue;
    checkOptions(`${what}.${part}`, policy[part], [...TIMES, ...NAMES, ...WORDS]);
    checkDirectives(`${what}.${part}`, policy[part]);
  }
  return policy;
}

function checkDirectives(what: string, directives: ResponseDirectives): void {
  for (const [name, value] of Object.entries(directives) as [string, unknown][]) {
    if (value === undefined || PARTS.includes(name as (typeof PARTS)[number])) continue;
    if (TIMES.includes(name) ? Number.isSafeInteger(value) && (value as number) >= 0 : value === true) continue;
    if (NAMES.includes(name) && Array.isArray(value) && value.every((field) => typeof field === 'string')) continue;
    const wanted = TIMES.includes(name) ? 'whole seconds' : NAMES.includes(name) ? 'true or names of fields' : 'true';
    throw new TidemarkError('bad_option', `${what}.${name} must be ${wanted}, not ${describe(value)}`);
  }
}

/**
 * The fields for an answer that rests on these tags. If they can't all be said in a Cache-Tag, nothing that is purged by
 * tags may keep the answer: it is only for the client's own cache then.
 */
export function cachingFields(
  policy: HttpPolicy,
  found: { readonly status: number; readonly audience: Audience; readonly tags: readonly string[] },
): readonly (readonly [name: string, value: string])[] {
  const { cdn, cloudflare, missing = { noStore: true }, restricted = { noStore: true }, ...all } = policy;
  if (found.audience === 'none') return [['cache-control', FOR_NOBODY]];
  if (found.audience === 'some') return [['cache-control', said({ ...forOne(restricted), private: true })]];
  const tags = formatCacheTags(found.tags);
  const directives = found.status === 404 ? missing : all;
  if (tags === undefined) return [['cache-control', said({ ...forOne(directives), private: true })]];
  const fields: [string, string][] = [['cache-control', said(directives)]];
  if (found.status !== 404 && cdn) fields.push(['cdn-cache-control', said(cdn)]);
  if (found.status !== 404 && cloudflare) fields.push(['cloudflare-cdn-cache-control', said(cloudflare)]);
  if (tags !== '') fields.push(['cache-tag', tags]);
  return fields;
}

function said(directives: ResponseDirectives): string {
  return formatCacheControl(directives);
}

function forOne({ public: _public, sMaxage: _sMaxage, ...others }: ResponseDirectives): ResponseDirectives {
  return others;
}
