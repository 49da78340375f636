/** Reading a shell's text without being a shell: its words, where it is plain, and the programs that it names. */
import { basename } from 'node:path';
import { type ShellToken, shellTokens } from './shell-tokens.ts';

/** Words that begin or join what a shell runs: after each comes a command. */
const KEYWORDS = new Set('if then else elif while until do ! { time coproc fi done esac }'.split(' '));
/** Words after which comes something else than a command, and where that ends. */
const HEADS: ReadonlyMap<string, readonly string[]> = new Map([
  ['for', [';', '\n']],
  ['select', [';', '\n']],
  ['function', ['{', '\n']],
  ['case', ['in']],
]);
const PATTERN_ENDS = [')', 'esac'];

/** What shells do themselves; a file of that name isn't run. */
const BUILTINS = new Set(
  (
    '. : [ [[ alias bg break cd continue declare dirs disown echo eval exit export false fg getopts hash jobs kill let ' +
    'local popd printf pushd pwd read readonly return set shift shopt source test times trap true type typeset ulimit ' +
    'umask unalias unset wait'
  ).split(' '),
);

/** Programs that run another one, which follows their own options. */
interface Launcher {
  /** Words without which they don't. */
  readonly verbs?: readonly string[];
  /** Options that have a value. */
  readonly valued?: readonly string[];
  /** An option whose value is a text for a shell. */
  readonly text?: string;
  /** How many other words come before the program. */
  readonly skips?: number;
  /** True for a word of the shell, which isn't a program. */
  readonly builtin?: true;
}

const npx: Launcher = { valued: ['-p', '--package'], text: '-c' };
const LAUNCHERS: ReadonlyMap<string, Launcher> = new Map<string, Launcher>([
  ['npx', npx],
  ['bunx', npx],
  ['pnpx', npx],
  ['npm', { ...npx, verbs: ['exec', 'x'] }],
  ['pnpm', { verbs: ['exec', 'dlx'], valued: ['--package', '-C', '--dir', '--filter', '-F'], text: '-c' }],
  ['yarn', { verbs: ['exec', 'dlx', 'run'], valued: ['-p', '--package', '--cwd'] }],
  ['bun', { verbs: ['x'] }],
  ['corepack', {}],
  ['env', { valued: ['-u', '--unset', '-C', '--chdir'] }],
  ['cross-env', {}],
  ['cross-env-shell', {}],
  ['dotenv', { valued: ['-e', '-v', '-p'] }],
  ['nice', { valued: ['-n', '--adjustment'] }],
  ['ionice', { valued: ['-c', '-n'] }],
  ['nohup', {}],
  ['sudo', { valued: ['-u', '-g', '-E'] }],
  ['timeout', { valued: ['-s', '--signal', '-k', '--kill-after'], skips: 1 }],
  ['xargs', { valued: ['-I', '-n', '-P', '-L', '-d', '-a', '-s'] }],
  ...['sh', 'bash', 'dash', 'zsh', 'ksh'].map((shell) => [shell, { text: '-c', skips: Infinity }] as const),
  ['exec', { builtin: true, valued: ['-a'] }],
  ['command', { builtin: true }],
]);

const DEEPEST = 8; // texts within texts

/**
 * The programs that a command names, each once, as they are spelt: the first word of every simple command, and what
 * `npx`, `env`, `cross-env`, `sh -c` and their like run. What only a shell could know (variables, functions, aliases) is
 * passed over, and so are the shell's own words.
 *
 * @example
 * programsOf('NODE_ENV=test npx tsc -p . && node run.js | tee log'); // ['npx', 'tsc', 'node', 'tee']
 */
export function programsOf(command: string | readonly string[]): readonly string[] {
  const programs = new Set<string>();
  if (typeof command === 'string') findInText(command, programs, 0);
  else findInWords(command, programs, 0);
  return [...programs];
}

