/** The rules that follow from entity policies: what each event drops of the keys in their namespaces. */
import type { EntityPolicies, EntityPolicy } from './entity-policy.ts';
import type { Drop, Rule } from './rules.ts';
import { OTHER } from './service/key-paths.ts';

/** Keys of one thing, and of lists, in a namespace with keys of the form `{namespace}:{entity}:{id}:…`. */
const item = (namespace: string): Drop => ({ pattern: [namespace, '*', '{id}', '**'], prefix: [namespace, '{id}'] });
/** Of keys that a service was given without its namespace nobody knows what they are of. */
const unknown = (namespace: string): Drop => ({ prefix: [namespace, OTHER] });
const lists = (namespace: string): readonly Drop[] => [
  unknown(namespace),
  { prefix: [namespace, 'list'] },
  { prefix: [namespace, 'featured'] },
  { pattern: [namespace, '*', 'list', '**'] },
];
const itemAndLists = (namespace: string): readonly Drop[] => [item(namespace), ...lists(namespace)];
const itemOnly = (namespace: string): readonly Drop[] => [item(namespace), unknown(namespace)];

/** Of which events a kind's own things need not fall altogether, since the event names the one that it is about. */
const NAMED: Readonly<Record<string, Readonly<Record<string, (namespace: string) => readonly Drop[]>>>> = {
  content: {
    'content.create': lists,
    'content.update': itemAndLists,
    'content.publish': itemAndLists,
    'content.unpublish': itemAndLists,
    'content.delete': itemAndLists,
  },
  user: { 'user.create': lists, 'user.update': itemAndLists, 'user.delete': itemAndLists, 'auth.login': itemOnly },
  media: { 'media.create': lists, 'media.upload': lists, 'media.update': itemAndLists, 'media.delete': itemAndLists },
  session: { 'session.update': itemOnly, 'session.delete': itemOnly, 'auth.logout': itemOnly },
};

/**
 * The rules of a table of policies: for each event that drops a kind, that kind's namespace, or only the thing that the
 * event names and the lists, where that is known to be enough.
 */
export function plannedRules(policies: EntityPolicies): readonly Rule[] {
  const ownNamespace = ({ collection, namespace, entity }: EntityPolicy) =>
    collection === undefined || namespace !== policies.of(entity).namespace;
  return policies.table.filter(ownNamespace).flatMap(({ entity, namespace, invalidateOn }) => {
    const literal = namespace.replace(/[\\{*?]/g, '\\$&');
    return invalidateOn.map((on) => {
      const drop = NAMED[entity]?.[on]?.(literal) ?? [{ prefix: [literal] }];
      return { name: `policy ${entity}`, on, drop };
    });
  });
}
