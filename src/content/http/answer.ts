/** Answers made of stored responses: with their age, for the conditions, the range and the method of the request. */
import { byteRange, rangeStillHolds } from './byte-range.ts';
import { respond } from './body.ts';
import { type CacheStatus, formatCacheStatus } from './cache-status.ts';
import { judgeConditions, notModified } from './conditions.ts';
import { parseHttpDate } from './http-date.ts';
import { headersOf, type StoredResponse } from './http-store.ts';

/** What an answer says beside what is stored. */
export interface Telling {
  readonly name: string;
  readonly status: CacheStatus;
  readonly now: number;
}

/** Answers a GET or HEAD. `age` in seconds. */
export function answerFrom(stored: StoredResponse, request: Request, age: number, telling: Telling): Response {
  const headers = headersOf(stored);
  headers.set('age', String(Math.floor(age)));
  headers.append('cache-status', formatCacheStatus(telling.name, telling.status));
  const { status, statusText, body } = stored;
  if (status === 200 && holdsFor(request, headers, telling.now)) return notModified(headers);
  if (request.method === 'HEAD') {
    if (!headers.has('content-length')) headers.set('content-length', String(body.byteLength));
    return respond(null, { status, statusText, headers });
  }
  const part = status === 200 && rangeStillHolds(request.headers, headers) && byteRange(request.headers, body.length);
  if (!part) return respond(body, { status, statusText, headers });
  headers.delete('content-length');
  if (part === 'unsatisfiable') {
    headers.set('content-range', `bytes */${body.length}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set('content-range', `bytes ${part.start}-${part.end - 1}/${body.length}`);
  return new Response(body.slice(part.start, part.end), { status: 206, headers });
}

/** The origin's answer, with what this cache has to say; a 304 in its place if the client has it already. */
export function answerOf(response: Response, headers: Headers, request: Request, telling: Telling): Response {
  headers.append('cache-status', formatCacheStatus(telling.name, telling.status));
  if (response.status !== 200 || !holdsFor(request, headers, telling.now))
    return respond(response.body, { status: response.status, statusText: response.statusText, headers });
  void response.body?.cancel().catch(() => {});
  return notModified(headers);
}

/** Whether the client has this representation. Conditions of writes are for the origin to judge. */
function holdsFor({ method, headers: asked }: Request, headers: Headers, now: number): boolean {
  const reading = new Headers();
  for (const name of ['if-none-match', 'if-modified-since']) {
    const value = asked.get(name);
    if (value !== null) reading.set(name, value);
  }
  const lastModified = parseHttpDate(headers.get('last-modified'), now);
  const current = { etag: headers.get('etag'), ...(lastModified === undefined ? {} : { lastModified }) };
  return judgeConditions({ method, headers: reading }, current, now) === 'not-modified';
}

/** The 504 of a cache that may neither answer nor ask. */
export function gatewayTimeout({ name, status }: Pick<Telling, 'name' | 'status'>): Response {
  return new Response(null, {
    status: 504,
    headers: { 'cache-control': 'no-store', 'cache-status': formatCacheStatus(name, status) },
  });
}
