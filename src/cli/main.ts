#!/usr/bin/env node
/** The binary `tidemark`. */
import { run } from './run.ts';
import { systemTerminal } from './terminal.ts';

const ending = await run(process.argv.slice(2), systemTerminal());
if (typeof ending === 'number') process.exitCode = ending;
else {
  const { endAs } = await import('../build/signals.ts');
  await endAs({ exitCode: null, signal: ending });
}
