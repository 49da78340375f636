/** An API over a content cache's figures, and one page that shows them. */
export { contentAdmin } from './content-admin.ts';
export type { ContentAdminOptions } from './admin-options.ts';
export {
  anyOf,
  type Authorize,
  basicAuth,
  type BasicUser,
  bearerToken,
  type Permission,
  type PermissionOptions,
} from './authorize.ts';
export type { AdminContent, AdminWarmed, By } from './administered.ts';
export type { KeyRow, KeysPage } from './held-keys.ts';
export type { DependencyRow, EntryAnswer, TierEntry } from './one-entry.ts';
export type { LogAnswer, LogRow } from './log-answer.ts';
export type { Preview } from './preview.ts';
export type { KvKeysPage, KvListing, KvPlace, KvRow } from './kv-keys.ts';
export type { AdminStats, CollectionFigures, NamespaceFigures, TierFigures } from './figures.ts';
