/** The reads of one repository through the cache: items, lists, counts, and those with what they include. */
import type { Cache } from '../engine/cache.ts';
import type { Collection } from '../engine/collection.ts';
import type { LoadContext } from '../engine/context.ts';
import type { Key } from '../engine/key.ts';
import type { CollectionOptions } from '../engine/terms.ts';
import { askedFor, type Including, included, type Reader } from './including.ts';
import type { Item } from './matching.ts';
import { principalOfSegment, seenBy, segmentOf, type Principal } from './principal.ts';
import { queryOfText } from './query.ts';
import { type NormalInclude, type Related, scopeOf } from './relations.ts';
import type { Source } from './source.ts';

/** Times and tiers of what is kept. */
type Keeping = Pick<CollectionOptions<unknown>, 'ttl' | 'negativeTtl' | 'staleFor' | 'graceFor' | 'tiers' | 'version'>;

/** What the reads work with. */
export interface KeptReadsOptions<T extends Item> {
  readonly cache: Cache;
  readonly source: Source<T>;
  /** As others that include its items know it. */
  readonly related: Related;
  readonly keeping: Keeping;
  /** May this be read from the cache and kept? Otherwise the source answers. */
  readonly cached: ((key: string) => boolean) | undefined;
}

/** Who asks, and until when. */
export interface Asking {
  readonly principal: Principal;
  readonly signal?: AbortSignal | undefined;
  /** Told of all tags that an answer rests on. */
  readonly restsOn?: ((tags: readonly string[]) => void) | undefined;
}

/** What was read with what it includes, and all tags that it rests on: of one moment, and kept together. */
interface Complete<T> {
  readonly value: T | readonly T[] | undefined;
  readonly tags: readonly string[];
}

/** One repository's reads. A key is who asks, as far as the answer depends on it, and what is asked for. */
export class KeptReads<T extends Item> {
  readonly #o: KeptReadsOptions<T>;
  readonly #items: Collection<T | undefined>;
  readonly #lists: Collection<readonly T[]>;
  readonly #counts: Collection<number>;
  readonly #included: Collection<Complete<T>, readonly string[]>;

