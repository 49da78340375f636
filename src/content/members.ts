/** What was made under a policy: repositories and collections, and which of them an event drops altogether. */
import type { EntityPolicy } from './entity-policy.ts';
import type { Part } from './rule-template.ts';

/** A repository or a collection, and its policy. */
export interface Member {
  readonly name: string;
  readonly kind: 'repository' | 'collection';
  readonly policy: EntityPolicy;
}

/**
 * What an event is about, as far as it is known. The repository that wrote, if one did, has said exactly what it changed;
 * an event from elsewhere may name the repository that it is about, but not what has become of its lists. A name that no
 * repository of that kind has says nothing.
 */
export interface About {
  readonly repository?: string | undefined;
  readonly wrote?: boolean;
}

const OF_REPOSITORY = ['item', 'list', 'count', 'with'];

/** Those made under a table of policies. A repository and a collection may have the same name. */
export class Members {
  readonly #members: Member[] = [];
  readonly #namespaces = new Map<string, string>(); // by collection of the cache

  add(member: Member): void {
    const { name, kind, policy } = member;
    this.#members.push(member);
    const collections = kind === 'collection' ? [name] : OF_REPOSITORY.map((part) => `${name}.${part}`);
    for (const collection of collections) this.#namespaces.set(collection, policy.namespace);
  }

  get all(): readonly Member[] {
    return this.#members;
  }

  /** The namespace that a collection of the cache is counted in: that of its member, or its own name. */
  namespaceOf(collection: string): string {
    return this.#namespaces.get(collection) ?? collection;
  }

  /** Those whose policy says that the event drops them. */
  dropped(event: string, { repository, wrote = false }: About = {}): readonly Member[] {
    const entity = event.slice(0, event.lastIndexOf('.'));
    const isKnown = this.#members.some(
      ({ name, kind, policy }) => kind === 'repository' && name === repository && policy.entity === entity,
    );
    return this.#members.filter(({ name, kind, policy }) => {
      if (!policy.invalidateOn.includes(event)) return false;
      if (kind === 'collection' || !isKnown) return true;
      return name === repository ? !wrote : policy.entity !== entity;
    });
  }
}

/** What drops a member altogether: a repository's name is a tag of all that it keeps. */
export function wholeOf({ name, kind }: Member): Part {
  return kind === 'repository' ? { kind: 'tag', tag: name } : { kind: 'prefix', path: [name] };
}
