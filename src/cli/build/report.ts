/** What is said of a run, in lines. */
import type { RunResult } from '../../build/run-result.ts';

/** A line that says how it went, and those that say what the user should know. */
export function linesOf(title: string, result: RunResult): readonly string[] {
  return [
    `${title}: ${summary(result)}`,
    ...result.notes.map((note) => `${title}: ${note}`),
    ...troubles(title, result),
  ];
}

/** What is told even where nobody watches: the task isn't what it says it is. */
export function troubles(title: string, { stored, differs = [] }: RunResult): readonly string[] {
  if (stored !== 'conflict') return [];
  const shown = differs.slice(0, 5).join(', ') + (differs.length > 5 ? ` and ${differs.length - 5} more` : '');
  return [`${title}: not deterministic: what is kept for the same inputs differs in ${shown}; the first result stays`];
}

/** A length of time as people say it. */
export function time(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** An amount of bytes as people say it. */
export function bytes(count: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = count < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return power === 0 ? `${count} bytes` : `${(count / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** `1 output`, `2 outputs` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function summary(result: RunResult): string {
  const { outcome, durationMs, savedMs, outputs, notStored, signal, exitCode } = result;
  const made = counted(outputs, 'output');
  const rests = restsOn(result);
  if (outcome === 'would run') return `would run (${rests})`;
  if (outcome === 'hit' && result.restored === undefined) return `unchanged, ${made} would come back (${rests})`;
  if (outcome === 'hit') {
    const { written = 0, removed = 0 } = result.restored ?? {};
    const how =
      written + removed === 0 ? 'all in place' : `${written} restored${removed > 0 ? `, ${removed} removed` : ''}`;
    return `unchanged, ${made}, ${how} in ${time(durationMs)}; saved ${time(savedMs)} (${rests})`;
  }
  if (signal !== null) return `ended by ${signal} after ${time(durationMs)}`;
  if (exitCode !== 0) return `failed with ${exitCode} after ${time(durationMs)}`;
  const ran = `ran for ${time(durationMs)}`;
  return notStored ? `${ran}, and isn't kept: ${notStored.text}` : `${ran}, kept ${made} (${rests})`;
}

function restsOn({ inputs }: RunResult): string {
  const how = { declared: 'declared', everything: 'all files there are', observed: 'seen to be read', unknown: '' };
  return inputs.found === 'unknown'
    ? "what it reads isn't known"
    : `${counted(inputs.count, 'input')}, ${how[inputs.found]}`;
}
