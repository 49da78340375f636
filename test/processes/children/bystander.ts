/** Reads and changes beside a process that may stand still at any moment. */
import { createCache, memory } from 'tidemark';
import { lmdbBackend } from 'tidemark/backends/lmdb';
import { given, passing, serve } from './meeting.ts';
import { RawRows } from './raw-rows.ts';
import { BATCH, STREAMER } from './stream.ts';

/** What a bystander is given. */
export interface BystanderOptions {
  readonly path: string;
}

/** How a change ended. */
export interface Changed {
  readonly reach: 'everywhere' | 'local';
  /** What a read gives that begins afterwards. */
  readonly read: number;
}

const KEY = 'counter';

const backend = lmdbBackend({ path: (given() as BystanderOptions).path });
const cache = createCache({
  name: 'street',
  tiers: [memory(), { store: backend, timeout: '100ms', breaker: { failures: 1_000_000 } }],
});
const rows = new RawRows(backend);
let truth = 0;
const counters = cache.define<number>('counter', { load: () => truth });

/** Read rows at random; answers how many weren't right. */
async function read({ count }: { readonly count: number }): Promise<number> {
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const number = Math.floor(Math.random() * BATCH);
    const found = await rows.find(STREAMER, number);
    if (found !== number) wrong++;
  }
  return wrong;
}

async function change(): Promise<Changed> {
  truth++;
  const { reach } = await counters.invalidate(KEY);
  return { reach, read: await counters.get(KEY) };
}

/** Resolves when the log knows of every change. */
async function settle(): Promise<void> {
  while (cache.stats().log.unsaid > 0) await passing(20);
}

serve({ read, change, settle, leave: () => cache.close() });