function findInText(text: string, programs: Set<string>, depth: number): void {
  if (depth > DEEPEST) return;
  const { tokens, inner } = shellTokens(text);
  for (const words of simpleCommands(tokens)) findInWords(words, programs, depth);
  for (const each of inner) findInText(each, programs, depth + 1);
}

/** The words of each simple command; `undefined` is a word that only a running shell knows. */
function simpleCommands(tokens: readonly ShellToken[]): readonly (readonly (string | undefined)[])[] {
  const commands: (string | undefined)[][] = [[]];
  let until: readonly string[] = [];
  for (const token of tokens) {
    const words = commands.at(-1)!;
    const text = token.text ?? '';
    if (until.length > 0) {
      if (until.includes(text)) until = text === 'in' ? PATTERN_ENDS : [];
    } else if (token.kind === 'operator') {
      if (text === '(') words.length = 0; // before it stands a function's name
      if (text === ';;') until = PATTERN_ENDS;
      commands.push([]);
    } else if (words.length > 0 || !token.plain) words.push(token.text);
    else if (HEADS.has(text)) until = HEADS.get(text)!;
    else if (!KEYWORDS.has(text)) words.push(token.text);
  }
  return commands;
}

function findInWords(words: readonly (string | undefined)[], programs: Set<string>, depth: number): void {
  const at = words.findIndex((word) => word === undefined || !isAssignment(word));
  const program = words[at];
  if (program === undefined || program === '' || BUILTINS.has(program)) return;
  const name = basename(program.replaceAll('\\', '/')).replace(/\.(?:exe|cmd|bat)$/i, '');
  const launcher = LAUNCHERS.get(name);
  if (launcher?.builtin !== true) programs.add(program);
  if (launcher !== undefined) findLaunched(words.slice(at + 1), launcher, programs, depth);
}

function findLaunched(
  words: readonly (string | undefined)[],
  { verbs, valued = [], text, skips = 0 }: Launcher,
  programs: Set<string>,
  depth: number,
): void {
  let left = skips;
  let needsVerb = verbs !== undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === undefined) return;
    if (text !== undefined && (word === text || (/^-[a-z]+$/.test(word) && word.endsWith(text[1])))) {
      findInText(words[i + 1] ?? '', programs, depth + 1);
      return;
    }
    if (valued.includes(word)) i++;
    else if (word.startsWith('-') || isAssignment(word)) continue;
    else if (needsVerb && verbs?.includes(word)) needsVerb = false;
    else if (needsVerb) return;
    else if (left-- <= 0) return findInWords(words.slice(i), programs, depth);
  }
}

function isAssignment(word: string): boolean {
  return /^[A-Za-z_]\w*\+?=/.test(word);
}

/** A piece of a word, in letters that no shell takes for more than themselves, or in quotes that hide nothing else. */
const PIECE = /([\w@%+:,./=-]+)|'([^'\n]*)'|"([^"$`\\!\n]*)"/gy;

/**
 * The words of a text that is one plain command: a program and its arguments, with nothing in it that a shell would do
 * something about but take quotes off. Otherwise nothing.
 *
 * @example
 * simpleWords(`tsc -p 'my app'`); // ['tsc', '-p', 'my app']
 * simpleWords('tsc -p $APP'); // undefined
 */
export function simpleWords(text: string): readonly string[] | undefined {
  if (process.platform === 'win32' && /['%^]/.test(text)) return undefined;
  const words: string[] = [];
  for (const [word] of text.trim().matchAll(/(?:'[^']*'|"[^"]*"|[^ \t'"]|['"])+/g)) {
    const pieces = [...word.matchAll(PIECE)];
    if (pieces.map(([piece]) => piece).join('') !== word) return undefined;
    words.push(pieces.map(([, plain, single, double]) => plain ?? single ?? double).join(''));
  }
  const [first] = words;
  const isPlain = first !== undefined && !isAssignment(first) && !KEYWORDS.has(first) && !HEADS.has(first);
  return isPlain ? words : undefined;
}
