/** Responses in a cache of the engine: in all its tiers, falling with the changes of what their Cache-Tag names. */
import type { Cache } from '../../engine/cache.ts';
import type { Beginning } from '../../engine/keep.ts';
import { checkOptions, duration, type Duration, nonEmptyText } from '../../engine/options.ts';
import { parseCacheTags } from './cache-tag.ts';
import { headersOf, type HttpRecord, type HttpStore } from './http-store.ts';

/** Options of {@link engineHttpStore}. */
export interface EngineHttpStoreOptions {
  readonly cache: Pick<Cache, 'define'>;
  /** The name of the collection that it defines. Default `'response'`. */
  readonly collection?: string;
  /** The names of the tiers that keep responses. Default all. */
  readonly tiers?: readonly string[];
  /** How long a response is kept at most, fresh or not. Default `'7d'`. */
  readonly keepFor?: Duration;
}

/**
 * A store for `httpCache` in a cache of the engine. A response rests on the tags that its `Cache-Tag` names: a change that
 * touches one, such as a repository's write, makes it fall in every process that follows the log, with no call to purge. One
 * for which the origin was asked before the change isn't stored after it, whichever process does either.
 *
 * @throws `bad_option` naming the option, or if the collection's name is taken.
 * @example
 * const handler = httpCache({ fetch: app.fetch, store: engineHttpStore({ cache }), hiddenFields: ['Cache-Tag'] });
 */
export function engineHttpStore(options: EngineHttpStoreOptions): HttpStore {
  checkOptions('engineHttpStore', options, ['cache', 'collection', 'tiers', 'keepFor']);
  const { cache, collection = 'response', tiers, keepFor = '7d' } = options;
  const records = cache.define<HttpRecord>(nonEmptyText('engineHttpStore: collection', collection), {
    ttl: duration('engineHttpStore: keepFor', keepFor),
    values: 'shared', // a record is never changed in place
    ...(tiers && { tiers }),
  });
  return {
    begin(): Beginning | Promise<Beginning> {
      const since = records.begin();
      if (since.incarnation !== '') return since;
      // A log that has to be waited for is joined by the first read: before that there is no mark to begin at.
      return records.get(' ', { load: false }).then(() => records.begin());
    },
    get: (uri) => records.get(uri, { load: false }),
    async put(uri, record, since) {
      const tags = record.variants.flatMap((variant) => parseCacheTags(headersOf(variant).get('cache-tag')));
      if (since !== undefined) await records.keep(uri, record, since as Beginning, { tags });
    },
    async delete(uri) {
      await records.delete(uri);
    },
  };
}