  constructor(options: KeptReadsOptions<T>) {
    const { cache, source, related, keeping } = options;
    const { tags } = related;
    const { name } = tags;
    this.#o = options;
    this.#items = cache.define<T | undefined, Key>(`${name}.item`, {
      ...keeping,
      loadMany: (keys, ctx) => {
        const asked = keys.map(whoAndWhat);
        asked.forEach(([, id], i) => ctx.at(i).tag(...tags.ofItem(id)));
        return grouped(
          asked,
          ([who]) => who,
          async (group) => {
            const ids = group.map(([, id]) => id);
            return source.findByIds(ids, askedFor(related, { principal: whoIs(group[0][0]), signal: ctx.signal }));
          },
        );
      },
    });
    const list = <V>(what: 'list' | 'count', ask: (text: string, ctx: LoadContext<V>, who: string) => Promise<V>) =>
      cache.define<V, Key>(`${name}.${what}`, {
        ...keeping,
        load: (key, ctx) => {
          const [who, text] = whoAndWhat(key);
          ctx.tag(...tags.ofList(queryOfText(text).where));
          return ask(text, ctx, who);
        },
      });
    const asked = (who: string, { signal }: { readonly signal: AbortSignal }) =>
      askedFor(related, { principal: whoIs(who), signal });
    this.#lists = list('list', (text, ctx, who) => source.findMany(queryOfText(text), asked(who, ctx)));
    this.#counts = list('count', (text, ctx, who) => source.count(queryOfText(text), asked(who, ctx)));
    this.#included = cache.define<Complete<T>, readonly string[]>(`${name}.with`, {
      ...keeping,
      loadMany: (keys, ctx) =>
        grouped(
          keys.map((key, i) => ({ key, ctx: ctx.at(i) })),
          // Items that ask for the same are read together; what one list can't be asked for is no other's trouble.
          ({ key: [who, what, text, include] }) => JSON.stringify([who, what === 'list' ? text : null, include]),
          (group) => this.#load(group, { principal: whoIs(group[0].key[0]), signal: ctx.signal }),
        ),
    });
  }

  item(id: string, asking: Asking, include?: NormalInclude): Promise<T | undefined> {
    if (include) return this.#withIncluded('item', id, include, asking) as Promise<T | undefined>;
    asking.restsOn?.(this.#o.related.tags.ofItem(id));
    const key = this.#key(id, asking);
    if (this.#passes('item', key)) return this.#items.get(key, optionsOf(asking));
    return this.#past([id], asking).then(([item]) => item);
  }

  async items(ids: readonly string[], asking: Asking, include?: NormalInclude): Promise<readonly (T | undefined)[]> {
    const keys = ids.map((id) => (include ? this.#includedKey('item', id, include, asking) : this.#key(id, asking)));
    const passes = keys.map((key) => this.#passes(include ? 'with' : 'item', key));
    const kept = ids.map((id, i) => (passes[i] ? this.item(id, asking, include) : Promise.resolve(undefined)));
    const past = ids.filter((_, i) => !passes[i]);
    const [answers, read] = await Promise.all([Promise.all(kept), this.#past(past, asking, include)]);
    let next = 0;
    return answers.map((answer, i) => (passes[i] ? answer : read[next++]));
  }

  /** Items that aren't to be cached, with one question all the same. */
  async #past(ids: readonly string[], asking: Asking, include?: NormalInclude): Promise<readonly (T | undefined)[]> {
    if (ids.length === 0) return [];
    if (!include) return this.#o.source.findByIds(ids, this.#asked(asking));
    const group = ids.map((id) => ({ key: this.#includedKey('item', id, include, asking), ctx: NOTHING_KEPT }));
    const all = await this.#load(group, readerOf(asking));
    return all.map((one) => told(one, asking) as T | undefined);
  }

  list(text: string, asking: Asking, include?: NormalInclude): Promise<readonly T[]> {
    if (include) return this.#withIncluded('list', text, include, asking) as Promise<readonly T[]>;
    asking.restsOn?.(this.#o.related.tags.ofList(queryOfText(text).where));
    const key = this.#key(text, asking);
    if (this.#passes('list', key)) return this.#lists.get(key, optionsOf(asking));
    return this.#o.source.findMany(queryOfText(text), this.#asked(asking));
  }

  count(text: string, asking: Asking): Promise<number> {
    const key = this.#key(text, asking);
    if (this.#passes('count', key)) return this.#counts.get(key, optionsOf(asking));
    return this.#o.source.count(queryOfText(text), this.#asked(asking));
  }

  async #withIncluded(
    what: 'item' | 'list',
    text: string,
    include: NormalInclude,
    asking: Asking,
  ): Promise<T | readonly T[] | undefined> {
    const key = this.#includedKey(what, text, include, asking);
    if (this.#passes('with', key)) return told(await this.#included.get(key, optionsOf(asking)), asking);
    return told((await this.#load([{ key, ctx: NOTHING_KEPT }], readerOf(asking)))[0], asking);
  }

  /** Read items that ask for the same include, or one list. */
  async #load(
    group: readonly { readonly key: readonly string[]; readonly ctx: Pick<LoadContext, 'tag' | 'ttl'> }[],
    reader: Reader,
  ): Promise<readonly Complete<T>[]> {
    const { source, related } = this.#o;
    const [, what, text, includeText] = group[0].key;
    const asked = askedFor(related, reader);
    const include = JSON.parse(includeText) as NormalInclude;
    const reads = group.map(({ ctx }) => new Read(ctx, related.ttl));
    if (what === 'list') {
      const query = queryOfText(text);
      reads[0].tag(...related.tags.ofList(query.where));
      const items = await source.findMany(query, asked);
      const parts = items.map((item) => ({ item, of: new Set(reads) }));
      return [reads[0].complete((await included(parts, related, include, reader)) as readonly T[])];
    }
    const ids = group.map(({ key }) => key[2]);
    ids.forEach((id, i) => reads[i].tag(...related.tags.ofItem(id)));
    const items = await source.findByIds(ids, asked);
    items.forEach((item, i) => item ?? reads[i].endsBy(related.negativeTtl));
    const parts = items.flatMap((item, i) => (item ? [{ item, of: new Set([reads[i]]) }] : []));
    const complete = (await included(parts, related, include, reader))[Symbol.iterator]();
    return items.map((item, i) => reads[i].complete(item ? (complete.next().value as T) : undefined));
  }

  #includedKey(what: 'item' | 'list', text: string, include: NormalInclude, { principal }: Asking): readonly string[] {
    const who = segmentOf(seenBy(scopeOf(this.#o.related, include), principal));
    return [who, what, text, JSON.stringify(include)];
  }

  /** Without a scope the key is what is asked for, as it was given. */
  #key(what: string, { principal }: Asking): Key {
    const { scope } = this.#o.related;
    return scope === 'everyone' ? what : [segmentOf(seenBy(scope, principal)), what];
  }

  #passes(what: string, key: Key): boolean {
    const { cached } = this.#o;
    return cached === undefined || cached([what, ...(typeof key === 'string' ? [key] : (key as string[]))].join('/'));
  }

  #asked(asking: Asking): ReturnType<typeof askedFor> {
    return askedFor(this.#o.related, readerOf(asking));
  }
}

const NOTHING_KEPT: Pick<LoadContext, 'tag' | 'ttl'> = { tag() {}, ttl() {} };

function readerOf({ principal, signal = new AbortController().signal }: Asking): Reader {
  return { principal, signal };
}

function optionsOf({ signal }: Asking): { readonly signal: AbortSignal } | undefined {
  return signal && { signal };
}

/** Whom a key is for, and what it asks for. */
function whoAndWhat(key: Key): readonly [who: string, what: string] {
  return (typeof key === 'string' ? ['everyone', key] : key) as readonly [string, string];
}

function whoIs(segment: string): Principal {
  return principalOfSegment(segment) ?? 'anonymous';
}

/** The value of what was read, once it has been told what that rests on. */
function told<T>({ value, tags }: Complete<T>, { restsOn }: Asking): T | readonly T[] | undefined {
  restsOn?.(tags);
  return value;
}

/** A read of a load: what it rests on, and how long it is fresh: no longer than anything that it is made of. */
class Read implements Including {
  readonly #ctx: Pick<LoadContext, 'tag' | 'ttl'>;
  readonly #tags = new Set<string>();
  #shortest: number;

  constructor(ctx: Pick<LoadContext, 'tag' | 'ttl'>, own: number) {
    this.#ctx = ctx;
    this.#shortest = own;
  }

  readonly tag = (...tags: readonly string[]): void => {
    this.#ctx.tag(...tags);
    for (const tag of tags) this.#tags.add(tag);
  };

  readonly endsBy = (ttl: number): void => {
    if (ttl < this.#shortest) this.#ctx.ttl((this.#shortest = ttl));
  };

  complete<T>(value: Complete<T>['value']): Complete<T> {
    return { value, tags: [...this.#tags] };
  }
}

/** Work on things group by group, and answer by the position of each; what fails is the answer of its group. */
async function grouped<A, B>(
  all: readonly A[],
  by: (one: A) => string,
  work: (group: readonly A[]) => Promise<readonly B[]>,
): Promise<readonly (B | Error)[]> {
  const groups = new Map<string, number[]>();
  all.forEach((one, i) => {
    const name = by(one);
    const others = groups.get(name);
    if (others) others.push(i);
    else groups.set(name, [i]);
  });
  const answers = new Array<B | Error>(all.length);
  const answerAll = async (positions: readonly number[]) => {
    const failed = (error: unknown) => positions.map(() => (error instanceof Error ? error : new Error(String(error))));
    const answered = await work(positions.map((i) => all[i])).catch(failed);
    positions.forEach((position, i) => (answers[position] = answered[i]));
  };
  await Promise.all([...groups.values()].map(answerAll));
  return answers;
}
