/** Who reads: a part of the key of whatever depends on it, so that nobody is answered with what was read for another. */
import { TidemarkError } from '../engine/errors.ts';
import { checkOptions, list, nonEmptyText } from '../engine/options.ts';

/** A reader: nobody in particular, or a user, roles, or both. Roles are sorted, each once. */
export type Principal = 'anonymous' | { readonly user?: string; readonly roles: readonly string[] };

/** A reader as programs name one. Without a user and without roles it is `'anonymous'`. */
export type PrincipalInput = 'anonymous' | { readonly user?: string; readonly roles?: readonly string[] };

/**
 * On whom what a source answers depends: on nobody (`'everyone'`, the source isn't told who asks), on the roles of who
 * asks, or on the user and the roles.
 */
export type Scope = 'everyone' | 'role' | 'user';

/** All scopes, the widest audience first. */
export const SCOPES: readonly Scope[] = ['everyone', 'role', 'user'];

/** The scope of what is made from several: that of the smallest audience. */
export function narrower(a: Scope, b: Scope): Scope {
  return SCOPES.indexOf(a) > SCOPES.indexOf(b) ? a : b;
}

/** Throws `bad_option` naming what is wrong. */
export function principalOf(input: PrincipalInput): Principal {
  if (input === 'anonymous') return input;
  checkOptions('as', input, ['user', 'roles']);
  const { user, roles = [] } = input;
  if (user !== undefined) nonEmptyText('as: user', user);
  list('as: roles', roles);
  for (const role of roles) nonEmptyText('as: roles', role);
  if (user === undefined && roles.length === 0) return 'anonymous';
  return { ...(user !== undefined && { user }), roles: [...new Set(roles)].toSorted() };
}

/** As much of a principal as a scope lets its source and its keys know; `undefined` for nothing. */
export function seenBy(scope: Scope, principal: Principal): Principal | undefined {
  if (scope === 'everyone') return undefined;
  return scope === 'role' && principal !== 'anonymous' ? { roles: principal.roles } : principal;
}

/** The segment of a key that stands for a principal: no two that differ have the same. */
export function segmentOf(principal: Principal | undefined): string {
  if (principal === undefined) return 'everyone';
  return principal === 'anonymous' ? principal : JSON.stringify([principal.user ?? null, principal.roles]);
}

/** The inverse of {@link segmentOf}. */
export function principalOfSegment(segment: string): Principal | undefined {
  if (segment === 'everyone') return undefined;
  if (segment === 'anonymous') return segment;
  const [user, roles] = JSON.parse(segment) as [string | null, string[]];
  if (!Array.isArray(roles)) throw new TidemarkError('bad_key', 'not the segment of a principal');
  return { ...(user !== null && { user }), roles };
}
