/** The demo's entry: `npm run demo`, and Ctrl-C. */
import { tellOfBuild } from './build/story.ts';
import { tellOfContent } from './content/story.ts';
import { tellOfDocuments } from './documents/story.ts';
import { tell } from './story.ts';

const stopping = new AbortController();
// Once: a second Ctrl-C ends the process as it always does.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stopping.abort());
process.stdout.on('error', () => stopping.abort()); // whoever read the output has gone

const args = process.argv.slice(2);
const STORIES = { '--documents': tellOfDocuments, '--content': tellOfContent, '--build': tellOfBuild };
const [, story = tell] = Object.entries(STORIES).find(([flag]) => args.includes(flag)) ?? [];
process.exitCode = await story({
  args,
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  signal: stopping.signal,
});
