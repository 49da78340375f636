/** The lines that strace writes, as calls: joined where other processes' lines came between, with their arguments apart. */
import { closeSync, openSync, readSync } from 'node:fs';

/** A call that has ended. */
export interface Call {
  readonly pid: number;
  readonly name: string;
  /** As strace writes them. */
  readonly args: readonly string[];
  /** A number; `'?'` where the process ended in the middle of it. */
  readonly result: number | '?';
  /** Such as `ENOENT`; empty where it went well. */
  readonly error: string;
  /** What a descriptor that it answered with stands for. */
  readonly opened: string | undefined;
}

/** What a trace tells, in its order. */
export type Told =
  | { readonly kind: 'call'; readonly call: Call }
  /** A call that began: its other half comes later. */
  | { readonly kind: 'begun'; readonly pid: number; readonly text: string }
  | { readonly kind: 'ended'; readonly pid: number }
  | { readonly kind: 'unknown'; readonly line: string };

const PIECE = 256 * 1024;
/** No call that is noted is as long: two paths, escaped. */
const LONGEST = 256 * 1024;

/** Every line of a trace file, never the whole file at once. */
export function* tracedCalls(file: string): Generator<Told> {
  const begun = new Map<number, string>();
  for (const line of linesOf(file)) {
    const told = toldBy(line, begun);
    if (told) yield told;
  }
  for (const [pid, text] of begun) yield { kind: 'unknown', line: `${pid} ${text} (never ended)` };
}

function* linesOf(file: string): Generator<string> {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    let rest = '';
    for (;;) {
      const read = readSync(descriptor, buffer, 0, PIECE, null);
      if (read === 0) break;
      // What isn't ASCII is escaped.
      const lines = (rest + buffer.toString('latin1', 0, read)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > LONGEST) break;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(descriptor);
  }
}

const UNFINISHED = ' <unfinished ...>';

function toldBy(line: string, begun: Map<number, string>): Told | undefined {
  const [, process, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
  if (process === undefined) return { kind: 'unknown', line };
  const pid = Number(process);
  if (rest.startsWith('--- ')) return undefined; // a signal
  if (rest.startsWith('+++ superseded')) return undefined; // see below
  if (rest.startsWith('+++ ')) {
    begun.delete(pid);
    return { kind: 'ended', pid };
  }
  // A thread that executes a program goes on in the place of its process; strace can't say how it went: well, if at all.
  const [changed, heir] = / <pid changed to (\d+) \.\.\.>$/.exec(rest) ?? [];
  if (changed !== undefined) {
    begun.set(Number(heir), rest.slice(0, -changed.length));
    return { kind: 'ended', pid };
  }
  if (rest.startsWith('<... ')) {
    const half = begun.get(pid);
    const end = rest.indexOf(' resumed>');
    if (half === undefined || end < 0) return { kind: 'unknown', line };
    begun.delete(pid);
    // Where the process is killed, it isn't finished after all.
    const other = rest.slice(end + ' resumed>'.length);
    return parsed(pid, half + (other.startsWith(UNFINISHED) ? other.slice(UNFINISHED.length) : other), line);
  }
  if (!rest.endsWith(UNFINISHED)) return parsed(pid, rest, line);
  const half = rest.slice(0, -UNFINISHED.length);
  begun.set(pid, half);
  return { kind: 'begun', pid, text: half };
}

const ENDING =
  /^ += (\?|-?\d+|0x[0-9a-f]+)(?:<((?:[^\\>]|\\.)*)>(?:\(deleted\))?)?(?: ([A-Z0-9_]+)(?: \(.*\))?| \(.*\)| <unavailable>)?$/;

function parsed(pid: number, text: string, line: string): Told {
  const open = text.indexOf('(');
  const args: string[] = [];
  const close = splitArguments(text, open + 1, args);
  const [ending, result, opened, error] = (close > 0 && ENDING.exec(text.slice(close + 1))) || [];
  const name = text.slice(0, open);
  if (open < 0 || ending === undefined || !/^[a-z0-9_]+$/.test(name)) return { kind: 'unknown', line };
  // Where a process is killed, strace sees no answer, or one that is none: -1 without an error. It is so, too, where a
  // thread has executed a program, which it then did.
  const isLost = result === '-1' && error === undefined;
  const value = result === '?' || (isLost && !name.startsWith('execve')) ? '?' : Number(result);
  return { kind: 'call', call: { pid, name, args, result: value, error: error ?? '', opened } };
}

/** Fills the arguments, and answers where the closing parenthesis stands, or -1. */
function splitArguments(text: string, from: number, args: string[]): number {
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    const c = text[at];
    if (c === '"' || c === '<') {
      const end = c === '"' ? '"' : '>';
      for (at++; at < text.length && text[at] !== end; at++) if (text[at] === '\\') at++;
    } else if (c === '(' || c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']' || (c === ')' && depth > 0)) depth--;
    else if (depth > 0) continue;
    else if (c === ',' || c === ')') {
      const arg = text.slice(start, at).trim();
      if (arg !== '' || c === ',' || args.length > 0) args.push(arg);
      if (c === ')') return at;
      start = at + 1;
    }
  }
  return -1;
}
