/** The restart: the stores are closed, and another process opens them, with nothing in memory. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../child.ts';
import { time } from '../results.ts';
import { Trouble } from '../trouble.ts';
import { spread, verdict } from './moments.ts';
import type { Answer, Order } from './restarted.ts';
import type { Stage } from './stage.ts';

const READ = 12; // revisions

/** Close everything here and read it in another process. */
export async function showRestart({
  terminal,
  stores,
  cache,
  folder,
  moments,
  checks,
  signal,
  open,
}: Stage): Promise<void> {
  await cache.shutdown();
  await stores.close();
  terminal.working('starting another process on the same files');
  const child = new Child(program());
  open.push(() => child.kill());
  const asked = spread(moments, READ).toReversed();
  const order: Order = { folder, revisions: asked.map(({ revision }) => revision) };
  const answer = await child.ask<Answer>(order, signal);
  if ('trouble' in answer)
    throw new Trouble(`The process ${child.pid} can't read: ${answer.trouble}${child.lastWords}`);
  await child.stop();
  const { openMs, firstMs, found: read, stats } = answer;
  terminal.tick(
    `another process, ${child.pid}, opened the stores in ${time(openMs)} and read the head in ${time(firstMs)}`,
  );
  const wrong = asked
    .filter(({ commit }, i) => read[i]?.tree !== commit.tree || read[i].commit !== commit.id)
    .map(({ revision }) => revision);
  checks.add(`${asked.length} revisions, from the head back`, ...verdict(wrong));
  const { replayed, resumed } = stats;
  checks.add('its reads that began from a keyframe', `${resumed} of ${asked.length}`, resumed > 0);
  const all = order.revisions.reduce((sum, revision) => sum + revision + 1, 0);
  const found = `${replayed.toLocaleString('en')} instead of ${all.toLocaleString('en')}`;
  checks.add('operations that it replayed', found, replayed < all);
}

/** The compiled program: beside this file, or, where this is the source as in tests, where it is compiled to. */
function program(): string {
  const here = fileURLToPath(import.meta.url);
  const compiled = here.endsWith('.ts') ? join(dirname(here), '../../dist-programs/demo/documents') : dirname(here);
  const path = join(compiled, 'restarted.js');
  if (!existsSync(path)) throw new Trouble("The program of the other process isn't compiled: run npx tsc -b first.");
  return path;
}
