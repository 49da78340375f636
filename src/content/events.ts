/** Events of an application, and the one change that each of them makes by the rules. */
import type { ChangeResult } from '../engine/authority.ts';
import { TidemarkError } from '../engine/errors.ts';
import type { Selector } from '../engine/invalidate.ts';
import { aFunction, checkOptions, nonEmptyText } from '../engine/options.ts';
import { type About, type Members, wholeOf } from './members.ts';
import { type CheckedRule, filled, type Payload, selectorOf, valuesFor } from './rules.ts';

/** How an event is emitted. */
export interface EmitOptions {
  /** Who did it, for the log of invalidations. */
  readonly actor?: string | undefined;
}

/** What an event has done. */
export interface Emitted {
  readonly event: string;
  /** The names of the rules, and of the repositories and collections, that it applied to. None: nothing was dropped. */
  readonly rules: readonly string[];
  /** How its change ended; `undefined` if there was nothing to change. */
  readonly change: ChangeResult | undefined;
}

/** What listeners are told, once the change of the event is known here. */
export interface ContentEvent extends Emitted {
  readonly payload: Payload;
  readonly actor: string | undefined;
  /** Whether the application emitted it, or a repository's write did. */
  readonly from: 'application' | 'repository';
}

/** Events by name. */
export interface ContentEvents {
  /**
   * Say that something has happened: all that the rules drop for it is one change, one append to the log. Commit first. An
   * event for which there is no rule changes nothing, and says so with `rules: []`.
   *
   * @throws `bad_option` if a rule asks for something that the payload lacks, before anything is changed.
   * @example
   * await content.events.emit('content.publish', { id: '123' }, { actor: 'ada' });
   */
  emit(event: string, payload?: Payload, options?: EmitOptions): Promise<Emitted>;
  /** Listen to an event, or to all with `'*'`; the result stops it. A listener that throws disturbs nobody. */
  on(event: string, listener: (event: ContentEvent) => void): () => void;
  /** The events for which there are rules. */
  readonly names: readonly string[];
}

/** What an event would do. */
export interface Plan {
  readonly rules: readonly string[];
  /** `undefined` if there is nothing to change. */
  readonly selector: Selector | undefined;
}

/** A write of a repository, as far as rules ask for it. */
export interface WrittenItems {
  readonly repository: string;
  readonly action: string;
  readonly ids: readonly string[];
}

const BY_WRITES: readonly string[] = ['id', 'repository', 'action'];

/** Rules by event, and what they come to. */
export class Rulebook {
  readonly #rules = new Map<string, CheckedRule[]>();
  readonly #members: Members;

  constructor(rules: readonly CheckedRule[], members: Members) {
    this.#members = members;
    for (const rule of rules) this.#rules.set(rule.on, [...(this.#rules.get(rule.on) ?? []), rule]);
  }

  get names(): readonly string[] {
    return [...this.#rules.keys()];
  }

  /** What an event that the application emits comes to. Throws `bad_option`. */
  emitted(event: string, payload: Payload): Plan {
    nonEmptyText('emit: event', event);
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
      throw new TidemarkError('bad_option', 'emit: payload must be an object');
    const rules = this.#rules.get(event) ?? [];
    const { repository } = payload;
    return this.#plan(event, rules, valuesFor(rules, event, payload), {
      repository: typeof repository === 'string' ? repository : undefined,
    });
  }

  /**
   * What a repository's write comes to beside what the repository says itself. Never throws: it is asked when the write may
   * have been made already, so what isn't known makes more fall, not less.
   */
  written(event: string, { repository, action, ids }: WrittenItems): Plan {
    const known = ids.length > 0 && ids.every((id) => typeof id === 'string' && id !== '');
    const values = new Map([
      ['repository', [repository]],
      ['action', [action]],
    ]).set('id', [...ids]);
    const lookup = (name: string) => (name === 'id' && !known ? undefined : values.get(name));
    return this.#plan(event, this.#rules.get(event) ?? [], lookup, { repository, wrote: true });
  }

  /** That the rules for an event ask for nothing that a repository's write doesn't bring. Throws `bad_option`. */
  checkForWrites(event: string): void {
    for (const { name, asks } of this.#rules.get(event) ?? []) {
      const missing = asks.find((one) => !BY_WRITES.includes(one));
      if (missing === undefined) continue;
      const brings = BY_WRITES.join(', ');
      throw new TidemarkError(
        'bad_option',
        `the rule '${name}' on '${event}' asks for '${missing}'; a repository's write brings ${brings}`,
      );
    }
  }

  #plan(event: string, rules: readonly CheckedRule[], values: Parameters<typeof filled>[1], about: About): Plan {
    const members = this.#members.dropped(event, about);
    return {
      rules: [...new Set([...rules.map(({ name }) => name), ...members.map(({ kind, name }) => `${kind} ${name}`)])],
      selector: selectorOf([...filled(rules, values), ...members.map(wholeOf)]),
    };
  }
}

/** Makes the change of an event and records it. */
export type Apply = (event: string, plan: Plan, actor: string | undefined) => Promise<Emitted>;

/** The events of one content cache. */
export class EventHub implements ContentEvents {
  readonly #rulebook: Rulebook;
  readonly #apply: Apply;
  readonly #listeners = new Map<string, Set<(event: ContentEvent) => void>>();

  constructor(rulebook: Rulebook, apply: Apply) {
    this.#rulebook = rulebook;
    this.#apply = apply;
  }

  get names(): readonly string[] {
    return this.#rulebook.names;
  }

  async emit(event: string, payload: Payload = {}, options: EmitOptions = {}): Promise<Emitted> {
    checkOptions('emit', options, ['actor']);
    const { actor } = options;
    if (actor !== undefined) nonEmptyText('emit: actor', actor);
    const emitted = await this.#apply(event, this.#rulebook.emitted(event, payload), actor);
    this.tell({ ...emitted, payload, actor, from: 'application' });
    return emitted;
  }

  on(event: string, listener: (event: ContentEvent) => void): () => void {
    nonEmptyText('events.on: event', event);
    aFunction('events.on: listener', listener);
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(event) === listeners) this.#listeners.delete(event);
    };
  }

  /** Tell those who listen. */
  tell(event: ContentEvent): void {
    for (const name of [event.event, '*'])
      for (const listener of this.#listeners.get(name) ?? []) {
        try {
          listener(event);
        } catch {
          // What is told has happened already; who listens sees to his own errors.
        }
      }
  }
}
