/** The demo's entry: `npm run demo`, and Ctrl-C. */
import { tell } from './story.ts';

/** Each is loaded when it is told: what one needs is no burden of another. */
const STORIES: Readonly<Record<string, () => Promise<typeof tell>>> = {
  '--documents': async () => (await import('./documents/story.ts')).tellOfDocuments,
  '--content': async () => (await import('./content/story.ts')).tellOfContent,
  '--build': async () => (await import('./build/story.ts')).tellOfBuild,
};

const stopping = new AbortController();
// Once: a second Ctrl-C ends the process as it always does.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stopping.abort());
process.stdout.on('error', () => stopping.abort()); // whoever read the output has gone

const args = process.argv.slice(2);
const flag = Object.keys(STORIES).find((name) => args.includes(name));
const story = flag === undefined ? tell : await STORIES[flag]();
process.exitCode = await story({
  args,
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  signal: stopping.signal,
});
