/** What the Worker is bound to, as far as it uses it. */
declare module 'cloudflare:workers' {
  /** The bindings and variables of wrangler.toml. */
  export const env: {
    readonly CACHE: import('tidemark/stores/workers-kv').KvNamespace & import('tidemark/content/admin').KvListing;
    readonly DB: import('tidemark/content').D1WithBatches;
    readonly ADMIN_TOKEN?: string;
    readonly [variable: string]: unknown;
  };
  /** Keeps the present request alive until the work has ended. */
  export function waitUntil(work: Promise<unknown>): void;
}
