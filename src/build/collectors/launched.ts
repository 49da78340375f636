/** The tool that a command line leads to, past what only starts it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is left of a command line: the tool's bare name, and its arguments. */
export interface Launched {
  readonly tool: string;
  readonly words: readonly string[];
}

/** Each with what may follow it before the tool's name. `run`s of scripts and what downloads a tool anew aren't here. */
const launchers: readonly (readonly [words: readonly string[], flags: RegExp])[] = [
  [['npx'], /^(?:--yes|-y|--no|--no-install|--prefer-offline|--offline|-q|--quiet|--)$/],
  [['npm', 'exec'], /^(?:--yes|-y|--no|--offline|--prefer-offline|--)$/],
  [['pnpm', 'exec'], /^(?:--)$/],
  [['yarn', 'exec'], /^(?:--)$/],
  [['yarn', 'run'], /^(?:-T|--top-level|-B|--binaries-only|--silent|-s)$/],
  [['bunx'], /^(?:--bun|--no-install)$/],
  [['bun', 'x'], /^(?:--bun|--no-install)$/],
  [['pnpm'], /^(?:--silent|-s)$/],
  [['yarn'], /^(?:--silent|-s)$/],
];

/** Those that run a script of the package if it has one of that name. */
const SCRIPTS_FIRST = new Set(['pnpm', 'yarn', 'yarn run']);

/** The tool, or nothing if what starts it has flags of its own that aren't known, or runs a script of the package. */
export function launched(words: readonly string[], cwd: string): Launched | undefined {
  const [first] = words;
  if (first === undefined) return undefined;
  // What is set before the tool's name is part of the command's text.
  if (/^(?:[A-Za-z_]\w*=.*|cross-env)$/s.test(first)) return launched(words.slice(1), cwd);
  const launcher = launchers.find(([start]) => start.every((word, at) => words[at] === word));
  if (launcher !== undefined) {
    const [start, flags] = launcher;
    let left = words.slice(start.length);
    while (left.length > 0 && flags.test(left[0])) left = left.slice(1);
    // npm takes flags for its own, wherever they stand, unless something ends them.
    const ended = words.slice(0, words.length - left.length).includes('--');
    if (start[0] === 'npm' && !ended && left.some((word) => word.startsWith('-'))) return undefined;
    if (SCRIPTS_FIRST.has(start.join(' ')) && left.length > 0 && hasScript(cwd, left[0])) return undefined;
    return launched(left, cwd);
  }
  // `node node_modules/tool/bin/tool.js`: the same tool, without the link that leads there.
  if (/^(?:.*[/\\])?node(?:\.exe)?$/.test(first)) {
    const at = words.findIndex((word, place) => place > 0 && !/^--[^=]+=/.test(word));
    return isInstalled(words[at] ?? '') ? { tool: bareName(words[at]), words: words.slice(at + 1) } : undefined;
  }
  if (/[/\\]/.test(first) && !isInstalled(first)) return undefined;
  return { tool: bareName(first), words: words.slice(1) };
}

function isInstalled(path: string): boolean {
  return path.split(/[/\\]/).includes('node_modules');
}

function bareName(path: string): string {
  return path.replace(/^.*[/\\]/, '').replace(/\.(?:[cm]?js|cmd|exe|ps1)$/, '');
}

function hasScript(directory: string, name: string): boolean {
  try {
    const text = readFileSync(join(directory, 'package.json'), 'utf8');
    const { scripts } = JSON.parse(text) as { readonly scripts?: Readonly<Record<string, string>> };
    return scripts !== undefined && Object.hasOwn(scripts, name);
  } catch {
    const above = dirname(directory);
    return above !== directory && hasScript(above, name);
  }
}
