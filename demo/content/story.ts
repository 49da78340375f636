/** What the demo of content tells: a site over a Postgres, what its writes touch, what its answers cost, and who sees what. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSite } from '../../examples/edge-cms/node.ts';
import { type Check, Checks } from '../checks.ts';
import { reportOn } from '../report.ts';
import type { Open } from '../stage.ts';
import type { StoryOptions } from '../story.ts';
import { telling } from '../telling.ts';
import type { Terminal } from '../terminal.ts';
import { showEdits } from './edits.ts';
import { showLoad } from './load.ts';
import { showReading } from './reading.ts';
import type { ContentStage } from './stage.ts';
import { showTraces } from './traces.ts';
import { Visitor } from './visitor.ts';

const POSTS = 500;
const TOKEN = 'the-editors-token';

/** What the demo of content is given from outside. */
export interface ContentDemoOptions extends Omit<StoryOptions, 'folder'> {
  /** How many requests the load sends each way. Default 3,000. */
  readonly requests?: number;
}

/** Run the demo. Resolves to its exit code: 1 if something is wrong, 130 if it was stopped. Rejects only for a bug of its own. */
export function tellOfContent(options: ContentDemoOptions): Promise<number> {
  return telling(options, showContent);
}

async function showContent(
  terminal: Terminal,
  open: Open,
  { signal, requests = 3000 }: ContentDemoOptions,
): Promise<readonly Check[]> {
  terminal.heading(
    'Tidemark · a site of posts and pages: memory, an LMDB file, a Postgres, and not a line that invalidates',
  );
  signal.throwIfAborted();
  terminal.working('making a database for PGlite, a whole Postgres in this process: some seconds');
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  const opened = await openSite({ adminToken: TOKEN, posts: POSTS, folder });
  open.push(() => opened.close());
  terminal.tick(`the site of examples/edge-cms, with ${POSTS} posts by 4 authors`);
  const checks = new Checks(reportOn(terminal));
  const { app, reads, site } = opened;
  const counting = async <R>(work: () => Promise<R>) => {
    const before = reads();
    return { result: await work(), statements: reads() - before };
  };
  const stage: ContentStage = {
    terminal,
    checks,
    signal,
    site,
    counting,
    reader: new Visitor(app),
    editor: new Visitor(app, TOKEN),
  };
  terminal.heading('1 · Reading');
  await showReading(stage);
  terminal.heading('2 · Editing: what falls, and what stays');
  await showEdits(stage);
  terminal.heading('3 · What was dropped, by whom, and what would be');
  await showTraces(stage);
  terminal.heading('4 · A day of visits');
  await showLoad(stage, requests);
  return checks.all;
}
