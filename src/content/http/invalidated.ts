/** Which URIs a request has changed (RFC 9111 §4.4). */

const SAFE: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

/** Whether a method changes nothing. */
export function isSafe(method: string): boolean {
  return SAFE.includes(method);
}

/** The URIs that the answer to an unsafe request tells to be changed: its own, and what it names of the same origin. */
export function changedUris(url: string, { status, headers }: Response): readonly string[] {
  if (status >= 400) return [];
  const own = new URL(url);
  const changed = new Set([uriOf(url)]);
  for (const name of ['location', 'content-location']) {
    const value = headers.get(name);
    if (value === null || !URL.canParse(value, url)) continue;
    const named = new URL(value, url);
    if (named.origin === own.origin) changed.add(uriOf(named.href));
  }
  return [...changed];
}

/** A URI as a key: fragments name nothing at the origin. */
export function uriOf(url: string): string {
  const hash = url.indexOf('#');
  return hash === -1 ? url : url.slice(0, hash);
}
