/**
 * Keyv's own suite for storage adapters, `@keyv/test-suite` 2.1, with Keyv 5.6: all of its 42 tests run.
 *
 * Keyv 5 gives an `iterator` only to stores that say that they are one of seven databases by name, which this one doesn't
 * claim. The four tests of iteration therefore run with a Keyv that has been given its iterator in the way that users can,
 * through the public `generateIterator`; against a bare Keyv they can't run with any other store, either.
 */
import * as vitest from 'vitest';
import { keyvApiTests, keyvIteratorTests, keyvNamespaceTest, keyvValueTests } from '@keyv/test-suite';
import { Keyv } from 'keyv';
import { type Cache, openLmdbCache } from 'tidemark/embedded';
import { keyvStore, type TtlKeyvStore } from 'tidemark/embedded/keyv';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'tidemark-keyv-'));
let cache: Cache;

vitest.beforeAll(async () => {
  cache = await openLmdbCache({ path: folder });
});

vitest.afterAll(async () => {
  await cache.close();
  rmSync(folder, { recursive: true, force: true });
});

const store = () => keyvStore(cache);

/** Keyv as users make it iterate over a store that it doesn't know by name. */
class IteratingKeyv extends Keyv {
  constructor(options: { store: TtlKeyvStore }) {
    super(options);
    this.iterator = this.generateIterator((namespace: string | undefined) => options.store.iterator(namespace));
  }
}

vitest.describe('api', () => keyvApiTests(vitest, Keyv, store));
vitest.describe('values', () => keyvValueTests(vitest, Keyv, store));
vitest.describe('namespaces', () => keyvNamespaceTest(vitest, Keyv, store));
vitest.describe('iteration', () => keyvIteratorTests(vitest, IteratingKeyv, store));
