/** Finds the command, runs it, and says in one line what went wrong. */
import { readFileSync } from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { cache } from './cache.ts';
import { type Command, type Terminal, UsageError } from './command.ts';
import { migrateLevel } from './migrate-level.ts';

const COMMANDS: Readonly<Record<string, Command>> = { 'migrate-level': migrateLevel, cache };

/** Run a command line. Answers with the exit code: 0 it is done, 1 it failed or was interrupted, 2 it was called wrongly. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '--version') return told(terminal, version());
  if (name === '--help' || name === '-h') return told(terminal, ...overview());
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    if (name !== '') terminal.say(`tidemark: there is no command ${JSON.stringify(name)}`);
    for (const line of overview()) terminal.say(line);
    return 2;
  }
  const usage = `usage: tidemark ${name} ${command.usage}`;
  if (rest.includes('--help') || rest.includes('-h')) return told(terminal, usage, '', ...command.help);
  try {
    await command.run(rest, terminal);
    return 0;
  } catch (error) {
    if (isUsage(error)) {
      terminal.say(`tidemark: ${error.message}`);
      terminal.say(usage);
      return 2;
    }
    terminal.say(`tidemark: ${terminal.signal.aborted ? 'interrupted' : wordsOf(error)}`);
    return 1;
  }
}

function told(terminal: Terminal, ...lines: readonly string[]): number {
  for (const line of lines) terminal.out(line);
  return 0;
}

function overview(): readonly string[] {
  const commands = Object.entries(COMMANDS).map(([name, { usage }]) => `  tidemark ${name} ${usage}`);
  return ['usage:', ...commands, '  tidemark --help | --version', '', 'tidemark <command> --help says more.'];
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

/** Called wrongly: as a command says, or as `parseArgs` does. */
function isUsage(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof Error && String((error as { readonly code?: unknown }).code).startsWith('ERR_PARSE_ARGS_');
}

function wordsOf(error: unknown): string {
  if (error instanceof TidemarkError) return `${error.code}: ${oneLine(error.message)}`;
  return oneLine(error instanceof Error ? error.message : String(error));
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
