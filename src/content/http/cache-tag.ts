/** Cache-Tag: the names by which a CDN, or a shared cache of ours, is told to forget responses. */

/** What Cloudflare takes: of one name, and of all of them with the commas between. */
const LONGEST = 1024;
const MOST = 16_384;

/** Printable ASCII but for what separates names, quotes them or escapes in them. */
const PLAIN = /^[\x21\x23\x24\x26-\x2b\x2d-\x7e]$/;

/**
 * A tag as a member of Cache-Tag, and as purge APIs take it: `post#123` stays as it is; spaces, commas, quotes, percent
 * signs and all that isn't ASCII are percent-encoded. `undefined` for what no CDN could be told: longer than 1,024 bytes, or
 * not Unicode.
 *
 * @example cacheTag('post/status="draft"') // 'post/status=%22draft%22'
 */
export function cacheTag(tag: string): string | undefined {
  let text = '';
  for (const char of tag) {
    if (PLAIN.test(char)) text += char;
    else if (/\p{Surrogate}/u.test(char)) return undefined;
    else text += encodeURIComponent(char);
  }
  return text.length > LONGEST || text === '' ? undefined : text;
}

/** The Cache-Tag field for these tags; `undefined` if they can't all be said, so that a purge could miss the response. */
export function formatCacheTags(tags: Iterable<string>): string | undefined {
  const said = [...new Set(tags)].map(cacheTag);
  if (said.includes(undefined)) return undefined;
  const text = said.join(',');
  return text.length > MOST ? undefined : text;
}

/** The tags that a Cache-Tag field names. What isn't well encoded is taken as it is written. */
export function parseCacheTags(value: string | null | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
    .map((member) => {
      try {
        return decodeURIComponent(member);
      } catch {
        return member;
      }
    });
}
