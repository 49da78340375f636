/** What a request asks for: read, and checked before anything is done. */
import { TidemarkError } from '../../engine/errors.ts';
import type { Selector } from '../../engine/invalidate.ts';
import { describe } from '../../engine/key.ts';
import { checkOptions, nonEmptyText, trueOrFalse } from '../../engine/options.ts';
import { collect } from '../http/body.ts';
import type { AdminEvent } from './administered.ts';
import { Refusal } from './refusal.ts';

const LARGEST_BODY = 65_536; // bytes
const MOST = 200; // entries of a page
const SOME = 50;

/** The body of a write: a JSON object, and said to be one. */
export async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  const [type] = (request.headers.get('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json')
    throw new Refusal('not_json', 'the body must be JSON, and Content-Type application/json');
  const bytes = request.body ? await collect(request.body, LARGEST_BODY) : new Uint8Array();
  if (!bytes) throw new Refusal('too_large', `the body has more than ${LARGEST_BODY} bytes`);
  const body = parsed(new TextDecoder().decode(bytes));
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new TidemarkError('bad_option', `the body must be an object, not ${describe(body)}`);
  return body as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new TidemarkError('bad_option', 'the body is not JSON', cause);
  }
}

/** What is to be invalidated, or would be. */
export interface ChangeAsked {
  readonly what: Selector | AdminEvent;
  readonly dryRun: boolean;
}

/** Either a selector, which the engine checks, or an event with what it is about. */
export function changeAsked(body: Readonly<Record<string, unknown>>): ChangeAsked {
  const { dryRun: dry, event, payload = {}, ...selector } = body;
  const dryRun = trueOrFalse('invalidate: dryRun', dry);
  if (event === undefined) {
    if ('payload' in body) throw new TidemarkError('bad_option', 'invalidate: payload comes with an event');
    return { what: selector, dryRun };
  }
  checkOptions('invalidate with an event', body, ['dryRun', 'event', 'payload']);
  nonEmptyText('invalidate: event', event);
  return { what: { event: event as string, payload: payloadOf(payload) }, dryRun };
}

function payloadOf(payload: unknown): AdminEvent['payload'] {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    throw new TidemarkError('bad_option', `invalidate: payload must be an object, not ${describe(payload)}`);
  return payload as AdminEvent['payload'];
}

/** One collection, one namespace, or everything. */
export interface ClearAsked {
  readonly collection: string | undefined;
  readonly namespace: string | undefined;
  readonly dryRun: boolean;
}

/** What is to be cleared, or would be. */
export function clearAsked(body: Readonly<Record<string, unknown>>): ClearAsked {
  checkOptions('clear', body, ['collection', 'namespace', 'dryRun']);
  const name = (what: 'collection' | 'namespace') =>
    body[what] === undefined ? undefined : nonEmptyText(`clear: ${what}`, body[what]);
  const asked = { collection: name('collection'), namespace: name('namespace') };
  if (asked.collection !== undefined && asked.namespace !== undefined)
    throw new TidemarkError('bad_option', 'clear: give collection or namespace, not both');
  return { ...asked, dryRun: trueOrFalse('clear: dryRun', body['dryRun']) };
}

/** How many entries a page has. */
export function limitAsked(text: string | undefined): number {
  if (text === undefined) return SOME;
  if (!/^\d{1,3}$/.test(text) || Number(text) < 1 || Number(text) > MOST)
    throw new TidemarkError('bad_option', `limit must be a number from 1 to ${MOST}, not ${describe(text)}`);
  return Number(text);
}

/** What stands in a URL after a route's own path, decoded once. */
export function restOf(request: Request, route: string): string {
  const rest = new URL(request.url).pathname.slice(route.length);
  try {
    return decodeURIComponent(rest);
  } catch (cause) {
    throw new TidemarkError('bad_key', `${describe(rest)} is no URL encoding of a text`, cause);
  }
}
