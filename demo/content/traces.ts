/** What is known afterwards, and beforehand: the log of invalidations, and a dry run. */
import type { ContentStage } from './stage.ts';

const SHOWN = 5;

/** Look at the log, and ask what an event would drop. */
export async function showTraces({ terminal, checks, site, reader }: ContentStage): Promise<void> {
  const { content } = site;
  const { invalidations } = content.log.list({ limit: SHOWN });
  terminal.table(
    ['event', 'of', 'by', 'touched'],
    invalidations.map(({ event, write, actor, dependencyCount }) => [
      event ?? '',
      write?.ids.join(', ') ?? '',
      actor ?? '',
      `${dependencyCount} names`,
    ]),
  );
  const last = invalidations[0]?.event ?? 'nothing';
  checks.add('the last thing that was done', last, last === 'content.unpublish');

  await reader.get('/');
  const held = () => content.cache.held({ limit: 1000 }).entries.length;
  const before = held();
  const would = content.dryRun({ event: 'config.update' });
  const all = content.dryRun({ all: true });
  checks.add(
    'dry runs drop nothing',
    `would: ${would.entries} and all ${all.entries} of ${before}`,
    held() === before && all.entries > 0,
  );
}
