/** The command that an npm script stands for. */
import type { Manifest } from './packages.ts';

/** What a script runs, and the variables that npm would set. */
export interface Script {
  readonly command: string;
  readonly set: Readonly<Record<string, string>>;
}

/**
 * The script of this name with its `pre` and `post` scripts, each in parentheses where there is more than one, so that
 * `a; b` stays together. Nothing where there is none, or where it only hands the work on: to wireit, whose block has the
 * command, or to `tidemark run <task>`, which would start itself for ever.
 */
export function scriptOf(manifest: Manifest, name: string): Script | undefined {
  const { scripts, version } = manifest;
  const text = scripts.get(name);
  if (text === undefined || handsOn(text)) return undefined;
  const parts = [scripts.get(`pre${name}`), text, scripts.get(`post${name}`)].filter((part) => part !== undefined);
  return {
    command: parts.length === 1 ? text : parts.map((part) => `(${part})`).join(' && '),
    set: {
      npm_lifecycle_event: name,
      npm_package_name: manifest.name,
      ...(version === undefined ? {} : { npm_package_version: version }),
    },
  };
}

function handsOn(text: string): boolean {
  return text.trim() === 'wireit' || /\btidemark\s+run\b(?![^&|;]*\s--\s)/.test(text);
}
