/** Who may look, and who may change: asked with every request, before anything else. */
import { TidemarkError } from '../../engine/errors.ts';
import { checkOptions, list, nonEmptyText, trueOrFalse } from '../../engine/options.ts';
import { sameText } from '../same-text.ts';

/** Somebody who has been let in. */
export interface Permission {
  /** Who it is: stands in the invalidation log. */
  readonly actor: string;
  /** May invalidate, warm and clear. */
  readonly canWrite: boolean;
}

/** Says who asks; `undefined` lets nobody in. What it throws lets nobody in, either. */
export interface Authorize {
  (request: Request): Permission | undefined | Promise<Permission | undefined>;
  /** What a 401 says in `WWW-Authenticate`. Default `Bearer realm="cache"`. */
  readonly challenge?: string;
}

/** Options of {@link bearerToken} and of each user of {@link basicAuth}. */
export interface PermissionOptions {
  /** Lets look, and change nothing. */
  readonly readOnly?: boolean;
}

/** A user of {@link basicAuth}. */
export interface BasicUser extends PermissionOptions {
  /** The name to sign in with, and the actor; has no colon. */
  readonly user: string;
  readonly password: string;
}

const BEARER = 'Bearer realm="cache"';
const BASIC = 'Basic realm="cache", charset="UTF-8"';

/**
 * Lets in who brings `Authorization: Bearer <secret>`: for programs. It is compared in constant time.
 *
 * @throws `bad_option` for a secret or an actor that is no text, or empty.
 * @example
 * contentAdmin({ content, authorize: bearerToken(env.CACHE_ADMIN_TOKEN, 'deploy') });
 */
export function bearerToken(secret: string, actor: string, options: PermissionOptions = {}): Authorize {
  nonEmptyText('bearerToken: secret', secret);
  nonEmptyText('bearerToken: actor', actor);
  checkOptions('bearerToken', options, ['readOnly']);
  const permission = { actor, canWrite: !trueOrFalse('bearerToken: readOnly', options.readOnly) };
  const authorize = async (request: Request) => {
    const given = credentials(request, 'bearer');
    return given !== undefined && (await sameText(given, secret)) ? permission : undefined;
  };
  return Object.assign(authorize, { challenge: BEARER });
}

/**
 * Lets in who signs in by name and password, which a browser asks for by itself. Only over HTTPS.
 *
 * @throws `bad_option` for no users, a name with a colon, or an empty name or password.
 * @example
 * contentAdmin({ content, authorize: basicAuth([{ user: 'ada', password: env.ADA }]) });
 */
export function basicAuth(users: readonly BasicUser[]): Authorize {
  list('basicAuth: users', users);
  if (users.length === 0) throw new TidemarkError('bad_option', 'basicAuth: users must name at least one');
  const known = users.map((one, i) => {
    checkOptions(`basicAuth: users[${i}]`, one, ['user', 'password', 'readOnly']);
    const actor = nonEmptyText(`basicAuth: users[${i}].user`, one.user);
    if (actor.includes(':')) throw new TidemarkError('bad_option', `basicAuth: users[${i}].user must have no colon`);
    const password = nonEmptyText(`basicAuth: users[${i}].password`, one.password);
    const canWrite = !trueOrFalse(`basicAuth: users[${i}].readOnly`, one.readOnly);
    return { pair: `${actor}:${password}`, permission: { actor, canWrite } };
  });
  const authorize = async (request: Request) => {
    const given = fromBase64(credentials(request, 'basic'));
    if (given === undefined) return undefined;
    let found: Permission | undefined; // all are compared: how long it takes tells nothing
    for (const { pair, permission } of known) if (await sameText(given, pair)) found = permission;
    return found;
  };
  return Object.assign(authorize, { challenge: BASIC });
}

/**
 * Lets in whom one of several lets in: the first that answers says who it is.
 *
 * @example
 * const authorize = anyOf(bearerToken(env.TOKEN, 'deploy'), basicAuth([{ user: 'ada', password: env.ADA }]));
 */
export function anyOf(...ways: readonly Authorize[]): Authorize {
  const authorize = async (request: Request) => {
    for (const way of ways) {
      const permission = await way(request);
      if (permission) return permission;
    }
    return undefined;
  };
  // One is said: browsers read the first of a field only, and programs know what they have.
  const challenges = ways.map(challengeOf);
  return Object.assign(authorize, { challenge: challenges.find((one) => one === BASIC) ?? challenges[0] ?? BEARER });
}

/** What a 401 asks for. */
export function challengeOf(authorize: Authorize): string {
  return authorize.challenge ?? BEARER;
}

/** What follows the scheme in `Authorization`, if it is this scheme. */
function credentials(request: Request, scheme: string): string | undefined {
  const [, word = '', rest = ''] = /^(\S+) +(\S.*)$/.exec(request.headers.get('authorization') ?? '') ?? [];
  return word.toLowerCase() === scheme ? rest.trim() : undefined;
}

function fromBase64(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
