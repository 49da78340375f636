/** The suite over IndexedDB: the same list of tests in Node, which names them, and in the page, which runs them. */
import { bytesCodec } from 'tidemark/codecs/bytes';
import { indexedDb } from 'tidemark/stores/indexeddb';
import { keyValueSuite } from 'tidemark/testing';
import { storeKeyValues, type StoreKeyValues } from 'tidemark/documents';

const names = new WeakMap<object, string>();

function open(name: string, prefix?: string): StoreKeyValues {
  const store = storeKeyValues(() => indexedDb({ name, codec: bytesCodec }), prefix === undefined ? {} : { prefix });
  names.set(store, name);
  return store;
}

/** The tests by name, for whoever runs them one by one. */
export function suiteTests(): { readonly name: string; readonly run: () => Promise<void> }[] {
  const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  const headings: string[] = [];
  const describe = (name: string, body: () => void) => {
    headings.push(name);
    body();
    headings.pop();
  };
  const it = (name: string, run: () => Promise<void>) => tests.push({ name: [...headings, name].join(' > '), run });
  const runner = { describe, it: Object.assign(it, { skip: it }) };
  for (const prefix of [undefined, 'keyframes'])
    keyValueSuite(runner, {
      name: prefix ? 'a shared database' : 'a database of its own',
      open: () => open(`keyframes ${Math.random()}`, prefix),
      reopen: (closed) => open(names.get(closed)!, prefix),
      another: (first) => open(names.get(first)!, prefix),
      ...(prefix && { beside: (first) => open(names.get(first)!, 'others') }),
    });
  return tests;
}
