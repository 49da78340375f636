/** Options of the API, checked. */
import { TidemarkError } from '../../engine/errors.ts';
import { describe } from '../../engine/key.ts';
import { aFunction, checkOptions, functionOrNothing, list, trueOrFalse } from '../../engine/options.ts';
import { checkedSecret } from '../signature.ts';
import type { AdminContent, AdminWarmed, By } from './administered.ts';
import type { Authorize } from './authorize.ts';
import type { KvPlace } from './kv-keys.ts';

/** Options of {@link contentAdmin}. */
export interface ContentAdminOptions {
  /** What `createContent` makes, or `{ cache }`. */
  readonly content: AdminContent;
  /** Who may look, and who may change. There is no default. */
  readonly authorize: Authorize;
  /** Where the page is; everything else is below it. Default `'/cache'`. */
  readonly basePath?: string;
  /** Nobody may change anything. Default false. */
  readonly readOnly?: boolean;
  /** The beginning of values may be shown. Default false: values may be what not every administrator should see. */
  readonly showValues?: boolean;
  /**
   * Signs the tokens with which a page may change something; at least 16 characters. Needed where several processes or
   * isolates answer: without it each has one of its own, drawn when it is first needed.
   */
  readonly secret?: string;
  /** Origins that the page is seen at, where a proxy hides them: `https://cms.example.com`. Default that of the request. */
  readonly origins?: readonly string[];
  /** The KV namespace behind a `workersKv` tier, to list its keys, too. */
  readonly kv?: KvPlace;
  /** Warms what is to be warm: `() => warmer.scheduled()`. Without it there is nothing to press. */
  readonly warm?: (by: By) => Promise<AdminWarmed>;
  /** What failed on this side; clients aren't told. */
  readonly onError?: (error: unknown) => void;
}

const NAMES: readonly (keyof ContentAdminOptions)[] = [
  'content',
  'authorize',
  'basePath',
  'readOnly',
  'showValues',
  'secret',
  'origins',
  'kv',
  'warm',
  'onError',
];
const BASE = /^(\/[\w.~-]+)+$/;

/** Options with their defaults. */
export interface AdminSettings extends Required<Omit<ContentAdminOptions, 'kv' | 'secret' | 'warm'>> {
  readonly kv: KvPlace | undefined;
  readonly secret: string | undefined;
  readonly warm: ContentAdminOptions['warm'] | undefined;
}

/** Throws `bad_option` naming the option. */
export function adminSettings(options: ContentAdminOptions): AdminSettings {
  const what = 'contentAdmin';
  checkOptions(what, options, NAMES);
  const { content, authorize, kv, secret, warm, basePath = '/cache', origins = [], onError = () => {} } = options;
  if (typeof content?.cache?.held !== 'function')
    throw new TidemarkError('bad_option', `${what}: content must have a cache, as in { cache }`);
  aFunction(`${what}: authorize`, authorize);
  if (typeof basePath !== 'string' || !BASE.test(basePath))
    throw new TidemarkError(
      'bad_option',
      `${what}: basePath must be a path such as '/cache', not ${describe(basePath)}`,
    );
  checkedSecret(`${what}: secret`, secret);
  list(`${what}: origins`, origins);
  origins.forEach((origin, i) => {
    if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TidemarkError(
        'bad_option',
        `${what}: origins[${i}] must be an origin such as 'https://cms.example.com'`,
      );
  });
  if (kv !== undefined) {
    checkOptions(`${what}: kv`, kv, ['namespace', 'prefix', 'name']);
    if (typeof kv.namespace?.list !== 'function')
      throw new TidemarkError('bad_option', `${what}: kv.namespace must have a list`);
  }
  functionOrNothing(`${what}: warm`, warm);
  functionOrNothing(`${what}: onError`, onError);
  const readOnly = trueOrFalse(`${what}: readOnly`, options.readOnly);
  const showValues = trueOrFalse(`${what}: showValues`, options.showValues);
  return { content, authorize, kv, secret, warm, basePath, origins, onError, readOnly, showValues };
}
