/** One hit in an LMDB file, from LMDB's own up to that of a whole cache with no memory above the file. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { createCache, storageKey } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { openLmdbCache } from 'tidemark/embedded';
import { order, rounds, type Subject, time } from '../rounds.ts';
import { print } from '../table.ts';
import { SIZES, values } from './values.ts';

const COUNT = 20_000;
const ASKED = 8192;

/** Measure hits. */
export async function reads(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  try {
    await measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(folder: string): Promise<void> {
  const all = values(SIZES['186 B']);
  const names = Array.from({ length: COUNT }, (_, i) => `k${String(i).padStart(8, '0')}`);
  const load = (name: string) => all[Number(name.slice(1)) % all.length];

  const raw = open<object, string>({
    path: join(folder, 'raw'),
    noSubdir: false,
    encoding: 'msgpack',
    overlappingSync: false,
    noSync: true,
  });
  await raw.transaction(() => names.forEach((name) => void raw.put(name, load(name))));

  const embedded = await openLmdbCache<object>({ path: join(folder, 'embedded') });
  await embedded.batch(names.map((key) => ({ type: 'put', key, value: load(key) })));

  const backend = lmdbBackend({ path: join(folder, 'backend') });
  const cache = createCache({ name: 'bench', tiers: [backend] });
  const shared = cache.define<object>('shared', { load, values: 'shared' });
  const frozen = cache.define<object>('frozen', { load });
  const changed = cache.define<object>('changed', { load, values: 'shared' });
  await changed.getMany(names);
  await cache.invalidate({ tags: ['something else'] });
  await shared.getMany(names);
  await frozen.getMany(names);
  const call = { signal: new AbortController().signal };

  const keys = order(names, ASKED).map((name) => ({ name, stored: storageKey(['bench', 'shared', name], 1) }));
  let at = 0;
  const each =
    (get: (key: { readonly name: string; readonly stored: string }) => unknown): Subject =>
    async (times) => {
      for (let i = 0; i < times; i++) {
        const answer = get(keys[at++ % ASKED]);
        if ((answer instanceof Promise ? await answer : answer) === undefined) throw new Error('a hit was missed');
      }
    };
  const now = await rounds(
    {
      raw: each(({ name }) => raw.get(name)),
      embedded: each(({ name }) => embedded.get(name)),
      backend: each(({ stored }) => (backend.getMany([stored], call) as readonly unknown[])[0]),
      shared: each(({ name }) => shared.get(name)),
      frozen: each(({ name }) => frozen.get(name)),
      changed: each(({ name }) => changed.get(name)),
    },
    4000,
  );
  await Promise.all([cache.close(), embedded.close(), raw.close()]);
  const row = (name: string, ns: number) => ({ name, figure: time(ns), ratios: { 'raw lmdb': ns / now.raw } });
  const budget = (ns: number) => ({ budget: { text: '≥ 0.7 of its speed', kept: now.raw / ns >= 0.7 } });
  print({
    title: `A hit in a file of ${COUNT.toLocaleString('en')} entries of 186 B, random order (times: less is better)`,
    rows: [
      { name: 'raw lmdb get', figure: time(now.raw), ratios: {} },
      { ...row('await tidemark/embedded get', now.embedded), ...budget(now.embedded) },
      { ...row('lmdbBackend getMany, one key', now.backend), ...budget(now.backend) },
      row("await createCache get, values: 'shared'", now.shared),
      row("await createCache get, values: 'frozen'", now.frozen),
      row('the same, shared, something else changed since', now.changed),
    ],
  });
}
