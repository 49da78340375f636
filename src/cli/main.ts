#!/usr/bin/env node
/** The binary `tidemark`. */
import * as module from 'node:module';
import { run } from './run.ts';
import { systemTerminal } from './terminal.ts';

// Later versions of Node remember what they compile: half of a short run is the loading of modules.
const { enableCompileCache } = module as { readonly enableCompileCache?: () => unknown };
enableCompileCache?.();

const ending = await run(process.argv.slice(2), systemTerminal());
if (typeof ending === 'number') process.exitCode = ending;
else {
  const { endAs } = await import('../build/signals.ts');
  await endAs({ exitCode: null, signal: ending });
}
