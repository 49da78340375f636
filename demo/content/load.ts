/** The same visits with the cache switched off and on: what the database is asked, and how long answers take. */
import { seeded, zipf } from '../zipf.ts';
import { time } from '../results.ts';
import type { ContentStage } from './stage.ts';

const SEED = 7;
const WRITES = 0.01;
const LISTS = 0.3;
const WORDS = ['tides', 'marks', 'stamps', 'harbours', 'beacons', 'currents', 'moorings', 'soundings'];
const POSTS = 500;

/** Zipf's law over posts, lists between them, and one request in a hundred a write. */
export async function showLoad(stage: ContentStage, requests: number): Promise<void> {
  const { terminal, checks, site } = stage;
  site.content.switches.off('to see what it is like without');
  const without = await visits(stage, requests);
  site.content.switches.on();
  const withIt = await visits(stage, requests);
  terminal.table(
    [`${requests.toLocaleString('en')} requests, 1 % writes`, 'statements', 'a request'],
    [
      ['without the cache', without.statements.toLocaleString('en'), time(without.ms)],
      ['with it', withIt.statements.toLocaleString('en'), time(withIt.ms)],
    ],
  );
  const fewer = 1 - withIt.statements / without.statements;
  checks.add('statements spared', `${(100 * fewer).toFixed(1)} %`, fewer > 0.5);
  checks.add('answers that differ from the database', `${withIt.wrong}`, withIt.wrong === 0);
}

async function visits({ reader, editor, counting, signal, terminal, site }: ContentStage, requests: number) {
  const random = seeded(SEED);
  const rank = zipf({ count: POSTS, skew: 1, random });
  let wrong = 0;
  const began = performance.now();
  const { statements } = await counting(async () => {
    for (let i = 0; i < requests; i++) {
      signal.throwIfAborted();
      if (i % 1000 === 0) terminal.working(`${i} of ${requests} requests`);
      const n = rank();
      if (random() < WRITES)
        await editor.send('PATCH', `/api/admin/posts/p${n + 1}`, { data: { body: `version ${i}` } });
      else if (random() < LISTS) await reader.get(n % 2 === 0 ? '/' : `/api/posts?author=u${(n % 4) + 1}`);
      else await reader.get(`/api/posts/${WORDS[n % WORDS.length]}-${n + 1}`);
    }
  });
  const ms = (performance.now() - began) / requests;
  for (let n = 0; n < POSTS; n += 7) {
    const id = `p${n + 1}`;
    const [cached, [truth]] = [await site.entries.findById(id), await site.sources.content.findByIds([id])];
    if (JSON.stringify(cached) !== JSON.stringify(truth)) wrong++;
  }
  return { statements, ms, wrong };
}
