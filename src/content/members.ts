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
 * an event from elsewhere may name the repository that it is about, but not what has become of its lists.
 */
export interface About {
  readonly repository?: string | undefined;
  readonly wrote?: boolean;
}

/** Those made under a table of policies. */
export class Members {
  readonly #members = new Map<string, Member>();

  add(member: Member): void {
    this.#members.set(member.name, member);
  }

  get all(): Iterable<Member> {
    return this.#members.values();
  }

  /** The namespace that a collection of the cache is counted in: that of its member, or its own name. */
  namespaceOf(collection: string): string {
    for (let name = collection; ; name = name.slice(0, name.lastIndexOf('.'))) {
      const member = this.#members.get(name);
      if (member) return member.policy.namespace;
      if (!name.includes('.')) return collection;
    }
  }

  /** Those whose policy says that the event drops them. */
  dropped(event: string, { repository, wrote = false }: About = {}): readonly Member[] {
    const entity = event.slice(0, event.lastIndexOf('.'));
    return [...this.#members.values()].filter(({ name, kind, policy }) => {
      if (!policy.invalidateOn.includes(event)) return false;
      if (kind === 'collection' || repository === undefined) return true;
      return name === repository ? !wrote : policy.entity !== entity;
    });
  }
}

/** What drops a member altogether: a repository's name is a tag of all that it keeps. */
export function wholeOf({ name, kind }: Member): Part {
  return kind === 'repository' ? { kind: 'tag', tag: name } : { kind: 'prefix', path: [name] };
}
