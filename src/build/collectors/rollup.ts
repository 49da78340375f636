/** `rollup` and `rolldown`: where their command line says, or a configuration that it names. */
import type { Collected } from './collected.ts';
import { MODULES, withEndings } from './config-names.ts';
import { Findings, type Invocation } from './findings.ts';
import { type FlagSpec, flagsOf } from './flags.ts';
import { refuseFlags } from './refusals.ts';

const valued = `amd.id assetFileNames banner chunkFileNames configLoader configPlugin context cwd dir entryFileNames environment
  exports external file footer format globals input interop intro name outro platform plugin tsconfig`;
const letters = 'c=config d=dir e=external f=format g=globals i=input n=name o=file w=watch';

/** A bundler of this family. */
interface Bundler {
  readonly flags: FlagSpec;
  /** Endings of its configuration, in its order. */
  readonly endings: string;
  /** What it does without being told where to write. */
  readonly otherwise: 'prints' | 'depends on its version';
}

const bundlers: Readonly<Record<string, Bundler>> = {
  rollup: {
    flags: { valued, optional: 'config sourcemap', letters: `${letters} m=sourcemap p=plugin` },
    endings: 'mjs cjs ts js',
    otherwise: 'prints',
  },
  rolldown: {
    flags: { valued, optional: 'config', letters: `${letters} m=minify p=platform s=sourcemap` },
    endings: MODULES,
    otherwise: 'depends on its version',
  },
};

export function collectRollup(invocation: Invocation): Collected | undefined {
  const bundler = bundlers[invocation.tool];
  if (bundler === undefined) return undefined;
  const flags = flagsOf(invocation.words, bundler.flags);
  const found = new Findings(invocation);
  refuseFlags(flags, found);
  found.env('BROWSERSLIST*');
  found.configs('package.json', ...flags.values('config'), ...flags.values('tsconfig'));
  if (flags.has('config') && flags.value('config') === undefined)
    found.firstConfig(withEndings(`${invocation.tool}.config`, bundler.endings));
  // A configuration decides where it isn't said, and plugins may write anything anywhere.
  if (flags.has('config') || flags.has('plugin')) found.incomplete();

  const [file, directory] = [flags.value('file'), flags.value('dir')];
  if (file !== undefined) found.files(file, `${file}.map`);
  if (directory !== undefined) found.directory(directory, { sources: [...flags.rest, ...flags.values('input')] });
  if (file === undefined && directory === undefined && bundler.otherwise !== 'prints') found.incomplete();
  return found.collected();
}
