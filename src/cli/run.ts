/** Finds the command, runs it, and says in one line what went wrong. */
import { readFileSync } from 'node:fs';
import { TidemarkError } from '../engine/errors.ts';
import { type Command, type Ending, split, type Terminal, UsageError } from './command.ts';

/** Each is loaded when it is called: what one needs is no burden of another. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./build/run.ts')).runCommandLine,
  why: async () => (await import('./build/why.ts')).why,
  cache: async () => (await import('./cache.ts')).cache,
  'migrate-level': async () => (await import('./migrate-level.ts')).migrateLevel,
};

/**
 * Run a command line. Answers with the exit code: 0 it is done, 1 it failed or was interrupted, 2 it was called wrongly; or
 * with how what it ran has ended.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<Ending> {
  const [name = '', ...rest] = args;
  if (name === '--version') return told(terminal, version());
  if (name === '--help' || name === '-h') return told(terminal, ...(await overview()));
  const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]() : undefined;
  if (!command) {
    if (name !== '') terminal.say(`tidemark: there is no command ${JSON.stringify(name)}`);
    for (const line of await overview()) terminal.say(line);
    return 2;
  }
  const usage = `usage: tidemark ${name} ${command.usage}`;
  const { own } = split(rest);
  if (own.includes('--help') || own.includes('-h')) return told(terminal, usage, '', ...command.help);
  try {
    return (await command.run(rest, terminal)) ?? 0;
  } catch (error) {
    if (isUsage(error)) {
      terminal.say(`tidemark: ${error.message.replace(/(?<=^Unknown option '[^']*')\. .*$/s, '')}`);
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

async function overview(): Promise<readonly string[]> {
  const loaded = Object.entries(COMMANDS).map(async ([name, load]) => `  tidemark ${name} ${(await load()).usage}`);
  const commands = await Promise.all(loaded);
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
